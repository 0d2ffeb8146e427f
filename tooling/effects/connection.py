"""From settings to an index that answers: the server they name, or the embedded one, with credentials already tried."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.model.target import read_target, shown
from tooling.plan.outcomes import IndexFacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tooling.effects.credentials import CredentialSources
    from tooling.effects.nexus_index import NexusIndex
    from tooling.effects.ports import Index
    from tooling.effects.progress import Watcher
    from tooling.effects.repository_audit import StalePage
    from tooling.effects.simple_index import SimpleIndex
    from tooling.errors import MaestroError
    from tooling.model.settings import Settings
    from tooling.model.target import Credentials, Target
    from tooling.plan.snapshot import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """An open index, how reports name it, and a way to cut its connections under way.

    `offered` reads a project's page as installers do, from the group where there is one; `group_problem` says that
    this group is not there.
    """

    index: Index
    facts: IndexFacts
    target: Target
    credentials: Credentials | None
    stale_pages: Callable[[], Sequence[StalePage]]
    offered: Callable[[str], Project]
    group_problem: Callable[[], MaestroError | None]
    abandon: Callable[[], None]

    def facts_given(self, problem: MaestroError | None) -> IndexFacts:
        """Its facts, where the group has this problem: then installers are sent to the repository itself."""
        return self.facts if problem is None else replace(self.facts, installs_from=self.target.simple_url)


def connect(
    settings: Settings, sources: CredentialSources, watcher: Watcher, *, uploading: bool = True
) -> AbstractContextManager[Connection]:
    """Open and probe the index of the settings; without an address, the embedded one of their data folder.

    Address and credentials are settled at once, in the calling thread: only there does Ctrl-C end a prompt. The server
    is asked when the context is entered. Who only reads (not `uploading`) needs no rights to upload, and where anybody
    may read no user either: nobody is asked for a password.
    """
    if settings.url is None:
        return _embedded(settings, watcher, uploading=uploading)
    target, in_address = read_target(
        settings.url,
        repository=settings.repository,
        group=settings.group,
        kind=settings.kind,
        repository_is_default=settings.origins["repository"] == "default",
    )
    find = sources.find if uploading else sources.known
    return _opened(target, find(settings, target, in_address), settings, uploading=uploading)


@contextmanager
def _embedded(settings: Settings, watcher: Watcher, *, uploading: bool) -> Iterator[Connection]:
    from tooling.effects.embedded import embedded_index

    with embedded_index(settings.data, settings.password, watcher.says) as lent:
        where = "in this process" if lent.ours else f"that serves it at {lent.url}"
        watcher.says(f"No NEXUS_URL: using the embedded index of {_near(settings.data)}, {where}.")
        target, _ = read_target(lent.url, repository=settings.repository, group=settings.group, kind="nexus")
        with _opened(target, lent.credentials, settings, uploading=uploading) as connection:
            yield connection


@contextmanager
def _opened(
    target: Target, credentials: Credentials | None, settings: Settings, *, uploading: bool
) -> Iterator[Connection]:
    from tooling.effects.index_clients import open_index

    with open_index(target, credentials, route=settings.route) as index:
        index.probe(uploading=uploading)
        facts = IndexFacts(
            url=shown(target.base),
            repository=target.repository,
            embedded=settings.url is None,
            installs_from=target.install_url,
        )
        yield Connection(
            index=index,
            facts=facts,
            target=target,
            credentials=credentials,
            stale_pages=functools.partial(_stale_pages, index),
            offered=index.for_installers().project,
            group_problem=index.group_problem,
            abandon=index.abandon,
        )


def _stale_pages(index: NexusIndex | SimpleIndex) -> tuple[StalePage, ...]:
    """Only Nexus keeps pages, and only its REST API tells what it holds."""
    from tooling.effects.nexus_index import NexusIndex
    from tooling.effects.repository_audit import find_stale_pages

    return find_stale_pages(index.rest.assets(), index.project) if isinstance(index, NexusIndex) else ()


def _near(path: Path) -> str:
    """The path as people would type it here: relative where it is below the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
