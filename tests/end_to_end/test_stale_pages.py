"""Pages that were read while an upload was under way, and that the server then keeps without that file."""

from __future__ import annotations

import functools
import io
import threading
import urllib.error
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index, read

from tooling.effects.builder import CachedBuilder
from tooling.effects.connection import connect
from tooling.effects.credentials import CredentialSources
from tooling.effects.publication import Publication, Request
from tooling.faces.live import Lines
from tooling.localnexus import add_user
from tooling.model.settings import read_settings
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from observed_index import ObservedIndex
    from originals import Original
    from warm_invoke import WarmInvoke

    from tooling.plan.outcomes import Report

READERS = 8
KEEPS_STALE_PAGES = {"stale_pages": True, "upload_seconds": 0.1}
UPLOADER = ("nx-repository-view-pypi-pypi-hosted-read", "nx-repository-view-pypi-pypi-hosted-add")
HEALER = ("nx-repository-view-pypi-pypi-hosted-browse", "nx-repository-view-pypi-pypi-hosted-delete")


def test_every_file_is_on_its_page_though_readers_ask_for_the_pages_all_the_time(
    thirteen: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    with observed_index(tmp_path / "index", KEEPS_STALE_PAGES) as index:
        with _hammering(index, sorted(thirteen.pages)):
            done = warm.run(thirteen.built, "publish", "--all", environment=user(**index.variables))
        assert done.code == 0, done.said
        assert index.pages() == thirteen.pages
        assert index.traffic.statuses["DELETE", 204], "no page was ever stale"
    assert "its stale page was healed" in done.said


@pytest.mark.parametrize("rights", [UPLOADER, (*UPLOADER, *HEALER)], ids=["may not heal", "may heal"])
def test_who_may_not_delete_a_page_is_told_what_an_administrator_has_to_do(
    rights: tuple[str, ...], one: Original, tmp_path: Path
) -> None:
    """With the right to delete, and nothing else changed, the same run ends well: it is the healing that does it."""
    with observed_index(tmp_path / "index", KEEPS_STALE_PAGES) as index:
        add_user(index.running, "uploader", "secret", rights)
        with _hammering(index, ["maestro-core-logging"]):
            report = _published(one.built, index)
        pages = index.pages()
    if rights == UPLOADER:
        assert report.exit_code == 1
        assert [each["code"] for each in report.problems] == ["PB07"]
        told = " ".join(map(str, report.problems[0].values()))
        assert (
            "its page does not list it: the page is stale. Ask an administrator to delete the asset simple/maes" in told
        )
        assert pages != one.pages
    else:
        assert report.exit_code == 0, report.problems
        assert pages == one.pages


def _published(workspace: Path, index: ObservedIndex) -> Report:
    """Publish from this process, with little patience for an index that shows nothing."""
    found = find_workspace(workspace)
    environment = {**index.variables, "NEXUS_USERNAME": "uploader", "NEXUS_PASSWORD": "secret"}
    settings = read_settings(found.root, environment)
    watcher = Lines(io.StringIO())
    publication = Publication(
        workspace=found,
        builder=CachedBuilder(dist=found.root / "dist", cache=settings.cache),
        connect=functools.partial(connect, settings, CredentialSources(environ={}, home=workspace), watcher),
        watcher=watcher,
        lag=0.5,
    )
    return publication.run(Request(packages=tuple(found.packages.values())))


@contextmanager
def _hammering(index: ObservedIndex, projects: list[str]) -> Iterator[None]:
    """Have readers ask for the projects' pages, one after the other, for as long as the block takes."""
    over = threading.Event()

    def ask(first: int) -> None:
        number = first
        while not over.is_set():
            number = (number + 1) % len(projects)
            with suppress(urllib.error.HTTPError):  # not there yet
                read(f"{index.running.url}/repository/pypi-hosted/simple/{projects[number]}/")

    readers = [threading.Thread(target=ask, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        over.set()
        for reader in readers:
            reader.join()
