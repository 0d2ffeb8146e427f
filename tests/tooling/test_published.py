"""An index is read as whoever is at hand, and nobody is asked for a password."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest

from tooling.effects.connection import connect
from tooling.effects.credentials import CredentialSources
from tooling.effects.progress import Silence
from tooling.effects.published import is_begun, reading
from tooling.errors import MaestroError
from tooling.localnexus import IndexSettings, running_index
from tooling.model.settings import Settings, read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tooling.effects.ports import Index
    from tooling.localnexus import RunningIndex


def nobody(_question: str) -> str | None:
    """Fail: a change request has nobody to answer."""
    raise AssertionError


@pytest.fixture
def sources(tmp_path: Path) -> CredentialSources:
    return CredentialSources(environ={}, home=tmp_path, ask=nobody)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[RunningIndex]:
    with running_index(IndexSettings(data=tmp_path / "data", password="right")) as running:
        yield running


def settings(tmp_path: Path, **variables: str) -> Settings:
    return read_settings(tmp_path, variables)


def looking(settings: Settings, sources: CredentialSources) -> AbstractContextManager[Index | None]:
    opening = functools.partial(connect, settings, sources, Silence(), uploading=False)
    return reading(opening if is_begun(settings) else None, Silence())


def test_without_credentials_one_reads_as_everybody(
    tmp_path: Path, sources: CredentialSources, index: RunningIndex
) -> None:
    with looking(settings(tmp_path, NEXUS_URL=index.url), sources) as lent:
        assert lent is not None
        assert lent.project("maestro-core-logging").files == {}


def test_credentials_that_lie_ready_are_used_and_wrong_ones_said(
    tmp_path: Path, sources: CredentialSources, index: RunningIndex
) -> None:
    known = {"NEXUS_URL": index.url, "NEXUS_USERNAME": "admin"}
    with looking(settings(tmp_path, **known, NEXUS_PASSWORD="right"), sources) as lent:
        assert lent is not None
        assert lent.project("maestro-core-logging").files == {}
    wrong = settings(tmp_path, **known, NEXUS_PASSWORD="wrong")
    with pytest.raises(MaestroError) as caught, looking(wrong, sources):
        pass
    assert caught.value.code == "IX06"


def test_an_embedded_index_that_was_never_begun_is_not_begun_by_looking(
    tmp_path: Path, sources: CredentialSources
) -> None:
    with looking(settings(tmp_path), sources) as lent:
        assert lent is None
    assert not (tmp_path / ".nexus").exists()


def test_an_embedded_index_that_was_begun_is_read(tmp_path: Path, sources: CredentialSources) -> None:
    with running_index(IndexSettings(data=tmp_path / ".nexus")):
        pass
    with looking(settings(tmp_path), sources) as lent:
        assert lent is not None
        assert lent.project("maestro-core-logging").files == {}
