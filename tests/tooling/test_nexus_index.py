"""The Nexus client against our own server in every state it can be in, and against servers that are something else."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from archives import make_sdist, make_wheel
from scripted_server import Request, Response, scripted_server

from tooling.effects.index_clients import open_index
from tooling.effects.nexus_index import NexusIndex
from tooling.effects.repository_audit import StalePage, find_stale_pages
from tooling.errors import FailedError, MaestroError, UsageError
from tooling.localnexus import Faults, IndexSettings, add_user, running_index
from tooling.model.secret import Secret
from tooling.model.target import Credentials, read_target
from tooling.plan.answers import Meaning
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tooling.localnexus import RunningIndex
    from tooling.model.settings import Route

    Client = Callable[..., NexusIndex]

RIGHT = "right"
NEXUS = {"Server": "Nexus/3.85.0-03 (COMMUNITY)"}
HOSTED = {"name": "pypi-hosted", "format": "pypi", "type": "hosted", "url": "http://elsewhere/"}


@pytest.fixture
def faults() -> Faults:
    return Faults(search_seconds=0.0, upstream_blocked=True)


@pytest.fixture
def server(tmp_path: Path, faults: Faults) -> Iterator[RunningIndex]:
    with running_index(IndexSettings(data=tmp_path / "data", faults=faults, password=RIGHT)) as running:
        yield running


@pytest.fixture
def client() -> Iterator[Client]:
    with ExitStack() as stack:

        def opened(
            url: str,
            repository: str = "pypi-hosted",
            *,
            username: str | None = "admin",
            password: str = RIGHT,
            route: Route = "pypi",
        ) -> NexusIndex:
            target, _ = read_target(url, repository=repository, group="pypi-group", kind="nexus")
            credentials = Credentials(username=username, password=Secret(password)) if username else None
            index = stack.enter_context(open_index(target, credentials, route=route))
            assert isinstance(index, NexusIndex)
            return index

        yield opened


def refused(index: NexusIndex) -> MaestroError:
    with pytest.raises(MaestroError) as caught:
        index.probe()
    return caught.value


def test_someone_who_may_only_read_and_add_may_begin(server: RunningIndex, client: Client, tmp_path: Path) -> None:
    add_user(server, "ci", "secret", [f"nx-repository-view-pypi-pypi-hosted-{each}" for each in ("read", "add")])
    index = client(server.url, username="ci", password="secret")
    index.probe()
    assert index.upload(make_wheel(tmp_path, "maestro-x"), lambda _: None).meaning is Meaning.STORED


def test_nobody_may_begin_although_anybody_may_read(server: RunningIndex, client: Client) -> None:
    error = refused(client(server.url, username=None))
    assert (type(error), error.code) == (UsageError, "IX07")


def test_a_wrong_password_is_not_taken_for_an_anonymous_reader(server: RunningIndex, client: Client) -> None:
    error = refused(client(server.url, password="wrong"))
    assert (type(error), error.code) == (UsageError, "IX06")
    assert "wrong" not in str(error).replace("wrong ones", "")


def test_a_user_without_the_right_to_add_hears_its_name(server: RunningIndex, client: Client, tmp_path: Path) -> None:
    add_user(server, "reader", "secret", ["nx-repository-view-pypi-*-read", "nx-repository-view-pypi-*-browse"])
    index = client(server.url, username="reader", password="secret")
    answer = index.upload(make_wheel(tmp_path, "maestro-x"), lambda _: None)
    assert (answer.meaning, answer.code) == (Meaning.REFUSED, "IX08")
    assert "nx-repository-view-pypi-pypi-hosted-add" in answer.hint


def test_a_user_without_the_right_to_edit_hears_it_from_the_components_route(
    server: RunningIndex, client: Client, tmp_path: Path
) -> None:
    rights = [f"nx-repository-view-pypi-pypi-hosted-{each}" for each in ("browse", "read", "add")]
    add_user(server, "ci", "secret", rights)
    index, wheel = client(server.url, username="ci", password="secret", route="components"), tmp_path
    answer = index.upload(make_wheel(wheel, "maestro-x"), lambda _: None)
    assert answer.code == "IX08"
    assert "-edit" in answer.hint


@pytest.mark.parametrize("name", ["pypi-group", "pypi-proxy"])
def test_a_group_or_proxy_is_told_apart_and_the_hosted_ones_are_named(
    name: str, server: RunningIndex, client: Client
) -> None:
    error = refused(client(server.url, name))
    assert (type(error), error.code) == (UsageError, "IX12")
    assert "there are: pypi-hosted" in error.hint


def test_a_misspelt_repository_is_guessed(server: RunningIndex, client: Client) -> None:
    error = refused(client(server.url, "pypi-hostd"))
    assert (type(error), error.code) == (UsageError, "IX11")
    assert "Did you mean pypi-hosted?" in error.hint


@pytest.mark.parametrize(("fault", "code"), [("frozen", "IX15"), ("offline", "IX16")])
def test_a_server_that_takes_nothing_now_is_a_failure_and_no_usage_error(
    fault: str, code: str, server: RunningIndex, faults: Faults, client: Client
) -> None:
    setattr(faults, fault, True)
    error = refused(client(server.url))
    assert (type(error), error.code) == (FailedError, code)


def test_a_group_that_is_offline_is_said_since_installers_read_it(
    server: RunningIndex, faults: Faults, client: Client
) -> None:
    index = client(server.url)
    assert index.group_problem() is None
    faults.group_offline = True
    problem = index.group_problem()
    assert (type(problem), getattr(problem, "code", None)) == (FailedError, "IX16")
    assert "pypi-group" in str(problem)


def test_an_upload_hears_why_the_server_takes_nothing(
    server: RunningIndex, faults: Faults, client: Client, tmp_path: Path
) -> None:
    index, wheel = client(server.url), make_wheel(tmp_path, "maestro-x")
    expected = {
        "frozen": (Meaning.LATER, "IX15"),
        "offline": (Meaning.REFUSED, "IX16"),
        "eula_pending": (Meaning.REFUSED, "IX09"),
        "limit_reached": (Meaning.REFUSED, "IX10"),
    }
    for fault, meant in expected.items():
        setattr(faults, fault, True)
        answer = index.upload(wheel, lambda _: None)
        setattr(faults, fault, False)
        assert (answer.meaning, answer.code) == meant
    assert index.find(wheel) is State.ABSENT


def test_a_repository_that_takes_no_files_at_all_says_so(client: Client, tmp_path: Path) -> None:
    settings = IndexSettings(data=tmp_path / "data", password=RIGHT, write_policy="DENY")
    with running_index(settings) as running:
        index, wheel = client(running.url), make_wheel(tmp_path, "maestro-x")
        answer = index.upload(wheel, lambda _: None)
        assert (answer.meaning, answer.code) == (Meaning.ASK, "IX17")
        assert index.find(wheel) is State.ABSENT


def test_a_context_path_that_was_left_out_is_found(client: Client, tmp_path: Path) -> None:
    with running_index(IndexSettings(data=tmp_path / "data", password=RIGHT, context_path="/nexus/")) as running:
        client(running.url).probe()
        error = refused(client(running.url.removesuffix("/nexus")))
    assert (type(error), error.code) == (UsageError, "IX13")
    assert f"Set NEXUS_URL to {running.url}." in error.hint


def test_a_context_path_too_many_is_found(server: RunningIndex, client: Client) -> None:
    error = refused(client(f"{server.url}/nexus"))
    assert f"Set NEXUS_URL to {server.url}." in error.hint


@pytest.mark.parametrize(
    "answer",
    [
        Response(body=b"<html>An application that answers everything alike</html>"),
        Response(status=404, body=b"nginx"),
        Response(body=b'{"format": 1}', headers={"Content-Type": "application/json"}),
        Response(body=b"[]"),
    ],
    ids=["catch-all", "404", "json", "list"],
)
def test_a_server_that_is_not_nexus_is_told_and_simple_is_offered(answer: Response, client: Client) -> None:
    with scripted_server(lambda _: answer) as other:
        error = refused(client(other.url))
    assert isinstance(error, UsageError)
    assert error.code in {"IX12", "IX13"}
    assert "NEXUS_" in error.hint


def test_a_redirect_to_https_names_the_address_to_set(client: Client) -> None:
    with scripted_server(
        lambda asked: Response(status=301, headers={"Location": f"https://nexus.example.com/base{asked.path}"})
    ) as other:
        error = refused(client(other.url))
    assert (type(error), error.code) == (UsageError, "IX14")
    assert "Set NEXUS_URL to https://nexus.example.com/base." in error.hint


def test_nexus_behind_a_proxy_that_hides_its_headers_is_known_by_its_rest_api(client: Client) -> None:
    def answer(asked: Request) -> Response:
        if asked.path.startswith("/service/rest/v1/repositories/"):
            return Response(body=json.dumps(HOSTED).encode(), headers={"Content-Type": "application/json"})
        return Response(body=b"<html></html>")

    with scripted_server(answer) as other:
        client(other.url).probe()


def test_an_old_server_tells_a_group_only_in_its_list(client: Client) -> None:
    listed = [HOSTED, {"name": "all", "format": "pypi", "type": "group"}]

    def answer(asked: Request) -> Response:
        if asked.path == "/service/rest/v1/repositories":
            return Response(body=json.dumps(listed).encode(), headers=NEXUS)
        return Response(status=404 if "/service/" in asked.path else 200, headers=NEXUS)

    with scripted_server(answer) as other:
        client(other.url).probe()
        assert refused(client(other.url, "all")).code == "IX12"


def test_nexus_behind_a_proxy_that_hides_its_rest_api_is_known_by_its_header(client: Client) -> None:
    def answer(asked: Request) -> Response:
        return Response(status=403 if "/service/" in asked.path else 200, headers=NEXUS)

    with scripted_server(answer) as other:
        client(other.url).probe()


@pytest.mark.parametrize(
    ("etag", "state"),
    [
        ('"{sha1}"', State.PRESENT),
        ('"{{SHA1{{{sha1}}}}}"', State.PRESENT),
        ('W/"{sha1}"', State.PRESENT),
        ('"0000000000000000000000000000000000000000"', State.DIFFERENT),
        ('"something-else"', State.PRESENT),
        (None, State.PRESENT),
    ],
)
def test_a_file_is_recognised_by_either_form_of_its_etag_and_else_by_its_bytes(
    etag: str | None, state: State, client: Client, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, "maestro-x")
    headers = {"ETag": etag.format(sha1=wheel.sha1)} if etag else {}
    with scripted_server(lambda _: Response(headers=headers, body=wheel.path.read_bytes())) as other:
        assert client(other.url).find(wheel) is state
    downloads = [each for each in other.requests if each.method == "GET"]
    assert len(downloads) == (0 if headers and "something" not in str(etag) else 1)
    assert {each.path for each in other.requests} == {
        f"/repository/pypi-hosted/packages/maestro-x/1.0.0/{wheel.filename}"
    }


@pytest.mark.parametrize("status", [401, 403, 500])
def test_no_answer_is_never_an_absent_project_or_file(status: int, client: Client, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "maestro-x")
    with scripted_server(lambda _: Response(status=status, headers={"Retry-After": "999"})) as other:
        index = client(other.url)
        for ask in (lambda: index.project("maestro-x"), lambda: index.find(wheel)):
            with pytest.raises(MaestroError) as caught:
                ask()
            assert caught.value.facts["status"] == status


def test_an_old_servers_hash_comes_from_rest_without_a_download(
    server: RunningIndex, client: Client, tmp_path: Path
) -> None:
    asked: list[tuple[str, str]] = []
    index, wheel = client(server.url), make_wheel(tmp_path, "maestro-x")
    index.upload(wheel, lambda _: None)

    def answer(request: Request) -> Response:
        asked.append((request.method, request.path))
        if request.method == "HEAD":
            return Response(headers={"ETag": f'"{wheel.sha1}"'})
        items = [
            {"id": "1", "path": "/other", "checksum": {"sha1": wheel.sha1, "sha256": "00"}},
            {"path": f"/packages/maestro-x/1.0.0/{wheel.filename}", "checksum": {"sha1": "0" * 40, "sha256": "00"}},
            {"path": f"packages/maestro-x/1.0.0/{wheel.filename}", "checksum": {"sha1": wheel.sha1, "sha256": "ab"}},
        ]
        return Response(body=json.dumps({"items": items, "continuationToken": None, "new": 1}).encode())

    with scripted_server(answer) as other:
        assert client(other.url).sha256_of("maestro-x", "1.0.0", wheel.filename) == "ab"
    assert [method for method, _ in asked] == ["HEAD", "GET"]
    assert index.sha256_of("maestro-x", "1.0.0", wheel.filename) == wheel.sha256


def test_healing_reads_every_page_of_the_listing_and_deletes_one_asset(client: Client) -> None:
    def answer(asked: Request) -> Response:
        if asked.method == "DELETE":
            return Response(status=204, headers={})
        last = "continuationToken=next" in asked.path
        items = [{"id": "a/b ü", "path": "/simple/maestro-x/"}] if last else [{"id": "1", "path": "simple/maestro-y/"}]
        return Response(body=json.dumps({"items": items, "continuationToken": None if last else "next"}).encode())

    with scripted_server(answer) as other:
        assert client(other.url).heal("maestro-x")
    assert [each.path for each in other.requests if each.method == "DELETE"] == [
        "/service/rest/v1/assets/a%2Fb%20%C3%BC"
    ]


def test_a_publisher_who_may_not_delete_cannot_heal(server: RunningIndex, client: Client, tmp_path: Path) -> None:
    rights = [f"nx-repository-view-pypi-pypi-hosted-{each}" for each in ("browse", "read", "add")]
    add_user(server, "ci", "secret", rights)
    index = client(server.url, username="ci", password="secret")
    index.upload(make_wheel(tmp_path, "maestro-x"), lambda _: None)
    index.project("maestro-x")
    assert index.heal("maestro-x") is False


def test_a_publisher_who_may_not_browse_cannot_heal(server: RunningIndex, client: Client, tmp_path: Path) -> None:
    add_user(server, "ci", "secret", [f"nx-repository-view-pypi-pypi-hosted-{each}" for each in ("read", "add")])
    index = client(server.url, username="ci", password="secret")
    index.upload(make_wheel(tmp_path, "maestro-x"), lambda _: None)
    assert index.heal("maestro-x") is False


def test_stale_pages_of_a_whole_repository_are_found(
    server: RunningIndex, faults: Faults, client: Client, tmp_path: Path
) -> None:
    index = client(server.url)
    for name in ("maestro-x", "maestro-y"):
        index.upload(make_wheel(tmp_path, name), lambda _: None)
        index.project(name)
    assert find_stale_pages(index.rest.assets(), index.project) == ()
    sdist = make_sdist(tmp_path, "maestro-y")
    kept = index.project("maestro-y")
    index.upload(sdist, lambda _: None)
    found = find_stale_pages(index.rest.assets(), lambda name: kept if name == "maestro-y" else index.project(name))
    assert found == (StalePage(distribution="maestro-y", missing=(sdist.filename,)),)
    assert not faults.stale_pages


def test_a_listing_that_is_no_listing_is_an_error(client: Client) -> None:
    with scripted_server(lambda _: Response(body=b"<html>sign in</html>")) as other:
        index = client(other.url)
        with pytest.raises(FailedError) as caught:
            list(index.rest.assets())
    assert caught.value.code == "IX23"


def test_a_download_appears_whole_or_not_at_all(client: Client, tmp_path: Path) -> None:
    with scripted_server(lambda _: Response(status=404)) as other:
        index = client(other.url)
        with pytest.raises(FailedError) as caught:
            index.fetch("maestro-x", "1.0.0", "f.whl", tmp_path / "out" / "f.whl")
    assert caught.value.code == "IX26"
    assert list((tmp_path / "out").iterdir()) == []


def test_a_download_that_broke_off_leaves_nothing_of_its_first_half(client: Client, tmp_path: Path) -> None:
    replies = iter([Response(body=bytes(1 << 20), length=2 << 20), Response(body=b"whole")])
    with scripted_server(lambda _: next(replies)) as other:
        client(other.url).fetch("maestro-x", "1.0.0", "f.whl", tmp_path / "f.whl")
    assert (tmp_path / "f.whl").read_bytes() == b"whole"


def test_a_folder_that_cannot_be_written_to_is_named(client: Client, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with scripted_server(lambda _: Response(body=b"x")) as other:
        index = client(other.url)
        with pytest.raises(FailedError, match="cannot be written") as caught:
            index.fetch("maestro-x", "1.0.0", "f.whl", tmp_path / "file" / "f.whl")
    assert caught.value.code == "IX28"
