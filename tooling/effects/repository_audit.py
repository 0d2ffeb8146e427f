"""Stale pages of a whole repository: projects whose page does not list what the repository holds.

Nexus keeps a page that was built while an upload was under way (nexus-protocol 12.1), so nothing but a comparison of
the stored files with the pages finds it. Files are listed before pages are read: what arrives meanwhile can only be on
a page too early, and is never taken for missing.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tooling.effects.nexus_rest import Asset
    from tooling.plan.snapshot import Project

_AT_ONCE = 8
_STORED_PARTS = 4  # packages/NAME/VERSION/FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class StalePage:
    """A project, by its normalised name, and the stored files that its page does not list."""

    distribution: str
    missing: tuple[str, ...]


def find_stale_pages(assets: Iterable[Asset], read: Callable[[str], Project]) -> tuple[StalePage, ...]:
    """Compare `assets` with the page that `read` returns for each project they belong to; sorted by name."""
    stored: dict[str, set[str]] = {}
    for asset in assets:
        parts = asset.path.split("/")
        if len(parts) == _STORED_PARTS and parts[0] == "packages":
            stored.setdefault(parts[1], set()).add(parts[3])
    names = sorted(stored)
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="audit") as pool:
        pages = zip(names, pool.map(read, names), strict=True)
        missing = {name: tuple(sorted(stored[name] - page.files.keys())) for name, page in pages}
    return tuple(StalePage(distribution=name, missing=files) for name, files in missing.items() if files)
