"""Understanding the address of an index."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.errors import UsageError
from tooling.model.target import Target, read_target, shown

PLANTED = "p@:/%\"$' w"


def target_of(url: str, repository: str = "pypi-hosted", *, default: bool = True) -> Target:
    return read_target(url, repository=repository, group="pypi-group", kind="nexus", repository_is_default=default)[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://nexus.example.com:8081",
        "http://nexus.example.com:8081/",
        "HTTP://Nexus.Example.com:8081/",
        "http://nexus.example.com:8081/repository",
        "http://nexus.example.com:8081/repository/",
        "http://nexus.example.com:8081/repository/pypi-hosted",
        "http://nexus.example.com:8081/repository/pypi-hosted/",
        "http://nexus.example.com:8081/repository/pypi-hosted/simple/",
        "http://nexus.example.com:8081/service/rest/v1/status",
        "http://nexus.example.com:8081/#browse/browse:pypi-hosted",
        "http://nexus.example.com:8081/?x=1",
    ],
)
def test_every_address_a_user_may_have_at_hand_means_the_same_server(url: str) -> None:
    target = target_of(url)
    assert target.upload_url == "http://nexus.example.com:8081/repository/pypi-hosted/"
    assert target.simple_url == "http://nexus.example.com:8081/repository/pypi-hosted/simple/"
    assert target.install_url == "http://nexus.example.com:8081/repository/pypi-group/simple/"
    assert target.rest_url == "http://nexus.example.com:8081/service/rest/v1/"


@pytest.mark.parametrize("tail", ["", "/", "/repository/pypi-hosted/", "/service/rest/"])
def test_a_context_path_is_part_of_the_root(tail: str) -> None:
    assert target_of(f"https://example.com/tools/nexus{tail}").base == "https://example.com/tools/nexus"


def test_a_repository_in_the_address_wins_over_one_that_nobody_chose() -> None:
    assert target_of("http://h/repository/releases/").repository == "releases"


def test_a_repository_in_the_address_does_not_silently_win_over_one_that_was_chosen() -> None:
    with pytest.raises(UsageError, match="Set NEXUS_URL to http://h, or NEXUS_REPOSITORY") as caught:
        target_of("http://h/repository/releases/", "snapshots", default=False)
    assert caught.value.code == "IX01"


def test_without_a_group_installers_read_what_was_uploaded() -> None:
    target, _ = read_target("http://h", repository="r", group="", kind="nexus")
    assert target.install_url == target.simple_url


@pytest.mark.parametrize("url", ["http://h/root", "http://h/root/", "http://h/root/simple", "http://h/root/simple/"])
def test_any_other_index_takes_uploads_at_its_root_and_shows_pages_below(url: str) -> None:
    target, _ = read_target(url, repository="ignored", group="ignored", kind="simple")
    assert target.upload_url == "http://h/root/"
    assert target.install_url == "http://h/root/simple/"
    assert (target.rest_url, target.repository, target.group) == (None, None, None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nexus.example.com:8081", "Did you mean http://nexus.example.com:8081?"),
        ("localhost:8081", "Did you mean http://localhost:8081?"),
        ("ftp://nexus.example.com", "does not begin with http"),
        ("http://", "names no host"),
        ("http://h:port/", "malformed"),
        ("http://[::1/", "malformed"),
        ("http://h h/", "space"),
        ("http://h/\n", "space or a control character"),
        ("http://h/a@b", "@ after its host"),
        ("http://h/repository/a%20b/", "name of a Nexus repository"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_with_what_to_write(url: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        target_of(url)
    assert caught.value.code == "IX01"
    assert words in str(caught.value)


def test_user_info_comes_back_separately_and_is_shown_nowhere() -> None:
    target, credentials = read_target(
        f"http://ci%40corp:{quote(PLANTED, safe='')}@h:1/", repository="r", group=None, kind="nexus"
    )
    assert credentials is not None
    assert (credentials.username, credentials.password.reveal()) == ("ci@corp", PLANTED)
    assert "@" not in target.base
    assert PLANTED not in repr((target, credentials))


@pytest.mark.parametrize("secret", [PLANTED, "a/b", "a@b", "a:b", "a#b", "a?b", "100%", "a[b"])
@pytest.mark.parametrize("tail", ["h:8081", "h:port", "", "h/x y"])
def test_a_password_that_was_not_quoted_is_never_repeated(secret: str, tail: str) -> None:
    url = f"http://ci:{secret}@{tail}"
    assert shown(url) == f"http://{tail}"
    try:
        target, _ = read_target(url, repository="r", group=None, kind="nexus")
    except UsageError as error:
        chain: BaseException | None = error
        while chain is not None:
            assert secret not in str(chain)
            chain = chain.__cause__
    else:
        assert secret not in target.base


@given(st.text(max_size=60))
def test_whatever_is_given_is_understood_or_refused(text: str) -> None:
    with suppress(UsageError):
        base = target_of(text).base
        assert target_of(base) == Target(kind="nexus", base=base, repository="pypi-hosted", group="pypi-group")


@given(st.from_regex(r"https?://[a-z]{1,8}(:[1-9][0-9]{1,3})?(/[a-z]{1,5}){0,2}/?", fullmatch=True))
def test_every_plain_root_is_understood(url: str) -> None:
    assert target_of(url).base == url.rstrip("/")
