"""Requirements of what is published: from beside the wheel where they are served, else out of it; never guessed."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest
from archives import make_sdist, make_wheel
from memory_index import Fault, MemoryIndex
from packaging.requirements import Requirement
from packaging.version import Version
from scripted_server import Request, Response, scripted_server

from tooling.effects.index_clients import open_index
from tooling.effects.published_requirements import published_dependents, read_unread
from tooling.effects.snapshots import read_pages
from tooling.errors import FailedError
from tooling.model.target import read_target
from tooling.plan.snapshot import Unread

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.plan.impact import Dependent

NAME = "maestro-x"
SERVED = b"Metadata-Version: 2.4\nName: maestro-x\nVersion: 1.0.0\nRequires-Dist: maestro-served>=1\n"


def required(found: tuple[Dependent, ...]) -> dict[str, list[str] | None]:
    return {
        str(each.version): None if each.requirements is None else list(map(str, each.requirements)) for each in found
    }


def test_wheels_tell_and_a_version_of_an_sdist_alone_is_unknown(tmp_path: Path) -> None:
    index = MemoryIndex()
    for artifact in (make_wheel(tmp_path, NAME, "1.0.0"), make_sdist(tmp_path, NAME), make_sdist(tmp_path, NAME, "2")):
        index.upload(artifact, lambda _: None)
    found = published_dependents(index, [NAME, "maestro-absent"])
    assert required(found) == {"1.0.0": ["packaging>=25"], "2": None}
    assert {(each.distribution, each.published) for each in found} == {(NAME, True)}


def served_by(tmp_path: Path, metadata: object, beside: Response) -> tuple[dict[str, list[str] | None], list[str]]:
    """What is found on an index that says `metadata` of its one wheel, and what it was asked for."""
    wheel = make_wheel(tmp_path, NAME)
    entry = {"filename": wheel.filename, "url": f"/files/{wheel.filename}", "hashes": {}, "core-metadata": metadata}
    page = json.dumps({"meta": {"api-version": "1.1"}, "files": [entry]}).encode()

    def answer(asked: Request) -> Response:
        if asked.path.endswith(".metadata"):
            return beside
        if asked.path.endswith(".whl"):
            return Response(body=wheel.path.read_bytes())
        return Response(headers={"Content-Type": "application/vnd.pypi.simple.v1+json"}, body=page)

    with scripted_server(answer) as server:
        target, _ = read_target(server.url, repository="", group=None, kind="simple")
        with open_index(target, None) as index:
            found = published_dependents(index, [NAME])
        return required(found), [each.path.rpartition(".")[2] for each in server.requests if "/files/" in each.path]


@pytest.mark.parametrize("metadata", [True, {"sha256": hashlib.sha256(SERVED).hexdigest()}])
def test_metadata_that_is_served_beside_a_wheel_saves_its_download(tmp_path: Path, metadata: object) -> None:
    assert served_by(tmp_path, metadata, Response(body=SERVED)) == ({"1.0.0": ["maestro-served>=1"]}, ["metadata"])


@pytest.mark.parametrize(
    ("metadata", "beside"),
    [
        (False, Response(status=404)),
        (True, Response(status=404)),
        ({"sha256": "ab" * 32}, Response(body=SERVED)),
    ],
    ids=["not promised", "not there", "of another hash"],
)
def test_what_is_not_served_as_promised_is_read_out_of_the_wheel(
    tmp_path: Path, metadata: object, beside: Response
) -> None:
    found, asked = served_by(tmp_path, metadata, beside)
    assert found == {"1.0.0": ["packaging>=25"]}
    assert asked == (["metadata", "whl"] if metadata else ["whl"])


@pytest.mark.parametrize("content", [b"no archive", SERVED + b"Requires-Dist: >>>\n"], ids=["wheel", "metadata"])
def test_what_cannot_be_read_is_an_error_and_not_an_answer(tmp_path: Path, content: bytes) -> None:
    index = MemoryIndex()
    wheel = make_wheel(tmp_path, NAME)
    index.upload(wheel, lambda _: None)
    _, digests = index.store.files[NAME][wheel.filename]
    if content.startswith(b"no"):
        index.store.files[NAME][wheel.filename] = (content, digests)
        with pytest.raises(FailedError) as caught:
            published_dependents(index, [NAME])
        assert caught.value.code == "IM02"
    else:
        with pytest.raises(FailedError) as caught:
            served_by(tmp_path, True, Response(body=content))
        assert caught.value.code == "IM02"


def test_a_project_the_index_does_not_tell_of_is_an_error_and_not_an_absence(tmp_path: Path) -> None:
    index = MemoryIndex(reads={1: Fault()})
    index.upload(make_wheel(tmp_path, NAME), lambda _: None)
    with pytest.raises(FailedError) as caught:
        published_dependents(index, [NAME, "maestro-y"])
    assert caught.value.code == "IM03"


def test_a_dependent_says_its_version_and_requirements_as_values(tmp_path: Path) -> None:
    index = MemoryIndex()
    index.upload(make_wheel(tmp_path, NAME), lambda _: None)
    (found,) = published_dependents(index, [NAME])
    assert (found.version, found.requirements) == (Version("1.0.0"), (Requirement("packaging>=25"),))


@pytest.mark.parametrize("others", [[], ["maestro-z"]], ids=["alone", "among others"])
def test_reading_more_for_a_plan_leaves_nothing_open(tmp_path: Path, others: list[str]) -> None:
    """What the index does not tell is unknown, with its reason; nothing is asked again for ever."""
    index = MemoryIndex()
    for artifact in (make_wheel(tmp_path, NAME), make_sdist(tmp_path, NAME, "2")):
        index.upload(artifact, lambda _: None)
    before = read_pages(index, [NAME])
    releases = [(NAME, Version(each)) for each in ("1.0.0", "2")]
    unread = Unread(projects=frozenset(["maestro-y", *others]), releases=frozenset(releases))
    index.reads[2] = Fault(status=410, words="Gone")
    after = read_unread(index, before, unread)
    assert [after.requirements[each] for each in releases] == [(Requirement("packaging>=25"),), None]
    assert {*after.projects, *after.unknown} == {NAME, "maestro-y", *others}
    (reason,) = after.unknown.values()
    assert "Gone" in reason
