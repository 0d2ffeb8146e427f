"""The embedded index in this process, with every request and every accepted upload counted, and read without us."""

from __future__ import annotations

import hashlib
import re
import threading
import urllib.request
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from tooling.localnexus import HOSTED, Faults, IndexSettings, running_index

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tooling.localnexus import RunningIndex

PATIENCE = 30.0
LINK = re.compile(r'<a href="([^"#]*)(?:#(\w+)=([0-9a-f]+))?"[^>]*>([^<]*)</a>')

Pages = dict[str, dict[str, str]]
"""File name to SHA-256 for every project."""


@dataclass(slots=True)
class Traffic:
    """Counts requests and answers; `before` and `after` are told the number, from 1, of each as it happens."""

    before: Callable[[int, str, str], None] | None = None
    after: Callable[[int, str, str], None] | None = None
    begun: int = 0
    answered: int = 0
    accepted: int = 0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def request(self, method: str, path: str) -> None:
        """Take note of a request."""
        with self._changed:
            self.begun += 1
            number = self.begun
        if self.before is not None:
            self.before(number, method, path)

    def response(self, method: str, path: str, status: int) -> None:
        """Take note of an answer that is ready."""
        with self._changed:
            self.answered += 1
            number = self.answered
            self.statuses[method, status] += 1
            self.accepted += method == "POST" and status in {200, 204}
            self._changed.notify_all()
        if self.after is not None:
            self.after(number, method, path)

    def settle(self) -> None:
        """Wait until every request has been carried out, also those whose sender has died."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.begun == self.answered, PATIENCE), "a request is never answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedIndex:
    """A running index, its switches, and what was counted."""

    running: RunningIndex
    faults: Faults
    traffic: Traffic

    @property
    def variables(self) -> dict[str, str]:
        """The settings that name it, with its administrator."""
        assert self.running.password
        return {
            "NEXUS_URL": self.running.url,
            "NEXUS_USERNAME": self.running.username,
            "NEXUS_PASSWORD": self.running.password,
        }

    def pages(self) -> Pages:
        """Every project's page, as `pages_of` reads them."""
        return pages_of(self.running.url)


@contextmanager
def observed_index(data: Path, faults: Mapping[str, Any] | None = None, **settings: Any) -> Iterator[ObservedIndex]:
    """Run an index on the folder `data` with these switches of `Faults` and fields of `IndexSettings`."""
    traffic = Traffic()
    switches = Faults(on_request=traffic.request, on_response=traffic.response, **(faults or {}))
    with running_index(IndexSettings(data=data, faults=switches, **settings)) as running:
        yield ObservedIndex(running=running, faults=switches, traffic=traffic)


def pages_of(url: str, repository: str = HOSTED) -> Pages:
    """Read every project's page, and hash every file that it links to; both hashes have to agree."""
    root = f"{url}/repository/{repository}/simple/"
    return {name: _page(urljoin(root, href)) for href, _, _, name in LINK.findall(read(root).decode())}


def stored_in(data: Path) -> Pages:
    """What a folder that nobody serves holds, as an index shows it that is started on it."""
    with running_index(IndexSettings(data=data)) as running:
        return pages_of(running.url)


def read(url: str) -> bytes:
    """Fetch an address."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - an address of our own
        content: bytes = answer.read()
        return content


def _page(url: str) -> dict[str, str]:
    files = {}
    for href, algorithm, digest, name in LINK.findall(read(url).decode()):
        files[unescape(name)] = hashlib.sha256(read(urljoin(url, unescape(href)))).hexdigest()
        assert (algorithm, digest) == ("sha256", files[unescape(name)]), f"the page lies about {name}"
    return files
