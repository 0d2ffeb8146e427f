"""Which packages a command is about: the words a user typed, as packages in publishing order."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from tooling.errors import MaestroError, UsageError, raise_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.model.package import Package
    from tooling.model.workspace import Workspace

_CHOOSE = "Say --all, or --package NAME (repeatable; folder, distribution or import name)."


def select(workspace: Workspace, names: Sequence[str], *, everything: bool) -> tuple[Package, ...]:
    """The selected packages in publishing order, each once.

    Args:
        workspace: where the packages are.
        names: folder, distribution or import names, in any spelling PEP 503 holds equal.
        everything: all packages; `names` are then only checked.

    Raises:
        UsageError: WS14 for each unknown name, with the nearest known one; WS15 when nothing is selected.
    """
    if not workspace.packages:
        raise UsageError("WS15", f"There is no package under {workspace.root / 'packages'}.", "Add one there.")
    if not names and not everything:
        raise UsageError("WS15", "No package is selected.", _CHOOSE)
    known = _spellings(workspace)
    raise_all(_unknown(workspace, known, name) for name in names if canonicalize_name(name) not in known)
    chosen = set(workspace.packages) if everything else {known[canonicalize_name(name)] for name in names}
    return tuple(workspace.packages[name] for wave in workspace.waves() for name in wave if name in chosen)


def _spellings(workspace: Workspace) -> dict[str, str]:
    """Normalised folder and distribution names (an import name normalises to the latter) to folder names."""
    return {**workspace.folders, **{canonicalize_name(name): name for name in workspace.packages}}


def _unknown(workspace: Workspace, known: dict[str, str], name: str) -> MaestroError:
    near = get_close_matches(canonicalize_name(name), known, n=1)
    suggestion = [known[near[0]]] if near else []
    hint = f"Did you mean {suggestion[0]}?" if suggestion else f"There are: {', '.join(workspace.packages)}."
    return UsageError("WS14", f"There is no package `{name}`.", hint, facts={"name": name, "suggestions": suggestion})
