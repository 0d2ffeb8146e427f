"""One session per verb; packages, Pythons and requirements come from the workspace."""

from __future__ import annotations

import os
import sys

import nox

from tooling.faces import sessions

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False
nox.options.stop_on_first_error = "CI" in os.environ

WORKSPACE = sessions.the_workspace()


@nox.session
@nox.parametrize(["python", "subject"], sessions.matrix(WORKSPACE))
def test(session: nox.Session, subject: str) -> None:
    """Test each package in an environment of its own, on each Python it is for; and the tooling."""
    sessions.install_for_tests(session, WORKSPACE, subject)
    session.run("pytest", *sessions.tests_of(WORKSPACE, subject), *session.posargs)


@nox.session(default=False)
def tooling(session: nox.Session) -> None:
    """Test the tooling: what `test(tooling)` does, by the name people look for."""
    sessions.install_for_tests(session, WORKSPACE, sessions.TOOLING)
    session.run("pytest", *sessions.tests_of(WORKSPACE, sessions.TOOLING), *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Look for what ruff objects to."""
    sessions.install_group(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of everything, strictly; each package by itself."""
    sessions.install_for_types(session, WORKSPACE)
    for paths in sessions.typed_paths(WORKSPACE):
        session.run("mypy", *paths, *session.posargs)


@nox.session(venv_backend="none")
def rules(session: nox.Session) -> None:
    """Hold every package to the rules of the house."""
    session.run(sys.executable, "-m", "invoke", "check", "--all")


@nox.session
@nox.parametrize("package", sessions.names(WORKSPACE))
def dist(session: nox.Session, package: str) -> None:
    """Test what is in the sdist, installed, with the source out of sight."""
    sessions.install_alone(session, WORKSPACE, package, kind="sdist")
    session.chdir(sessions.copy_of_tests(session, WORKSPACE, package))
    session.run("pytest", "tests", *session.posargs)


@nox.session
def contract(session: nox.Session) -> None:
    """Hold the stand-ins to what the real things do; with NEXUS_URL set, a real Nexus too. Slow proofs are here."""
    sessions.install_for_tests(session, WORKSPACE, sessions.TOOLING)
    session.run("pytest", "tests/contract", *session.posargs)
    session.run("pytest", "tests/localnexus", "-m", "slow", *session.posargs)


@nox.session
def examples(session: nox.Session) -> None:
    """Run the example services on the packages of this tree, and take away what they lean on."""
    sessions.install_for_examples(session, WORKSPACE)
    session.run("pytest", "tests/examples", *session.posargs)


@nox.session
def workflows(session: nox.Session) -> None:
    """Prove the workflow files: by their schemas, by an audit, and by running every step of them in a clone."""
    sessions.install_for_tests(session, WORKSPACE, sessions.TOOLING, "workflows")
    session.run("pytest", "tests/workflows", *session.posargs)


@nox.session
def end_to_end(session: nox.Session) -> None:
    """Publish and install with real clients, and kill what can be killed."""
    sessions.install_for_tests(session, WORKSPACE, sessions.TOOLING, "clients")
    session.run("pytest", "tests/end_to_end", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure beside the peers; `-- NAME ...` picks benchmarks, ratios are printed and written as JSON."""
    for script in sessions.benchmarks(WORKSPACE, session.posargs):
        sessions.install_for_benchmark(session, WORKSPACE, script)
        session.run("python", str(script), "--json", "benchmarks/results")
