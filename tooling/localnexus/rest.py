"""What the REST calls have in common: who may, and how an id is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.localnexus.answers import READ_ONLY, Refused, rest_empty, rest_text
from tooling.localnexus.assets import parsed_id
from tooling.localnexus.group import Group

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from tooling.localnexus.repositories import Repository
    from tooling.localnexus.security import Action, Caller
    from tooling.localnexus.settings import IndexSettings


class Desk:
    """Checks REST requests; every refusal is the answer Nexus gives."""

    def __init__(self, repositories: Mapping[str, Repository], settings: IndexSettings) -> None:
        self.repositories = repositories
        self.settings = settings

    def repository(self, name: str | None) -> Repository:
        """The named repository; 422 without a name, 404 for an unknown one."""
        if not name:
            raise Refused(rest_empty(422))
        if name not in self.repositories:
            raise Refused(rest_empty(404))
        return self.repositories[name]

    def browsed(self, request: Request, name: str | None) -> Repository:
        """The named repository, if the caller may browse it (403)."""
        repository = self.repository(name)
        self.require(request, "browse", repository.name)
        return repository

    def require(self, request: Request, action: Action, repository: str) -> None:
        """Refuse a caller without the privilege (403)."""
        caller: Caller = request.state.caller
        if not caller.may(action, repository):
            raise Refused(rest_empty(403))

    def visible(self, request: Request) -> list[Repository]:
        """The repositories that the caller may browse."""
        caller: Caller = request.state.caller
        return [each for each in self.repositories.values() if caller.may("browse", each.name)]

    def members(self, repository: Repository) -> list[str]:
        """The repositories whose content a listing shows: a group shows its members'."""
        return list(repository.members) if isinstance(repository, Group) else [repository.name]

    def target(self, request: Request) -> tuple[Repository, str]:
        """Repository and public number of the id in the path; 422 when it is malformed."""
        try:
            name, number = parsed_id(request.path_params["id"])
        except ValueError as error:
            raise Refused(rest_empty(422)) from error
        return self.repository(name), number

    def refuse_frozen(self) -> None:
        """Refuse writing to a read-only server (503)."""
        if self.settings.faults.frozen:
            answer = rest_text(503, "")
            told = f"{READ_ONLY}: (ID {answer.headers['x-siesta-faultid']})"
            raise Refused(rest_text(503, told))
