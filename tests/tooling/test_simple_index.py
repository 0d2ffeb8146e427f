"""The client of any other index, against servers that are odd in ways pypiserver is not."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from archives import make_wheel
from scripted_server import Request, Response, scripted_server

from tooling.effects.index_clients import open_index
from tooling.errors import MaestroError, UsageError
from tooling.model.secret import Secret
from tooling.model.target import Credentials, read_target
from tooling.plan.answers import Meaning
from tooling.plan.snapshot import State

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tooling.effects.ports import Index

PAGES = Response(headers={"Content-Type": "text/html"}, body=b"<!DOCTYPE html><html><body></body></html>")


@contextmanager
def client_of(url: str) -> Iterator[Index]:
    target, _ = read_target(url, repository="", group=None, kind="simple")
    with open_index(target, Credentials(username="ci", password=Secret("right"))) as index:
        yield index


@pytest.mark.parametrize("status", [400, 404, 405, 500])
def test_an_index_with_pages_that_does_not_mind_us_may_be_published_to(status: int) -> None:
    with (
        scripted_server(lambda asked: PAGES if asked.method == "GET" else Response(status=status)) as server,
        client_of(server.url) as index,
    ):
        index.probe()


@pytest.mark.parametrize("status", [401, 403])
def test_a_password_that_only_uploads_ask_for_is_tried_before_anything_is_built(status: int) -> None:
    with (
        scripted_server(lambda asked: PAGES if asked.method == "GET" else Response(status=status)) as server,
        client_of(server.url) as index,
        pytest.raises(UsageError, match="NEXUS_PASSWORD"),
    ):
        index.probe()


@pytest.mark.parametrize(
    "pages", [Response(status=404), Response(body=b"not a page", headers={"Content-Type": "text/plain"})]
)
def test_what_has_no_simple_pages_is_no_index(pages: Response) -> None:
    with (
        scripted_server(lambda _: pages) as server,
        client_of(server.url) as index,
        pytest.raises(UsageError) as caught,
    ):
        index.probe()
    assert caught.value.code == "IX13"


@pytest.mark.parametrize("status", [400, 409])
def test_both_ways_to_refuse_a_duplicate_are_questions(status: int, tmp_path: Path) -> None:
    with scripted_server(lambda _: Response(status=status)) as server, client_of(server.url) as index:
        assert index.upload(make_wheel(tmp_path, "maestro-x"), lambda _: None).meaning is Meaning.ASK


def test_a_page_in_json_on_another_host_is_followed_without_our_password(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path, "maestro-x")
    with scripted_server(lambda _: Response(body=wheel.path.read_bytes())) as files:
        page = f'{{"meta": {{"api-version": "1.0"}}, "files": [{{"filename": "{wheel.filename}", "hashes": {{}}'
        page += f', "url": "{files.url}/{wheel.filename}"}}]}}'
        kind = {"Content-Type": "application/vnd.pypi.simple.v1+json"}

        def answer(asked: Request) -> Response:
            assert "application/vnd.pypi.simple.v1+json" in asked.headers["accept"]
            return Response(headers=kind, body=page.encode())

        with scripted_server(answer) as server, client_of(server.url) as index:
            assert index.find(wheel) is State.PRESENT
            assert index.sha256_of("maestro-x", "1.0.0", wheel.filename) == wheel.sha256
            index.fetch("maestro-x", "1.0.0", wheel.filename, tmp_path / "fetched")
    assert (tmp_path / "fetched").read_bytes() == wheel.path.read_bytes()
    assert all("authorization" not in each.headers for each in files.requests)
    assert all("authorization" in each.headers for each in server.requests)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_no_answer_is_never_an_absent_project(status: int) -> None:
    answer = Response(status=status, headers={"Retry-After": "999"})
    with scripted_server(lambda _: answer) as server, client_of(server.url) as index, pytest.raises(MaestroError):
        index.project("maestro-x")
