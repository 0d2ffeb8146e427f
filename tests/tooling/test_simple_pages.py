"""Reading project pages, whoever made them."""

from __future__ import annotations

import html
import json
from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.effects.simple_pages import read_page
from tooling.errors import FailedError
from tooling.plan.snapshot import IndexFile

URL = "http://h/repository/r/simple/maestro-x/"
SHA256, MD5 = "ab" * 32, "cd" * 16
WHEEL = "maestro_x-1.0.0-py3-none-any.whl"
NEXUS_PAGE = f"""<html lang="en">
<head><title>Links for maestro-x</title><meta name="api-version" value="2"/></head>
<body><h1>Links for maestro-x</h1>
<a href="../../packages/maestro-x/1.0.0/{WHEEL}#sha256={SHA256}" rel="internal"
   data-requires-python="&gt;=3.11">{WHEEL}</a><br/>
<a href="../../packages/maestro-x/1.0.0/maestro_x-1.0.0.tar.gz#md5={MD5}" rel="internal">maestro_x-1.0.0.tar.gz</a><br/>
</body></html>
"""


def html_of(*links: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html><head>{head}</head><body>{''.join(links)}</body></html>"


def test_a_page_of_nexus_lists_absolute_addresses_and_hashes() -> None:
    files = read_page("text/html", NEXUS_PAGE, URL)
    assert files == {
        WHEEL: IndexFile(
            filename=WHEEL, url=f"http://h/repository/r/packages/maestro-x/1.0.0/{WHEEL}", sha256=SHA256, md5=None
        ),
        "maestro_x-1.0.0.tar.gz": IndexFile(
            filename="maestro_x-1.0.0.tar.gz",
            url="http://h/repository/r/packages/maestro-x/1.0.0/maestro_x-1.0.0.tar.gz",
            sha256=None,
            md5=MD5,
        ),
    }


def test_a_json_page_says_the_same() -> None:
    page = {
        "meta": {"api-version": "1.3"},
        "name": "maestro-x",
        "files": [
            {"filename": WHEEL, "url": f"../../f/{WHEEL}", "hashes": {"sha256": SHA256.upper()}, "yanked": "why"},
            {"filename": "x.tar.gz", "url": "https://cdn/x.tar.gz", "hashes": {}, "requires-python": ">=3"},
        ],
        "versions": ["1.0.0"],
    }
    files = read_page("application/vnd.pypi.simple.v1+json", json.dumps(page), URL)
    assert files[WHEEL].url == f"http://h/repository/r/f/{WHEEL}"
    assert files[WHEEL].sha256 == SHA256
    assert files["x.tar.gz"].sha256 is None


def test_links_are_resolved_against_a_base_when_the_page_names_one() -> None:
    text = html_of(f'<a href="{WHEEL}">x</a>', head='<base href="/files/">')
    assert read_page("text/html; charset=utf-8", text, URL)[WHEEL].url == f"http://h/files/{WHEEL}"


def test_yanked_files_and_installer_attributes_are_files_like_any_other() -> None:
    text = html_of(f"<A HREF='{WHEEL}#sha256={SHA256}' data-yanked='' data-core-metadata=true>{WHEEL}</A>")
    assert read_page("text/html", text, URL)[WHEEL].sha256 == SHA256


def test_of_two_files_of_one_name_the_first_counts_as_it_does_in_a_group() -> None:
    text = html_of(f'<a href="a/{WHEEL}">x</a>', f'<a href="b/{WHEEL}">x</a>')
    assert read_page("text/html", text, URL)[WHEEL].url.endswith(f"/a/{WHEEL}")


def test_links_that_are_no_files_are_no_files() -> None:
    assert read_page("text/html", html_of('<a href="../">up</a>', "<a name='x'>x</a>"), URL) == {}


@pytest.mark.parametrize("digest", ["", "sha256=", f"sha256={SHA256[:-1]}", f"sha256={'g' * 64}", "sha512=aa", "egg=x"])
def test_half_a_hash_is_no_hash(digest: str) -> None:
    assert read_page("text/html", html_of(f'<a href="{WHEEL}#{digest}">x</a>'), URL)[WHEEL].sha256 is None


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("text/plain", "hello"),
        ("application/octet-stream", ""),
        ("application/vnd.pypi.simple.v1+json", "{"),
        ("application/vnd.pypi.simple.v1+json", "[]"),
        ("application/vnd.pypi.simple.v1+json", '{"files": []}'),
        ("application/vnd.pypi.simple.v1+json", '{"meta": {"api-version": "2.0"}, "files": []}'),
        ("application/vnd.pypi.simple.v1+json", '{"meta": {"api-version": "1.0"}, "files": [{"filename": "x"}]}'),
        ("application/vnd.pypi.simple.v1+json", '{"meta": {"api-version": "1.0"}, "files": {"a": 1}}'),
        ("application/vnd.pypi.simple.v1+json", "[" * 100_000),
        ("text/html", NEXUS_PAGE[: NEXUS_PAGE.rindex("</html>")] + '<a href="../../packages/maes'),
        ("text/html", "<!-- never closed"),
        ("text/html", ""),
        ("", "OK"),
        ("text/html", html_of('<a href="http://[/x.whl">x</a>')),
        ("text/html", html_of('<a href="file:///etc/passwd">x</a>')),
        ("text/html", html_of('<a href="x/..%2F..%2Fetc">x</a>')),
        ("text/html", html_of('<a href="x/%2e%2e">x</a>')),
    ],
)
def test_what_is_no_page_is_an_error_and_never_an_empty_page(content_type: str, text: str) -> None:
    with pytest.raises(FailedError) as caught:
        read_page(content_type, text, "http://user:secret@h/simple/x/")
    assert caught.value.code == "IX23"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "metadata"),
    [
        ({}, None),
        ({"core-metadata": True}, ""),
        ({"core-metadata": False}, None),
        ({"core-metadata": {"sha256": SHA256}}, SHA256),
        ({"core-metadata": {"md5": MD5}}, ""),
        ({"dist-info-metadata": {"sha256": SHA256}}, SHA256),
        ({"core-metadata": False, "dist-info-metadata": True}, None),
    ],
)
def test_a_page_tells_whether_metadata_is_served_beside_a_wheel(said: dict[str, object], metadata: str | None) -> None:
    """PEP 658 and its second name, which counts (PEP 714); in JSON and in HTML."""
    entry = {"filename": WHEEL, "url": WHEEL, "hashes": {}, **said}
    page = json.dumps({"meta": {"api-version": "1.1"}, "files": [entry]})
    assert read_page("application/vnd.pypi.simple.v1+json", page, URL)[WHEEL].metadata == metadata
    attributes = "".join(
        f' data-{name}="{"true" if value is True else "=".join(*value.items())}"'
        for name, value in said.items()
        if value is True or isinstance(value, dict)
    )
    if all(said.values()):
        html_page = html_of(f'<a href="{WHEEL}"{attributes}>{WHEEL}</a>')
        assert read_page("text/html", html_page, URL)[WHEEL].metadata == metadata


names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,20}\.whl", fullmatch=True)
digests = st.one_of(st.none(), st.binary(min_size=32, max_size=32).map(bytes.hex))
listings = st.dictionaries(names, digests, max_size=8)
decoration = st.sampled_from(["", " rel='internal'", ' data-requires-python="&gt;=3.11,&lt;4"', " data-yanked"])


@given(listings, decoration, st.sampled_from(["../../packages/x/", "/root/", "https://cdn/a/", "", "./"]))
def test_what_an_html_page_lists_is_read_back(listing: dict[str, str | None], extra: str, prefix: str) -> None:
    hrefs = {name: prefix + quote(name) + (f"#sha256={digest}" if digest else "") for name, digest in listing.items()}
    links = [f'<a{extra} href="{html.escape(href)}">{name}</a><br/>\n' for name, href in hrefs.items()]
    files = read_page("text/html", html_of(*links), URL)
    assert {name: file.sha256 for name, file in files.items()} == listing


@given(listings)
def test_what_a_json_page_lists_is_read_back(listing: dict[str, str | None]) -> None:
    entries = [
        {"filename": name, "url": f"f/{quote(name)}", "hashes": {"sha256": digest} if digest else {}}
        for name, digest in listing.items()
    ]
    page = json.dumps({"meta": {"api-version": "1.0"}, "files": entries})
    files = read_page("application/vnd.pypi.simple.v1+json", page, URL)
    assert {name: file.sha256 for name, file in files.items()} == listing


@given(st.text(), st.sampled_from(["text/html", "application/json", ""]))
def test_any_text_is_a_page_or_an_error(text: str, content_type: str) -> None:
    with suppress(FailedError):
        files = read_page(content_type, text, URL)
        assert all(name == file.filename for name, file in files.items())


@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "<a href=", "</", "<!", "<?", "<script><", '<a x="', "&#", "<![CDATA["]
)
def test_malformed_markup_is_read_in_one_pass(piece: str) -> None:
    """Python's parser takes hours for some of these when it is made to reach their end."""
    with suppress(FailedError):
        read_page("text/html", piece * (300_000 // len(piece)), URL)
