"""One git repository, asked and told through git's own command: same words everywhere, no prompts, errors in words."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tooling.errors import FailedError, Place, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# Of git's variables only those count that say who one is and how servers are reached: the folder alone says which
# repository, although git sets GIT_DIR and the like for its hooks.
_KEPT = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_SSH", "GIT_ASKPASS", "GIT_SSL_", "GIT_PROXY_")
_FIXED = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C.UTF-8"}
_TAIL = 12


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

    def answer(self, *words: str, text: str = "") -> Answer:
        """Run `git WORDS`, with `text` on its standard input, and return what came of it, whatever its exit code.

        Bytes that are no UTF-8 come as surrogates, as in names of files (`os.fsdecode`).

        Raises:
            UsageError: GT01 when no git is installed.
        """
        command = ["git", "-C", str(self.root), "-c", "core.fsmonitor=false", *words]
        environment = _environment(os.environ)
        try:
            done = subprocess.run(command, input=os.fsencode(text), capture_output=True, check=False, env=environment)
        except FileNotFoundError:
            message = "There is no git on this machine's PATH."
            raise UsageError("GT01", message, "Install git, then try again.", place=Place(file=self.root)) from None
        return Answer(code=done.returncode, out=os.fsdecode(done.stdout), err=os.fsdecode(done.stderr))

    def read(self, *words: str, text: str = "") -> str:
        """Run `git WORDS` and return its standard output as it is.

        Raises:
            UsageError: GT01 when no git is installed.
            FailedError: GT02 when git ends with another exit code than 0; the end of what it said is in the message.
        """
        answer = self.answer(*words, text=text)
        if answer.code == 0:
            return answer.out
        said = "\n".join((answer.err or answer.out).strip().splitlines()[-_TAIL:])
        message = f"`git {words[0]}` ended with {answer.code}: {said}"
        hint = "Correct what git complains of, then try again."
        raise FailedError("GT02", message, hint, place=Place(file=self.root), facts={"words": list(words)})


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("GIT_") or name.startswith(_KEPT)}
    return kept | _FIXED
