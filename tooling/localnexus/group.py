"""The group: one address for its members, the first of which wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.localnexus.answers import Refused
from tooling.localnexus.assets import normalised
from tooling.localnexus.hosted import Hosted
from tooling.localnexus.pages import ProjectPage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from tooling.localnexus.repositories import Repository
    from tooling.localnexus.settings import IndexSettings
    from tooling.localnexus.simple import Link


class Group:
    """A group of repositories, in the order they are asked.

    With `guarded` (the default) a project that a hosted member has is served from hosted members alone, so that
    nobody can slip in a higher version of it upstream; Nexus itself needs a routing rule for that.
    """

    kind = "group"

    def __init__(self, name: str, members: Mapping[str, Repository], settings: IndexSettings) -> None:
        self.name = name
        self.members = members
        self._settings = settings

    async def names(self) -> list[str]:
        """The names of all projects that are here: of a proxy those that were asked for, not a million others."""
        return self.known()

    def known(self) -> list[str]:
        """The same, without asking anybody."""
        return sorted({name for member in self.members.values() for name in member.known()})

    async def project(self, name: str) -> ProjectPage | None:
        """The members' links, one per file name; an empty page for a project nobody has, as in Nexus.

        Raises:
            Refused: no member has the project, and one could not be asked.
        """
        links: dict[str, Link] = {}
        built = 0.0
        failure: Refused | None = None
        for member in await self._asked(name):
            try:
                page = await member.project(name)
            except Refused as refused:
                failure = failure or refused
                continue
            for link in page.links if page else ():
                links.setdefault(link.file.lower(), link)
            built = max(built, page.built if page else 0.0)
        if failure is not None and not links:
            raise failure
        ordered = tuple(links[key] for key in sorted(links))
        return ProjectPage(project=name, links=ordered, built=built or self._settings.clock())

    async def file(self, request: Request, project: str, version: str, file: str) -> Response | None:
        """The file of the first member that has it.

        Raises:
            Refused: none has it, and one could not be asked.
        """
        failure: Refused | None = None
        for member in await self._asked(project):
            try:
                found = await member.file(request, project, version, file)
            except Refused as refused:
                failure = failure or refused
                continue
            if found is not None:
                return found
        if failure is not None:
            raise failure
        return None

    async def _asked(self, project: str) -> list[Repository]:
        members = list(self.members.values())
        owners: list[Repository]
        if not self._settings.guarded:
            return members
        owners = [each for each in members if isinstance(each, Hosted) and each.has(normalised(project))]
        return owners or members
