"""Project pages of a simple index: HTML (PEP 503) and JSON (PEP 691), told apart by content type.

What installers need beyond names, addresses, hashes and core metadata (yanked, requires-python, signatures) is accepted
and left alone. A page that cannot be understood, or that ends in the middle, is an error and never an empty page.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

from tooling.errors import FailedError
from tooling.model.target import shown
from tooling.plan.snapshot import IndexFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.9, text/html;q=0.8"
_DIGEST = {"sha256": re.compile(r"[0-9a-f]{64}"), "md5": re.compile(r"[0-9a-f]{32}")}


def read_page(content_type: str, text: str, url: str) -> dict[str, IndexFile]:
    """Return the files a page lists, by name; of two of one name the first counts, as it does for installers.

    Args:
        content_type: the answer's header; anything that is not JSON is taken for HTML, as Nexus always sends.
        text: the page.
        url: the address it came from, against which its links are resolved.

    Raises:
        FailedError: IX23, when it is not a page of a simple index.
    """
    media_type = content_type.partition(";")[0].strip().lower()
    try:
        if media_type.endswith("json"):
            found = list(_from_json(text, url))
        elif media_type in {"", "text/html", "application/vnd.pypi.simple.v1+html", "application/xhtml+xml"}:
            found = list(_from_html(text, url))
        else:
            raise _unreadable(url, f"its content type is {media_type[:80]!r}")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(url, f"{type(error).__name__} while reading it") from error
    files: dict[str, IndexFile] = {}
    for each in found:
        files.setdefault(each.filename, each)
    return files


def _from_json(text: str, url: str) -> Iterable[IndexFile]:
    page = json.loads(text)
    version = str(page["meta"]["api-version"])
    if version.partition(".")[0] != "1":
        raise ValueError(version)
    for entry in page["files"]:
        hashes = {str(name).lower(): value for name, value in entry["hashes"].items()}
        served = entry.get("core-metadata", entry.get("dist-info-metadata"))  # PEP 714: the latter was its first name
        yield _file(str(entry["filename"]), urljoin(url, entry["url"]), hashes, _metadata(served))


def _from_html(text: str, url: str) -> Iterable[IndexFile]:
    parser = _Links()
    # Fed once and never closed: what the parser holds back is the beginning of a tag whose end did not arrive.
    parser.feed(text)
    if "<" in parser.rawdata:
        raise _unreadable(url, "it ends in the middle")
    if not parser.tags:
        raise _unreadable(url, "it holds no markup at all")
    base = urljoin(url, parser.base) if parser.base else url
    for href, served in parser.links:
        address, fragment = urldefrag(urljoin(base, href))
        name = unquote(urlsplit(address).path.rpartition("/")[2])
        if name:
            algorithm, _, digest = fragment.partition("=")
            yield _file(name, address, {algorithm.lower(): digest}, _metadata(served))


def _metadata(served: object) -> str | None:
    """What a page says of core metadata: true or hashes in JSON, `true` or `sha256=…` in HTML, or nothing."""
    if isinstance(served, str):
        algorithm, _, digest = served.partition("=")
        served = {algorithm.strip().lower(): digest} if served.strip() else False
    if isinstance(served, dict):
        return _digest("sha256", served) or ""
    return "" if served is True else None


def _file(filename: str, url: str, hashes: Mapping[str, object], metadata: str | None) -> IndexFile:
    if urlsplit(url).scheme not in {"http", "https"} or "/" in filename or filename in {"", ".", ".."}:
        raise ValueError(filename)
    return IndexFile(
        filename=filename,
        url=urldefrag(url)[0],
        sha256=_digest("sha256", hashes),
        md5=_digest("md5", hashes),
        metadata=metadata,
    )


def _digest(algorithm: str, hashes: Mapping[str, object]) -> str | None:
    """Take a digest only when it is whole: half a hash is no hash, and never equal to anything."""
    value = str(hashes.get(algorithm, "")).lower()
    return value if _DIGEST[algorithm].fullmatch(value) else None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[tuple[str, str | None]] = []
        self.base = ""
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += 1
        found = dict(reversed(attrs))  # of a repeated one the first counts
        href = found.get("href")
        if not href:
            return
        if tag == "a":
            served = found.get("data-core-metadata", found.get("data-dist-info-metadata"))
            self.links.append((href.strip(), served))
        elif tag == "base" and not self.base:
            self.base = href.strip()


def _unreadable(url: str, why: str) -> FailedError:
    return FailedError(
        "IX23",
        f"The page at {shown(url)} is not one of a simple index: {why}.",
        "Open it in a browser; if it is a sign-in page or an error page, NEXUS_URL names the wrong place.",
    )
