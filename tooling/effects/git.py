"""One git repository, asked and told through git's own command: same words everywhere, no prompts, errors in words."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.effects.bounded import run_bounded
from tooling.errors import FailedError, Place, UsageError
from tooling.model.document import masked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tooling.errors import MaestroError

# Of git's variables only those count that say who one is and how servers are reached: the folder alone says which
# repository, although git sets GIT_DIR and the like for its hooks.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_")
_FIXED = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
_TAIL = 12
_HOOKS = {
    "commit": ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "reference-transaction"),
    "push": ("pre-push",),
    "tag": ("reference-transaction",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a git command ended with (`code`), and what it printed, line ends untouched."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """The repository that holds the folder `root`; relative paths in words are taken from there."""

    root: Path

    def answer(self, *words: str, text: str = "", variables: Mapping[str, str] | None = None) -> Answer:
        """Run `git WORDS`, with `text` on its standard input, and return what came of it, whatever its exit code.

        Bytes that are no UTF-8 come as surrogates, as in names of files (`os.fsdecode`). `variables` join the
        environment.

        Raises:
            UsageError: GT01 when no git is installed.
        """
        environment = _environment(os.environ) | dict(variables or {})
        given = os.fsencode(text)
        try:
            done = subprocess.run(self._command(words), input=given, capture_output=True, check=False, env=environment)
        except FileNotFoundError:
            raise self._no_git() from None
        return Answer(code=done.returncode, out=os.fsdecode(done.stdout), err=os.fsdecode(done.stderr))

    def read(self, *words: str, text: str = "", variables: Mapping[str, str] | None = None) -> str:
        """Run `git WORDS` and return its standard output as it is.

        Raises:
            UsageError: GT01 when no git is installed.
            FailedError: GT02 when git ends with another exit code than 0; the end of what it said is in the message.
        """
        return self._out(words, self.answer(*words, text=text, variables=variables))

    def prefix(self) -> str:
        """Where `root` is in the repository: empty, or a path that ends in a slash."""
        return self.read("rev-parse", "--show-prefix").rstrip("\n")

    def is_shallow(self) -> bool:
        """Whether this is a clone whose history was cut off."""
        return self.read("rev-parse", "--is-shallow-repository").strip() == "true"

    def tell(self, *words: str, text: str = "", seconds: float) -> str:
        """Run `git WORDS` as `read` does, where hooks, signing programs or a server take part: `seconds` at most.

        Raises:
            UsageError: GT01 when no git is installed.
            FailedError: GT02 as `read` raises it; GT03 when it did not end in time, and so was ended with all it began.
        """
        try:
            ended = run_bounded(
                self._command(words), given=os.fsencode(text), environment=_environment(os.environ), seconds=seconds
            )
        except FileNotFoundError:
            raise self._no_git() from None
        if ended.code is None:
            raise self._overdue(words, seconds)
        return self._out(words, Answer(code=ended.code, out=os.fsdecode(ended.out), err=os.fsdecode(ended.err)))

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return ["git", "-C", str(self.root), "-c", "core.fsmonitor=false", *words]

    def _out(self, words: tuple[str, ...], answer: Answer) -> str:
        if answer.code == 0:
            return answer.out
        said = masked("\n".join((answer.err or answer.out).strip().splitlines()[-_TAIL:]))
        end = "" if said.endswith((".", "!", "?")) else "."
        message = f"`git {_verb(words)}` ended with {answer.code}: {said}{end}"
        hint = "Correct what git complains of, then try again."
        raise FailedError("GT02", message, hint, place=Place(file=self.root), facts={"words": list(words)})

    def _no_git(self) -> MaestroError:
        message = "There is no git on this machine's PATH."
        return UsageError("GT01", message, "Install git, then try again.", place=Place(file=self.root))

    def _overdue(self, words: tuple[str, ...], seconds: float) -> MaestroError:
        hooks = ", ".join(name for name in _HOOKS.get(words[0], ()) if self._has_hook(name))
        blamed = f"Its hooks here are {hooks}." if hooks else "No hook takes part in it here."
        message = f"`git {words[0]}` did not end in {seconds:g} s, so it and all it had started was ended. {blamed}"
        hint = "See why with that command by hand, or set MAESTRO_PATIENCE to more seconds; then run again."
        return FailedError("GT03", message, hint, place=Place(file=self.root), facts={"hooks": hooks})

    def _has_hook(self, name: str) -> bool:
        path = self.root / self.read("rev-parse", "--git-path", f"hooks/{name}").rstrip("\n")
        return path.is_file() and os.access(path, os.X_OK)


def _verb(words: tuple[str, ...]) -> str:
    """The command itself, after settings that go before it (`-c NAME=VALUE`)."""
    return words[0] if words[0] != "-c" else _verb(words[2:])


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    return kept | _FIXED
