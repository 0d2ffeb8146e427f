"""What a publisher relies on of an index, the same on the stand-in, on our own server, on pypiserver and on Nexus."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from archives import make_sdist, make_wheel
from index_worlds import Where, World, embedded, memory, pypiserver, real_nexus

from tooling.errors import FailedError, UsageError
from tooling.plan.answers import Meaning
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Opened = Callable[["Path"], AbstractContextManager[World]]

WORLDS: dict[str, Opened] = {
    "memory": lambda _: memory("datastore"),
    "memory, orient": lambda _: memory("orient"),
    "embedded": embedded,
    "embedded, orient": partial(embedded, dialect="orient"),
    "embedded, md5 pages": partial(embedded, old=True),
    "embedded, components": partial(embedded, route="components"),
    "pypiserver": pypiserver,
}
if all(os.environ.get(f"NEXUS_{each}") for each in ("URL", "USERNAME", "PASSWORD")):
    WORLDS["nexus"] = lambda _: real_nexus("pypi")
    WORLDS["nexus, components"] = lambda _: real_nexus("components")
NEXUS_LIKE = [name for name in WORLDS if name != "pypiserver"]
CLASSIC = [name for name in NEXUS_LIKE if "components" not in name]
FAULTY = [name for name in NEXUS_LIKE if not name.startswith("nexus")]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], World]]:
    """Start each index when it is first asked for."""
    with ExitStack() as stack:
        running: dict[str, World] = {}

        def started(name: str) -> World:
            if name not in running:
                running[name] = stack.enter_context(WORLDS[name](tmp_path_factory.mktemp("index") / "data"))
            return running[name]

        yield started


@pytest.fixture(params=list(WORLDS))
def world(request: pytest.FixtureRequest, worlds: Callable[[str], World]) -> World:
    return worlds(request.param)


@pytest.fixture
def name() -> str:
    """A project nobody has heard of."""
    return f"maestro-contract-{secrets.token_hex(4)}"


def unheard(_: int) -> None:
    """Nobody follows the progress."""


def test_a_publisher_with_the_right_password_may_begin(world: World) -> None:
    world.open().probe()


def test_a_wrong_password_is_told_before_anything_else(world: World) -> None:
    with pytest.raises(UsageError, match="NEXUS_PASSWORD") as caught:
        world.open("stranger").probe()
    assert caught.value.code in {"IX06", "IX08"}


def test_a_reader_may_begin_as_well(world: World) -> None:
    world.open().probe(uploading=False)


def test_an_absent_project_has_no_files(world: World, name: str) -> None:
    assert world.open().project(name).files == {}


def test_an_absent_file_is_absent(world: World, name: str, tmp_path: Path) -> None:
    assert world.open().find(make_wheel(tmp_path, name)) is State.ABSENT


def test_the_hash_of_an_absent_file_is_an_error_and_not_an_answer(world: World, name: str, tmp_path: Path) -> None:
    index, wheel = world.open(), make_wheel(tmp_path, name)
    with pytest.raises(FailedError) as caught:
        index.sha256_of(name, "1.0.0", wheel.filename)
    assert caught.value.code == "IX26"


def test_what_was_uploaded_is_found_listed_and_hashed(world: World, name: str, tmp_path: Path) -> None:
    index, artifacts = world.open(), [make_wheel(tmp_path, name), make_sdist(tmp_path, name)]
    for artifact in artifacts:
        assert index.upload(artifact, unheard).meaning is Meaning.STORED
        assert index.find(artifact) is State.PRESENT
    files = index.project(name).files
    assert set(files) == {artifact.filename for artifact in artifacts}
    for artifact in artifacts:
        listed = files[artifact.filename]
        assert listed.sha256 in {artifact.sha256, None}
        assert listed.sha256 is not None or listed.md5 == artifact.md5
        assert index.sha256_of(name, artifact.version, artifact.filename) == artifact.sha256


def test_a_published_file_can_be_fetched(world: World, name: str, tmp_path: Path) -> None:
    index, wheel = world.open(), make_wheel(tmp_path, name)
    index.upload(wheel, unheard)
    index.fetch(name, wheel.version, wheel.filename, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == wheel.path.read_bytes()


def test_metadata_that_is_served_is_that_of_the_wheel(world: World, name: str, tmp_path: Path) -> None:
    index, wheel = world.open(), make_wheel(tmp_path, name)
    index.upload(wheel, unheard)
    listed = index.project(name).files[wheel.filename]
    served = index.metadata(listed)
    assert (served is None) == (listed.metadata is None)
    if served is not None:
        with ZipFile(wheel.path) as archive:
            inside = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
            assert served == archive.read(inside)


def test_progress_adds_up_to_the_size_of_the_file(world: World, name: str, tmp_path: Path) -> None:
    wheel, heard = make_wheel(tmp_path, name, content=secrets.token_bytes(700_000)), list[int]()
    assert world.open().upload(wheel, heard.append).meaning is Meaning.STORED
    assert sum(heard) == wheel.size
    assert len(heard) > 1


def test_the_same_file_again_is_a_question_answered_by_its_hash(world: World, name: str, tmp_path: Path) -> None:
    index, wheel = world.open(), make_wheel(tmp_path, name)
    index.upload(wheel, unheard)
    again = index.upload(wheel, unheard)
    assert again.meaning is Meaning.ASK
    assert again.message
    assert again.hint
    assert index.find(wheel) is State.PRESENT


def test_other_bytes_under_a_published_name_are_different_and_change_nothing(
    world: World, name: str, tmp_path: Path
) -> None:
    index, first = world.open(), make_wheel(tmp_path, name, content=b"first = 1\n")
    index.upload(first, unheard)
    (tmp_path / "later").mkdir()
    second = make_wheel(tmp_path / "later", name, content=b"second = 2\n")
    assert index.upload(second, unheard).meaning is Meaning.ASK
    assert index.find(second) is State.DIFFERENT
    assert index.find(first) is State.PRESENT
    assert index.sha256_of(name, first.version, first.filename) == first.sha256


def test_a_second_client_sees_what_the_first_one_stored(world: World, name: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, name)
    assert world.open().upload(wheel, unheard).meaning is Meaning.STORED
    assert set(world.open().project(name).files) == {wheel.filename}


def test_several_versions_are_listed_together(world: World, name: str, tmp_path: Path) -> None:
    index = world.open()
    wheels = [make_wheel(tmp_path, name, version) for version in ("1.0.0", "1.1.0rc1", "2.0.0+local.1")]
    for wheel in wheels:
        assert index.upload(wheel, unheard).meaning is Meaning.STORED
        assert index.find(wheel) is State.PRESENT
    assert set(index.project(name).files) == {wheel.filename for wheel in wheels}


def test_a_stranger_uploads_nothing(world: World, name: str, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, name)
    answer = world.open("stranger").upload(wheel, unheard)
    assert answer.meaning is Meaning.REFUSED
    assert answer.code in {"IX06", "IX08"}
    assert world.open().find(wheel) is State.ABSENT


def test_a_file_that_changed_since_it_was_built_is_not_sent(world: World, name: str, tmp_path: Path) -> None:
    index, wheel = world.open(), make_wheel(tmp_path, name)
    wheel.path.write_bytes(wheel.path.read_bytes() + b"more")
    with pytest.raises(FailedError) as caught:
        index.upload(wheel, unheard)
    assert caught.value.code == "IX24"
    assert index.find(wheel) is State.ABSENT


@pytest.mark.parametrize("place", CLASSIC)
def test_bytes_that_changed_on_the_way_are_not_stored(
    worlds: Callable[[str], World], place: str, name: str, tmp_path: Path
) -> None:
    index, wheel = worlds(place).open(), make_wheel(tmp_path, name)
    other = hashlib.md5(b"other", usedforsecurity=False).hexdigest()
    answer = index.upload(replace(wheel, md5=other), unheard)
    assert answer.meaning is Meaning.ASK
    assert answer.code == "IX24"
    assert index.find(wheel) is State.ABSENT


@pytest.mark.parametrize("place", NEXUS_LIKE)
@pytest.mark.parametrize(("where", "codes"), [("group", {"IX12"}), ("unknown", {"IX11", "IX12"})])
def test_a_group_and_an_unknown_repository_take_no_uploads(
    worlds: Callable[[str], World], place: str, where: Where, codes: set[str], tmp_path: Path
) -> None:
    index, name = worlds(place).open(where=where), "maestro-nowhere"
    with pytest.raises(UsageError, match="NEXUS_REPOSITORY") as caught:
        index.probe()
    assert caught.value.code in codes
    answer = index.upload(make_wheel(tmp_path, name), unheard)
    assert answer.meaning in {Meaning.REFUSED, Meaning.ASK}
    assert answer.code in codes


@pytest.mark.parametrize("place", NEXUS_LIKE)
def test_a_group_may_be_read_and_what_is_not_there_may_not(worlds: Callable[[str], World], place: str) -> None:
    world = worlds(place)
    world.open(where="group").probe(uploading=False)
    with pytest.raises(UsageError, match="NEXUS_REPOSITORY") as caught:
        world.open(where="unknown").probe(uploading=False)
    assert caught.value.code == "IX11"


@pytest.mark.parametrize("place", NEXUS_LIKE)
def test_a_group_shows_an_absent_project_as_empty(worlds: Callable[[str], World], place: str, name: str) -> None:
    assert worlds(place).open(where="group").project(name).files == {}


@pytest.mark.parametrize("place", NEXUS_LIKE)
def test_an_unknown_repository_is_not_an_absent_project(
    worlds: Callable[[str], World], place: str, name: str, tmp_path: Path
) -> None:
    index = worlds(place).open(where="unknown")
    with pytest.raises(UsageError) as caught:
        index.project(name)
    assert caught.value.code == "IX11"
    with pytest.raises(UsageError):
        index.find(make_wheel(tmp_path, name))


@pytest.mark.parametrize("place", FAULTY)
def test_a_page_read_during_an_upload_stays_stale_until_it_is_healed(
    worlds: Callable[[str], World], place: str, name: str, tmp_path: Path
) -> None:
    world = worlds(place)
    index, reader = world.open(), world.open()
    first = make_wheel(tmp_path, name, "1.0.0")
    second = make_wheel(tmp_path, name, "2.0.0")
    index.upload(first, unheard)
    with world.stale_pages(lambda: reader.project(name)):
        assert index.upload(second, unheard).meaning is Meaning.STORED
    assert index.find(second) is State.PRESENT
    assert set(index.project(name).files) == {first.filename}
    assert index.heal(name)
    assert set(index.project(name).files) == {first.filename, second.filename}


@pytest.mark.parametrize("place", FAULTY)
def test_a_lost_answer_is_no_answer_and_the_file_can_be_asked_for(
    worlds: Callable[[str], World], place: str, name: str, tmp_path: Path
) -> None:
    world = worlds(place)
    index, wheel = world.open(), make_wheel(tmp_path, name)
    with world.lost_answers():
        answer = index.upload(wheel, unheard)
    assert (answer.meaning, answer.status, answer.code) == (Meaning.LOST, None, "IX05")
    assert index.find(wheel) is State.PRESENT


@pytest.mark.parametrize("place", NEXUS_LIKE)
def test_healing_a_page_that_is_right_changes_nothing(
    worlds: Callable[[str], World], place: str, name: str, tmp_path: Path
) -> None:
    index, wheel = worlds(place).open(), make_wheel(tmp_path, name)
    index.upload(wheel, unheard)
    before = index.project(name)
    assert index.heal(name)
    assert index.project(name) == before


def test_pypiserver_has_no_pages_to_heal(worlds: Callable[[str], World], name: str) -> None:
    assert worlds("pypiserver").open().heal(name) is False
