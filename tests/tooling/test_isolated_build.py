"""A build in isolation sees its package, what it requires, and nothing of ours."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from building import build, errors_of, hashes, one_package, with_own_backend
from workspaces import make_workspace

from tooling.model.manifest import read_package

LOOK = (
    "seen = {'cwd': os.getcwd(), 'path': sys.path, 'variables': dict(os.environ), "
    "'around': sorted(str(path) for path in Path('..').glob('*'))}"
)
STEADY = "seen = {'epoch': os.environ['SOURCE_DATE_EPOCH'], 'zone': os.environ['TZ']}"


def test_a_backend_of_one_s_own_is_used_and_said(tmp_path: Path) -> None:
    package = one_package(tmp_path, **with_own_backend(STEADY))
    artifacts, hows = build(tmp_path, package)
    assert hows == {"alpha": "built in isolation: its build backend is own"}
    with zipfile.ZipFile(artifacts[0].path) as wheel:
        assert json.loads(wheel.read("maestro_alpha/seen.json")) == {"epoch": "1580601600", "zone": "UTC"}
    assert build(tmp_path, package)[1]["alpha"].startswith("unchanged since it was built in isolation")


def test_the_backend_sees_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_workspace(
        tmp_path / "workspace", {"alpha": with_own_backend(f"{LOOK}\n    raise SystemExit(repr(seen))"), "beta": {}}
    )
    package = read_package(tmp_path / "workspace" / "packages" / "alpha")
    monkeypatch.setenv("NEXUS_PASSWORD", "planted-secret")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    monkeypatch.setenv("PYTHONPATH", "/planted/path")
    monkeypatch.chdir(tmp_path)
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD01"
    seen = error.message
    assert "'SOURCE_DATE_EPOCH': '1580601600'" in seen
    for ours in ("planted", "beta", str(tmp_path), str(Path.cwd())):
        assert ours not in seen


def test_what_a_failing_backend_printed_is_shown_at_its_end(tmp_path: Path) -> None:
    body = "print('\\n'.join(f'line {n}' for n in range(500))); raise ValueError('the tale ends here')"
    package = one_package(tmp_path, **with_own_backend(body))
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD01"
    assert "the tale ends here" in error.message
    assert "line 3\n" not in error.message


def test_a_password_in_what_a_backend_printed_is_not_shown(tmp_path: Path) -> None:
    body = "raise ValueError('cannot reach https://someone:planted-secret@example.com/simple/')"
    package = one_package(tmp_path, **with_own_backend(body))
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert "example.com/simple/" in error.message
    assert "planted-secret" not in str(error)


def test_a_backend_that_is_not_there_is_said(tmp_path: Path) -> None:
    package = one_package(tmp_path, **with_own_backend())
    (package.folder / "backend/own.py").rename(package.folder / "backend/other.py")
    (error,) = errors_of(lambda: build(tmp_path, package))
    assert error.code == "BD01"
    assert "own" in error.message


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_requirements_that_cannot_be_had_are_said_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installer: str
) -> None:
    """Nothing listens on port 9 of this machine; the address has a password in it."""
    index = "http://someone:planted-secret@127.0.0.1:9/simple/"
    for name in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, index)
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty"))
    if installer == "pip":
        monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    package = one_package(tmp_path)
    (error,) = errors_of(lambda: build(tmp_path, package, isolated=True))
    assert error.code == "BD11"
    assert "planted-secret" not in str(error)
    assert "hatchling" in error.message


def test_isolation_does_not_change_the_bytes(tmp_path: Path) -> None:
    package = one_package(tmp_path)
    artifacts, _ = build(tmp_path, package)
    try:
        isolated, hows = build(tmp_path, package, isolated=True)
    except Exception as error:
        if getattr(error, "code", "") == "BD11":
            pytest.skip("hatchling cannot be installed here: no index in reach")
        raise
    assert hows["alpha"] == "built in isolation: --isolated asks for it"
    assert hashes(isolated) == hashes(artifacts)
