"""What all commands share: the decorator that turns errors into exit codes, the words of selection, and JSON.

This is the one place where an error becomes an exit code: 0 all as wanted, 1 something failed, 2 wrong usage or
settings, 3 refused before anything was sent, 130 interrupted.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING, Any

from invoke.exceptions import Exit
from invoke.tasks import Task

from tooling.faces.readers import readers_may_leave

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from tooling.effects.builder import CachedBuilder
    from tooling.effects.connection import Connection
    from tooling.effects.progress import Watcher
    from tooling.effects.published import Opening
    from tooling.errors import MaestroError
    from tooling.model.package import Package
    from tooling.model.settings import Settings
    from tooling.model.workspace import Workspace

SELECTION = {
    "all": "every package of the workspace",
    "package": "one package: folder, distribution or import name (repeatable)",
}
CHANGED = {"changed": "of the selection, only what the index lacks or has different"}
JSON = {"json": "print one JSON object and nothing else to standard output"}
INDEX = {
    "url": "root of the server, or a repository's URL (else NEXUS_URL; else the embedded index)",
    "repository": "hosted repository to fill (else NEXUS_REPOSITORY, pypi-hosted)",
    "username": "who publishes (else NEXUS_USERNAME); the password is never a flag",
}


def command(
    *,
    flags: Mapping[str, str] | None = None,
    name: str | None = None,
    positional: Sequence[str] = (),
    repeatable: Sequence[str] = (),
) -> Callable[[Callable[..., int | None]], Task[Any]]:
    """Make an Invoke task of a function that returns an exit code (None: 0) and may raise our errors.

    Args:
        flags: what each flag means, in a line.
        name: the command's name if the function's does not serve.
        positional: parameters given by place instead of by flag.
        repeatable: parameters that may be given several times; they come as a list, empty when not given.
    """

    def decorate(body: Callable[..., int | None]) -> Task[Any]:
        @functools.wraps(body)
        def run(context: object, **words: Any) -> None:
            code = _guarded(body, context, words)
            if code:
                raise Exit(code=code)

        return _Command(run, name=name, help=dict(flags or {}), positional=list(positional), iterable=list(repeatable))

    return decorate


class _Command(Task[Any]):
    """A task whose parameters never get the short flag `-h`: whoever types that wants help, not, say, a push."""

    def arg_opts(self, name: str, default: str, taken_names: set[str]) -> dict[str, Any]:
        """Describe a parameter, as Invoke does."""
        taken_names.add("h")
        return super().arg_opts(name, default, taken_names)


def _guarded(body: Callable[..., int | None], context: object, words: Mapping[str, Any]) -> int:
    from tooling.errors import MaestroError, StoppedError

    code = 0
    with readers_may_leave():
        try:
            code = body(context, **words) or 0
        except MaestroError as error:
            code = _failed(error, body, words)
        except KeyboardInterrupt:
            stopped = StoppedError("PB09", "Interrupted.", "Run it again: it continues where this stopped.")
            code = _failed(stopped, body, words)
    return code


def _failed(error: MaestroError, body: Callable[..., int | None], words: Mapping[str, Any]) -> int:
    from tooling.errors import exit_code_of

    code = exit_code_of(error)
    print_error(error)
    if words.get("json"):
        print_json(
            {
                "command": _spoken(body),
                "ok": False,
                "exit_code": code,
                "index": None,
                "dry_run": bool(words.get("dry_run")),
                "packages": [],
                "problems": as_problems(error),
            }
        )
    return code


def _spoken(body: Callable[..., int | None]) -> str:
    return body.__name__.strip("_").replace("_", ".")


def as_problems(error: MaestroError) -> list[dict[str, object]]:
    """One object per error: `code`, `message`, `hint`, and `file` and `line` where there is a place."""
    from tooling.effects.problems import problem
    from tooling.errors import singles

    return [problem(each) for each in singles(error)]


def print_error(error: MaestroError) -> None:
    """Write the error, or all of several, to standard error, and how to learn more."""
    red, plain = ("\033[31m", "\033[0m") if sys.stderr.isatty() and not os.environ.get("NO_COLOR") else ("", "")
    for line in str(error).splitlines():
        print(f"{red}{line}{plain}", file=sys.stderr)
    codes = list(dict.fromkeys(str(each["code"]) for each in as_problems(error)))
    print(f"More: invoke explain {codes[0]}", file=sys.stderr)


def print_json(value: object) -> None:
    """Print one JSON object to standard output."""
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


def the_workspace() -> Workspace:
    """Read the workspace around the current folder."""
    from tooling.model.workspace import find_workspace

    return find_workspace()


def selected(workspace: Workspace, names: Sequence[str], *, everything: bool) -> tuple[Package, ...]:
    """Read the words of selection."""
    from tooling.model.selection import select

    return select(workspace, names, everything=everything)


def the_settings(workspace: Workspace, **flags: str | None) -> Settings:
    """Resolve the settings; `flags` are those of the command line, by key."""
    from tooling.model.settings import read_settings

    return read_settings(workspace.root, os.environ, flags)


def the_index(settings: Settings, watcher: Watcher, *, uploading: bool = True) -> AbstractContextManager[Connection]:
    """Open the index of the settings as this user, whose passwords are where people keep them; see `connect`."""
    from pathlib import Path

    from tooling.effects.connection import connect
    from tooling.effects.credentials import CredentialSources

    sources = CredentialSources(environ=os.environ, home=Path.home())
    return connect(settings, sources, watcher, uploading=uploading)


def to_read(settings: Settings, watcher: Watcher) -> Opening | None:
    """A way to look at the index; None where there is none yet."""
    from tooling.effects.published import is_begun

    return functools.partial(the_index, settings, watcher, uploading=False) if is_begun(settings) else None


def the_builder(
    workspace: Workspace, settings: Settings, *, isolated: bool = False, rebuild: bool = False
) -> CachedBuilder:
    """Make the builder of the workspace: artifacts in its `dist/`, memory in the cache of the settings."""
    from tooling.effects.builder import CachedBuilder

    return CachedBuilder(dist=workspace.root / "dist", cache=settings.cache, isolated=isolated, rebuild=rebuild)
