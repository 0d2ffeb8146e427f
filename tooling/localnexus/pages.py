"""The project pages of the hosted repository: built when first read, kept until the next upload or delete."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tooling.localnexus.simple import Link

if TYPE_CHECKING:
    from collections.abc import Callable

    from tooling.localnexus.assets import Asset
    from tooling.localnexus.faults import Faults


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """A page as it was when it was built.

    Attributes:
        built: seconds since the epoch.
        racing: the uploads to the project that were in flight when it was read.
    """

    project: str
    links: tuple[Link, ...]
    built: float
    racing: frozenset[int] = frozenset()

    @property
    def public_number(self) -> str:
        """What stands for the page in ids: pages have no row of their own."""
        return hashlib.md5(self.project.encode(), usedforsecurity=False).hexdigest()


class ProjectPages:
    """The kept pages, used from the server's thread only.

    Real servers build a page while an upload is in flight and then keep it without that file. With the switch
    `stale_pages` so does this one: an upload does not drop a page that was read during it.
    """

    def __init__(self, files: Callable[[str], list[Asset]], faults: Faults, clock: Callable[[], float]) -> None:
        self._files = files
        self._faults = faults
        self._clock = clock
        self._kept: dict[str, ProjectPage] = {}
        self._in_flight: dict[str, set[int]] = {}
        self._numbers = itertools.count(1)

    def page(self, project: str) -> ProjectPage | None:
        """The kept page, or a new one; None for a project without files."""
        flights = frozenset(self._in_flight.get(project, ()))
        if found := self._kept.get(project):
            if flights - found.racing:
                found = self._kept[project] = replace(found, racing=found.racing | flights)
            return found
        files = self._files(project)
        if not files:
            return None
        made = ProjectPage(
            project=project,
            links=tuple(
                Link(file=each.file, path=each.path, digests=each.digests, requires_python=each.requires_python)
                for each in files
            ),
            built=self._clock(),
            racing=flights,
        )
        self._kept[project] = made
        return made

    def kept(self) -> list[ProjectPage]:
        """All kept pages, by their numbers."""
        return sorted(self._kept.values(), key=lambda page: page.public_number)

    def drop(self, project: str) -> None:
        """Forget a page; the next read builds it."""
        self._kept.pop(project, None)

    def begin(self, project: str) -> int:
        """Note that an upload to a project has begun; return its number for `end`."""
        number = next(self._numbers)
        self._in_flight.setdefault(project, set()).add(number)
        return number

    def end(self, project: str, number: int, *, stored: bool) -> None:
        """Note that an upload is over, and drop the page it makes untrue."""
        flights = self._in_flight[project]
        flights.discard(number)
        if not flights:
            del self._in_flight[project]
        page = self._kept.get(project)
        lost = page is not None and number in page.racing and self._faults.stale_pages
        if stored and not lost:
            self.drop(project)
