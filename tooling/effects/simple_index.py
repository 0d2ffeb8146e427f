"""Any index with simple pages (PEP 503, PEP 691) that takes uploads by the classic route, such as pypiserver."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from tooling.effects.dialogue import Dialogue
from tooling.effects.downloads import hash_of, metadata_of, not_there, save
from tooling.effects.simple_pages import ACCEPT, read_page
from tooling.effects.upload_form import classic_form
from tooling.errors import FailedError, UsageError
from tooling.plan.retry import Backoff
from tooling.plan.snapshot import IndexFile, Project, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tooling.effects.http_client import HttpClient
    from tooling.model.artifact import Artifact
    from tooling.model.target import Target
    from tooling.plan.answers import Answer

PATIENCE = Backoff(base=0.2, cap=1.0, per_file=3.0)


class SimpleIndex:
    """Speaks to `target` by `http`. The page of a project is all such an index can be asked about a file."""

    def __init__(self, target: Target, http: HttpClient) -> None:
        self._target = target
        self._http = http
        self._dialogue = Dialogue(target, http)

    def probe(self, *, uploading: bool = True) -> None:
        """Make sure that there are simple pages, and for `uploading` that the password counts where one is asked for.

        An upload without a file is what shows the latter: pages are often open to everybody. Servers answer it with
        401 or 403 to a stranger, and with any other error, or nothing done, to a friend.
        """
        url = self._target.simple_url
        reply = self._http.read(url, accept=ACCEPT, follow=False, patience=PATIENCE)
        if reply.status != HTTPStatus.OK:
            raise self._dialogue.error(reply, "show its list of projects", url)
        try:
            read_page(reply.headers.get("content-type", ""), reply.body, reply.url)
        except FailedError as error:
            raise UsageError("IX13", f"There is no simple index at {url}.", "Correct NEXUS_URL.") from error
        if uploading:
            self._probe_uploads()

    def _probe_uploads(self) -> None:
        url = self._target.upload_url
        empty = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": "0"}
        reply = self._http.write(url, body=[b""], headers=empty)
        if reply.status in {401, 402, 403, 407} or reply.status in range(300, 400):
            raise self._dialogue.error(reply, "take uploads", url)

    def project(self, distribution: str) -> Project:
        """Read the page of a project; 404 and a page without links both mean absent."""
        url = f"{self._target.simple_url}{distribution}/"
        reply = self._http.read(url, accept=ACCEPT)
        if reply.status == HTTPStatus.NOT_FOUND:
            return Project(distribution=distribution)
        if reply.status != HTTPStatus.OK:
            raise self._dialogue.error(reply, f"show the page of {distribution}", url)
        files = read_page(reply.headers.get("content-type", ""), reply.body, reply.url)
        return Project(distribution=distribution, files=files)

    def sha256_of(self, distribution: str, version: str, filename: str) -> str:  # noqa: ARG002 - its name has it
        """Take a file's SHA-256 from the page, else download the file and hash it."""
        listed = self._listed(distribution, filename)
        return listed.sha256 or hash_of(self._http, listed.url, self._dialogue.error)

    def fetch(self, distribution: str, version: str, filename: str, into: Path) -> None:  # noqa: ARG002 - as above
        """Download a file; `into` appears only once it is whole."""
        save(self._http, self._listed(distribution, filename).url, into, self._dialogue.error)

    def metadata(self, file: IndexFile) -> bytes | None:
        """Read what is served beside a wheel, if the page says that something is."""
        return metadata_of(self._http, file)

    def find(self, artifact: Artifact) -> State:
        """Look for the file on its project's page: such an index has no other place, and builds its pages anew."""
        listed = self.project(artifact.distribution).files.get(artifact.filename)
        if listed is None:
            return State.ABSENT
        sha256 = listed.sha256 or hash_of(self._http, listed.url, self._dialogue.error)
        return State.PRESENT if sha256 == artifact.sha256 else State.DIFFERENT

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Make one attempt by the classic route."""
        url, form = self._target.upload_url, classic_form(artifact)
        return self._dialogue.post(form, url, sent)

    def for_installers(self) -> SimpleIndex:
        """Itself: such an index has one address for all."""
        return self

    def group_problem(self) -> None:
        """Nothing: there are no groups."""

    def heal(self, distribution: str) -> bool:  # noqa: ARG002 - the port's signature
        """Nothing to drop: only Nexus keeps pages as files."""
        return False

    def abandon(self) -> None:
        """Cut all connections."""
        self._http.abandon()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def _listed(self, distribution: str, filename: str) -> IndexFile:
        listed = self.project(distribution).files.get(filename)
        if listed is None:
            raise not_there(f"{self._target.simple_url}{distribution}/{filename}")
        return listed
