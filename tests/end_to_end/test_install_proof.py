"""`invoke verify --install`: what is published is installed in all its ways, and what fails is told with its way.

The packages need `six`, which comes through the group: `ensure_str` is in it since 1.12.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from factories import make_package
from observed_index import observed_index
from originals import runnable_workspace

from tooling.effects.builder import CachedBuilder
from tooling.effects.connection import connect
from tooling.effects.credentials import CredentialSources
from tooling.effects.installation import Installation
from tooling.effects.interpreters import find_interpreter
from tooling.effects.proof import Proof
from tooling.errors import FailedError
from tooling.faces.live import Lines
from tooling.localnexus import PROXY
from tooling.model.settings import read_settings
from tooling.model.target import Target
from tooling.model.workspace import find_workspace
from tooling.plan.install_matrix import Combination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from observed_index import ObservedIndex
    from originals import Packages
    from publishers import Finished
    from warm_invoke import WarmInvoke

RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = ("3.11", "3.12", "3.13")
AT_HAND = [version for version in PYTHONS if find_interpreter(version, os.environ)]
WANTED = (
    '"""Wants six."""\n\ntry:\n    import six as six\nexcept ImportError as error:\n'
    '    raise ImportError("pip install maestro-{name}[{extra}]") from error\n'
)
IMPORTS = '"""Imports."""\n\n{line}\n'

GOOD: Packages = {
    "core-logging": {},
    "cache": {
        "needs": ("core-logging",),
        "extras": {"six": ("six>=1.16",), "all": ("maestro-cache[six]",)},
        "files": {"src/maestro_cache/with_six.py": WANTED.format(name="cache", extra="six")},
    },
}


def module(name: str, line: str) -> dict[str, str]:
    return {f"src/maestro_{name}/more.py": IMPORTS.format(line=line)}


BAD: Packages = {
    "sound": {"pythons": (RUNNING,)},
    "undeclared": {"pythons": (RUNNING,), "files": module("undeclared", "import six")},
    "low": {"pythons": (RUNNING,), "needs": ("six>=1.10",), "files": module("low", "from six import ensure_str")},
    "nowhere": {"pythons": (RUNNING,), "needs": ("six>=999",)},
    "empty": {
        "pythons": (RUNNING,),
        "extras": {"fast": ()},
        "files": {"src/maestro_empty/more.py": WANTED.format(name="empty", extra="fast")},
    },
    "circle": {
        "pythons": (RUNNING,),
        "extras": {"one": (), "two": ()},
        "files": module("circle", "raise ImportError('maestro-circle[one] or maestro-circle[two] is missing')"),
    },
    "past": {"pythons": ("3.0",)},
}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ObservedIndex]:
    with observed_index(tmp_path / "index") as running:
        yield running


@pytest.fixture
def prove(
    index: ObservedIndex, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> Callable[..., Finished]:
    """Publish packages, and verify them as a user who has this machine's Pythons and may only read."""
    root = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")

    def run(packages: Packages, *words: str, **variables: str) -> Finished:
        workspace = runnable_workspace(tmp_path / "workspace", packages)
        environment = user(**index.variables, PYENV_ROOT=root)
        done = warm.run(workspace, "publish", "--all", environment=environment)
        assert done.code == 0, done.said
        reader = user(**{"NEXUS_URL": index.running.url, "PYENV_ROOT": root, **variables})
        return warm.run(workspace, "verify", "--all", "--install", *words, environment=reader)

    return run


def ways(report: dict[str, Any], name: str, outcome: str) -> list[tuple[str, str | None, str, str]]:
    return [
        (each["python"], each["extra"], each["resolution"], each["kind"])
        for each in report["installs"]
        if (each["name"], each["outcome"]) == (name, outcome)
    ]


def test_each_python_each_extra_both_ends_of_the_requirements_and_both_files_are_proven(
    index: ObservedIndex, prove: Callable[..., Finished]
) -> None:
    """A module that asks for an extra is excused without it, and has to import with it."""
    asked: list[str] = []
    index.traffic.before = lambda _number, _method, path: asked.append(path)
    done = prove(GOOD, "--json")
    index.traffic.before = None
    assert done.code == 0, done.said
    oldest, newest = AT_HAND[0], AT_HAND[-1]
    assert ways(done.report, "core-logging", "proven") == [
        *((version, None, "highest", "wheel") for version in AT_HAND),
        (newest, None, "highest", "sdist"),
    ]
    assert ways(done.report, "cache", "proven") == [
        *((version, None, "highest", "wheel") for version in AT_HAND),
        (newest, "six", "highest", "wheel"),
        (newest, "all", "highest", "wheel"),
        (newest, None, "highest", "sdist"),
        (oldest, None, "lowest-direct", "wheel"),
        (oldest, "six", "lowest-direct", "wheel"),
        (oldest, "all", "lowest-direct", "wheel"),
    ]
    assert len(done.report["installs"]) == len(AT_HAND) * 2 + 7
    said = f"installed maestro-cache[six] 1.0.0, every module imports: Python {oldest}, lowest requirements"
    assert said in done.err.splitlines()
    fetched = {path.rpartition("/")[2] for path in asked if "/pypi-group/packages/" in path}
    for name in ("core_logging", "cache"):
        assert {f"maestro_{name}-1.0.0-py3-none-any.whl", f"maestro_{name}-1.0.0.tar.gz"} <= fetched
    assert "six-1.16.0-py2.py3-none-any.whl" in fetched, "the lowest that is declared"


def test_what_fails_is_told_with_its_way_and_keeps_to_its_own(prove: Callable[..., Finished]) -> None:
    done = prove(BAD, "--json")
    assert done.code == 1, done.said
    told = [(each["code"], str(each["message"])) for each in done.report["problems"]]
    base = (RUNNING, None, "highest", "wheel")
    expected = {
        "undeclared": ("PB11", [base, (RUNNING, None, "highest", "sdist")]),
        "low": ("PB11", [(RUNNING, None, "lowest-direct", "wheel")]),
        "nowhere": (
            "PB10",
            [base, (RUNNING, None, "highest", "sdist"), (RUNNING, None, "lowest-direct", "wheel")],
        ),
        "empty": ("PB11", [(RUNNING, "fast", "highest", "wheel")]),
        "sound": ("", []),
    }
    for name, (code, failed) in expected.items():
        assert ways(done.report, name, "failed") == failed, name
        assert [found for found, message in told if f"maestro-{name}" in message] == [code] * len(failed)
    messages = "\n".join(message for _, message in told)
    way = f"maestro-low==1.0.0 installs, but not all of it imports (Python {RUNNING}, lowest requirements):\n"
    assert way in messages
    assert "ensure_str" in messages
    assert "No module named 'six'" in messages
    assert f"maestro-empty[fast]==1.0.0 installs, but not all of it imports (Python {RUNNING}):" in messages
    assert ("PB22", "maestro_circle.more") in [(code, "maestro_circle.more") for code, each in told if "circle" in each]
    assert [code for code, each in told if "past" in each] == ["PB20"]
    assert done.report["warnings"] == ["Python 3.0 is not on this machine, so nothing was installed on it."]


def test_every_way_there_is_can_be_asked_for_and_what_is_imported_learns_no_password(
    index: ObservedIndex, prove: Callable[..., Finished]
) -> None:
    """Imported modules are other people's code, run where the publisher's secrets are."""
    nosy = module(
        "sound", "import os\n\nassert not [name for name in os.environ if name.startswith(('NEXUS_', 'UV_'))]"
    )
    packages: Packages = {"sound": {"pythons": (RUNNING,), "extras": {"none": ()}, "files": nosy}}
    done = prove(packages, "--exhaustive", "--json", **index.variables)
    assert done.code == 0, done.said
    assert set(ways(done.report, "sound", "proven")) == {
        (RUNNING, extra, "highest", kind) for extra in (None, "none") for kind in ("wheel", "sdist")
    }


def test_a_group_that_is_not_there_is_said_before_anything_is_installed(prove: Callable[..., Finished]) -> None:
    done = prove({"sound": {"pythons": (RUNNING,)}}, "--json", NEXUS_GROUP="pypi-grup")
    assert done.code == 1, done.said
    assert [each["code"] for each in done.report["problems"]] == ["IX29"]
    assert done.report["installs"] == []
    assert "pypi-group" in json.dumps(done.report["problems"])


def test_what_installers_are_not_shown_is_told_after_a_bounded_wait(
    index: ObservedIndex, prove: Callable[..., Finished], tmp_path: Path
) -> None:
    """A group that does not have the repository as a member: here, the proxy alone."""
    assert prove({"sound": {"pythons": (RUNNING,)}}).code == 0
    found = find_workspace(tmp_path / "workspace")
    settings = read_settings(found.root, {"NEXUS_URL": index.running.url, "NEXUS_GROUP": PROXY})
    watcher = Lines(io.StringIO())
    report = Proof(
        workspace=found,
        builder=CachedBuilder(dist=found.root / "dist", cache=settings.cache),
        connection=connect(settings, CredentialSources(environ={}, home=tmp_path), watcher, uploading=False),
        watcher=watcher,
        install=True,
        lag=0.0,
    ).run(tuple(found.packages.values()))
    assert (report.exit_code, report.installs) == (1, ())
    (told,) = report.problems
    assert told["code"] == "PB21"
    assert f"installers that read {index.running.url}/repository/{PROXY}/simple/ are not shown it" in str(
        told["message"]
    )


def test_a_step_that_does_not_end_is_cut_off(tmp_path: Path) -> None:
    target = Target(kind="simple", base="http://127.0.0.1:9")
    installation = Installation(target=target, credentials=None, scratch=tmp_path, patience=0.0)
    with pytest.raises(FailedError, match="nothing came of it in 0 s") as caught:
        installation.prove(make_package("alpha"), Combination(python=RUNNING), Path(sys.executable))
    assert caught.value.code == "PB10"
    assert caught.value.facts["python"] == RUNNING
    assert list(tmp_path.iterdir()) == []
