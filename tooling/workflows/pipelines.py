"""The jobs of this repository. No package is named here: which are tested is found out at run time, by `ci.matrix`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from tooling.model.settings import TABLE
from tooling.workflows.jobs import Job, Pipelines, Step, Value

if TYPE_CHECKING:
    from tooling.model.document import Document

TAGS = "*-v*"
# All of the commit, since forges start nothing, or too little, for tags when many are pushed at once.
LIST_TAGS = f"git tag --points-at HEAD --list '{TAGS}' --format='--from-tag %(refname:strip=2)'"
PUBLISHING, READING = "nexus", "nexus-read"  # environments: with the publisher's secrets, and with the address alone
ALWAYS = {"MAESTRO_REQUIRE_SERVICES": "1"}  # a test whose service is missing fails instead of being skipped
NOTES = "notes.md"
_LOWEST_PYTHON = "3.11"
_SETTINGS = ("tool", "maestro")

_INSTALL = Step(title="Install the tooling", run="pip install --quiet -e .")
_ADDRESS = {"NEXUS_URL": Value(origin="setting", text="NEXUS_URL")}
_SECRETS = {name: Value(origin="secret", text=name) for name in ("NEXUS_USERNAME", "NEXUS_PASSWORD")}
_BY_OTHER_JOBS = ("test", "dist", "tooling", "lint", "types", "rules", "bench")


def pipelines_of(root: Document) -> Pipelines:
    """The pipelines of the workspace with this root `pyproject.toml`, which tells the lowest Python, and settings."""
    gated = (_select(), _test(), _tooling(), _checks(), _interfaces(), _proofs())
    branch = str(root.get(*_SETTINGS, "branch") or next(each.default for each in TABLE if each.key == "branch"))
    return Pipelines(
        python=_lowest_python(root), branch=branch, change=(*gated, _required(gated)), release=(_release(root),)
    )


def _lowest_python(root: Document) -> str:
    """What `requires-python` begins with; another rule or the installer speaks up where that is not a version."""
    try:
        specifiers = SpecifierSet(str(root.get("project", "requires-python") or ""))
    except InvalidSpecifier:
        return _LOWEST_PYTHON
    return next((each.version for each in specifiers if each.operator == ">="), _LOWEST_PYTHON)


def _select() -> Job:
    """Find out what to test: what the index has as it is here was tested before, unless something it needs has changed.

    An index that does not answer, or is not there, makes everything changed.
    """
    step = Step(title="Select packages", run="invoke ci.matrix --changed --dependents", env=_ADDRESS)
    return Job(
        name="select",
        title="Select",
        steps=(_INSTALL, step),
        minutes=15,
        prints_matrix=True,
        environment=READING,
    )


def _test() -> Job:
    step = Step(
        title="Test packages",
        run='invoke test --sdist --python "$PYTHON" $PACKAGES',  # several words, so it is not quoted
        env={name: Value(origin="matrix", text=name) for name in ("PYTHON", "PACKAGES")},
    )
    return Job(name="test", title="Test", steps=(_INSTALL, step), needs=("select",), minutes=60, fans_out=True)


def _tooling() -> Job:
    return Job(
        name="tooling",
        title="Tooling",
        steps=(_INSTALL, Step(title="Test the tooling", run="nox -s tooling")),
        minutes=60,
    )


def _checks() -> Job:
    return Job(
        name="checks",
        title="Checks",
        steps=(_INSTALL, Step(title="Check style, types and rules", run="nox -s lint types rules")),
    )


def _interfaces() -> Job:
    return Job(
        name="interfaces",
        title="Interfaces",
        steps=(_INSTALL, Step(title="Compare with what is published", run="invoke check --all --api", env=_ADDRESS)),
        environment=READING,
    )


def _proofs() -> Job:
    """Run every other session, so that a new one needs no new job."""
    others = f'nox -k "not ({" or ".join(_BY_OTHER_JOBS)})"'
    return Job(
        name="proofs", title="Proofs", steps=(_INSTALL, Step(title="Run the other sessions", run=others)), minutes=120
    )


def _required(gated: tuple[Job, ...]) -> Job:
    """The one job to require. What was skipped had nothing to do: a job that could not begin needed one that failed."""
    step = Step(
        title="Fail unless all succeeded",
        run='! echo "$RESULTS" | grep -E "failure|cancelled"',
        env={"RESULTS": Value(origin="results")},
    )
    names = tuple(job.name for job in gated)
    return Job(name="required", title="Required", steps=(step,), needs=names, minutes=5, source=False, judges=True)


def _release(root: Document) -> Job:
    """Release what the tags of a commit name. Each of them may start a run that does so: twice is harmless."""
    step = Step(
        title="Release what the tags name",
        run=f"invoke release $TAGS --notes {NOTES}",  # several words, so they are not quoted
        env={"TAGS": Value(origin="tags"), **_ADDRESS, **_SECRETS},
    )
    return Job(
        name="release",
        title="Release",
        steps=(_INSTALL, *_addressed(root), step),
        minutes=120,
        history=True,
        environment=PUBLISHING,
    )


def _addressed(root: Document) -> tuple[Step, ...]:
    """Without an address, a release would fill the embedded index, and succeed for nobody."""
    if root.get(*_SETTINGS, "url") is not None:
        return ()
    run = ': "${NEXUS_URL:?Set the variable NEXUS_URL to the address of the server.}"'
    return (Step(title="Know where to release to", run=run, env=_ADDRESS),)
