"""A hosted PyPI repository of a Nexus 3 server, as a publisher needs it.

What the server does, and why each request is the one it is, stands in nexus-protocol: 1 (repository paths), 3 (REST),
9 (rules for a client) and 12 (what was seen on running servers).
"""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from tooling.effects.dialogue import Dialogue
from tooling.effects.downloads import hash_of, metadata_of, save
from tooling.effects.nexus_probe import NexusProbe
from tooling.effects.nexus_rest import NexusRest
from tooling.effects.simple_pages import read_page
from tooling.effects.upload_form import classic_form, component_form
from tooling.plan.snapshot import Project, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tooling.effects.http_client import HttpClient
    from tooling.errors import MaestroError
    from tooling.model.artifact import Artifact
    from tooling.model.settings import Route
    from tooling.model.target import Target
    from tooling.plan.answers import Answer, Reply
    from tooling.plan.snapshot import IndexFile

# `"<sha1>"` of the data store and `"{SHA1{<sha1>}}"` of OrientDB; a compressing proxy makes either weak (`W/`).
_SHA1_TAG = re.compile(r'(?:W/)?"(?:\{SHA1\{)?(?P<sha1>[0-9a-f]{40})(?:\}\})?(?:-gzip)?"')


class NexusIndex:
    """Speaks to `target` by `http`; uploads by the classic route (`pypi`) or the Components API (`components`)."""

    def __init__(self, target: Target, http: HttpClient, *, route: Route = "pypi") -> None:
        self._target = target
        self._http = http
        self._route = route
        self._dialogue = Dialogue(target, http)
        self.rest = NexusRest(target, http)

    def probe(self, *, uploading: bool = True) -> None:
        """Make sure that this is a Nexus server whose repository takes uploads from this user, or shows itself."""
        probe = NexusProbe(self._target, self._http)
        probe.for_uploads() if uploading else probe.for_reading()

    def for_installers(self) -> NexusIndex:
        """The same server, as those read it who install from the group."""
        if self._target.group is None:
            return self
        return NexusIndex(replace(self._target, repository=self._target.group, group=None), self._http)

    def group_problem(self) -> MaestroError | None:
        """Say that the group installers are told to read is not there; None where it is, or nobody says."""
        return NexusProbe(self._target, self._http).group_problem()

    def project(self, distribution: str) -> Project:
        """Read the page of a project; 404 and a page without links (what a group answers) both mean absent."""
        url = f"{self._target.simple_url}{distribution}/"
        reply = self._http.read(url, accept="text/html", stays=_is_offline)
        if reply.status == HTTPStatus.OK:
            files = read_page(reply.headers.get("content-type", ""), reply.body, reply.url)
            return Project(distribution=distribution, files=files)
        if reply.status == HTTPStatus.NOT_FOUND and "Repository not found" not in reply.message:
            return Project(distribution=distribution)
        raise self._dialogue.error(reply, f"show the page of {distribution}", url)

    def sha256_of(self, distribution: str, version: str, filename: str) -> str:
        """Learn a file's SHA-256: by REST if it knows one of these very bytes, else by downloading them."""
        sha1 = self._sha1(distribution, version, filename)
        known = self.rest.sha256_by_sha1(distribution, filename, sha1) if sha1 else None
        return known or hash_of(self._http, self._file_url(distribution, version, filename), self._dialogue.error)

    def fetch(self, distribution: str, version: str, filename: str, into: Path) -> None:
        """Download a file; `into` appears only once it is whole."""
        save(self._http, self._file_url(distribution, version, filename), into, self._dialogue.error)

    def metadata(self, file: IndexFile) -> bytes | None:
        """Read what is served beside a wheel, if the page says that something is."""
        return metadata_of(self._http, file)

    def find(self, artifact: Artifact) -> State:
        """Ask for the file itself; its ETag is its SHA-1, and where it is not, the file is downloaded and hashed."""
        url = self._file_url(artifact.distribution, artifact.version, artifact.filename)
        reply = self._http.read(url, method="HEAD", stays=_is_offline)
        if reply.status == HTTPStatus.NOT_FOUND and "Repository not found" not in reply.message:
            return State.ABSENT
        if reply.status != HTTPStatus.OK:
            raise self._dialogue.error(reply, f"say whether it has {artifact.filename}", url)
        sha1 = _sha1_in(reply)
        if sha1:
            return State.PRESENT if sha1 == artifact.sha1 else State.DIFFERENT
        return State.PRESENT if hash_of(self._http, url, self._dialogue.error) == artifact.sha256 else State.DIFFERENT

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Make one attempt by the chosen route."""
        classic = self._route == "pypi"
        form = classic_form(artifact) if classic else component_form(artifact)
        url = self._target.upload_url if classic else self.rest.url(f"components?repository={self._target.repository}")
        return self._dialogue.post(
            form,
            url,
            sent,
            rights="add" if classic else "{browse,read,add,edit}",
            accept="text/html" if classic else "application/json",
        )

    def heal(self, distribution: str) -> bool:
        """Delete the asset that a project's cached page is; the next read makes a new one (nexus-protocol 12.1)."""
        return self.rest.delete_page(distribution)

    def abandon(self) -> None:
        """Cut all connections."""
        self._http.abandon()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _file_url(self, distribution: str, version: str, filename: str) -> str:
        return f"{self._target.upload_url}packages/{quote(distribution)}/{quote(version)}/{quote(filename)}"

    def _sha1(self, distribution: str, version: str, filename: str) -> str | None:
        return _sha1_in(self._http.read(self._file_url(distribution, version, filename), method="HEAD"))


def _sha1_in(reply: Reply) -> str | None:
    found = _SHA1_TAG.fullmatch(reply.headers.get("etag", "")) if reply.status == HTTPStatus.OK else None
    return found["sha1"] if found else None


def _is_offline(reply: Reply) -> bool:
    return "Repository offline" in reply.message
