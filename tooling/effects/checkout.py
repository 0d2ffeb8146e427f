"""The files of one commit, in a folder of their own: what a tag names, whatever lies in the working tree.

Git writes them through an index that is made for the occasion. Nothing in the repository changes, so a run that is
killed leaves nothing in it, and no hook runs.
"""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.effects.git import Git

# What a machine's or a clone's own settings would change about the files.
_STEADY = ("-c", "core.autocrlf=false", "-c", "core.sparseCheckout=false")


@contextmanager
def checkout(git: Git, commit: str) -> Iterator[Path]:
    """Yield the folder that git's `root` is in `commit`, a name of it or of a tag; it is removed when the block ends.

    Raises:
        FailedError: GT02 when git does not have the commit, or cannot write its files.
    """
    with tempfile.TemporaryDirectory(prefix="maestro-checkout-") as folder:
        tree = Path(folder).resolve() / "tree"
        tree.mkdir()
        variables = {"GIT_WORK_TREE": str(tree), "GIT_INDEX_FILE": str(Path(folder).resolve() / "index")}
        git.read(*_STEADY, "read-tree", "--reset", "-u", commit, variables=variables)
        yield tree / git.prefix()
