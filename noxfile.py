"""One session per verb; packages, Pythons and requirements come from the workspace."""

from __future__ import annotations

import nox

from tooling.faces import sessions
from tooling.model.workspace import find_workspace

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False

WORKSPACE = find_workspace()
SOURCES = ("tooling", "benchmarks", "tests", "tasks.py", "noxfile.py")


@nox.session
@nox.parametrize(["python", "package", "version"], sessions.matrix(WORKSPACE))
def test(session: nox.Session, python: str | None, package: str, version: str) -> None:
    """Test one package in an environment that holds only it and what it declares."""
    sessions.skip_without(session, version, python)
    sessions.install_alone(session, WORKSPACE, package)
    session.run("pytest", str(sessions.tests_of(WORKSPACE, package)), *session.posargs)
