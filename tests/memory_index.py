"""An index in memory that fails the way the real ones do; `tests/contract` holds it to them.

Answers are made by the same tables as for a server, from the statuses and words that Nexus sends.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tooling.errors import FailedError
from tooling.model.artifact import digest_file
from tooling.model.target import Target
from tooling.plan.answers import Answer, Asked, Meaning, Reply, error_of, read_answer
from tooling.plan.snapshot import IndexFile, Project, State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tooling.model.artifact import Artifact, Digests

BLOCK = 1 << 16
_REDEPLOY = {
    "datastore": "{repository}/packages/{distribution}/{version}/{filename} cannot be updated",
    "orient": "Repository does not allow updating assets: {repository}",
}
_READ_ONLY = {
    "datastore": "{repository}/packages/{distribution}/{version}/{filename} is read-only",
    "orient": "Repository is read only: {repository}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one call meets: a status with words, or None for a broken connection; `stored`: after the file was taken."""

    status: int | None = 503
    words: str = "Service Unavailable"
    headers: dict[str, str] = field(default_factory=dict)
    stored: bool = False


LOST = Fault(status=None)
LOST_AFTER_STORING = Fault(status=None, stored=True)


@dataclass(slots=True)
class MemoryStore:
    """What the server holds: contents and digests by project and file, and the pages it has kept."""

    files: dict[str, dict[str, tuple[bytes, Digests]]] = field(default_factory=dict)
    pages: dict[str, dict[str, IndexFile]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass(slots=True, kw_only=True)
class MemoryIndex:
    """The `Index` port over a `MemoryStore`, which several of them may share.

    Attributes:
        policy: what happens to a second upload of a file, by Nexus' names.
        dialect: whose words refuse it.
        kind: what the target is; only `hosted` takes uploads, and a group answers an empty page for an absent project.
        accepted: whether the credentials are right.
        may_add: whether the user may upload.
        may_heal: whether the user may delete a kept page.
        md5_only: pages say md5 and nothing else.
        stale_pages: a page read during an upload is kept without that file.
        meanwhile: called when an upload has arrived and is not stored yet.
        lag: how many reads of a project's page after an upload still see what was before it.
        uploads: faults by the number of the upload call, from 1.
        reads: faults by the number of the page read, from 1.
        calls: every call, as (method, subject), in order.
    """

    store: MemoryStore = field(default_factory=MemoryStore)
    policy: Literal["ALLOW", "ALLOW_ONCE", "DENY"] = "ALLOW_ONCE"
    dialect: Literal["datastore", "orient"] = "datastore"
    kind: Literal["hosted", "group", "unknown"] = "hosted"
    accepted: bool = True
    may_add: bool = True
    may_heal: bool = True
    md5_only: bool = False
    stale_pages: bool = False
    meanwhile: Callable[[], object] = lambda: None
    lag: int = 0
    uploads: dict[int, Fault] = field(default_factory=dict)
    reads: dict[int, Fault] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    _behind: dict[str, tuple[int, dict[str, IndexFile]]] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)
    _target: Target = field(
        default_factory=lambda: Target(kind="nexus", base="http://memory", repository="r", group="g")
    )

    @property
    def uploaded(self) -> int:
        """How many uploads were attempted."""
        return self._counts["upload"]

    def probe(self, *, uploading: bool = True) -> None:
        """Refuse wrong credentials, an unknown repository, and for uploads a group."""
        self._note("probe", "")
        self._guard("show the repository")
        if uploading and self.kind == "group":
            raise error_of(self._read(400, "Uploading components is unsupported, must be 'hosted'", "take uploads"))

    def project(self, distribution: str) -> Project:
        """Show the kept page, or build and keep it."""
        number = self._note("project", distribution)
        self._guard(f"show the page of {distribution}")
        fault = self.reads.get(number)
        if fault is not None:
            raise self._failed(fault, f"show the page of {distribution}")
        with self.store.lock:
            left, old = self._behind.get(distribution, (0, {}))
            if left:
                self._behind[distribution] = (left - 1, old)
                return Project(distribution=distribution, files=old)
            page = self.store.pages.setdefault(distribution, self._page(distribution))
            return Project(distribution=distribution, files=dict(page))

    def sha256_of(self, distribution: str, version: str, filename: str) -> str:
        """Tell what is stored."""
        self._note("sha256_of", filename)
        self._guard("hand out the file")
        return self._stored(distribution, version, filename)[1].sha256

    def fetch(self, distribution: str, version: str, filename: str, into: Path) -> None:
        """Write what is stored."""
        self._note("fetch", filename)
        self._guard("hand out the file")
        into.write_bytes(self._stored(distribution, version, filename)[0])

    def metadata(self, file: IndexFile) -> bytes | None:
        """Serve none, as Nexus does."""
        self._note("metadata", file.filename)
        self._guard("hand out the file")
        return None

    def find(self, artifact: Artifact) -> State:
        """Compare by SHA-1, as an ETag allows."""
        self._note("find", artifact.filename)
        self._guard("say whether it has the file")
        with self.store.lock:
            found = self.store.files.get(artifact.distribution, {}).get(artifact.filename)
        if found is None:
            return State.ABSENT
        return State.PRESENT if found[1].sha1 == artifact.sha1 else State.DIFFERENT

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Read the file as it is on disk, meet the scripted fault if there is one, else store by the policy."""
        number = self._note("upload", artifact.filename)
        fault = self.uploads.get(number)
        doing = f"store {artifact.filename}"
        if fault is not None and not fault.stored:
            return self._fault(fault, doing)
        refusal = self._refusal(doing)
        if refusal is not None:
            return refusal
        with self.store.lock:
            before = self.store.pages.pop(artifact.distribution, None) or self._page(artifact.distribution)
        content = artifact.path.read_bytes()
        if len(content) != artifact.size:
            raise FailedError("IX24", f"{artifact.filename} changed after it was built.", "Build it again.")
        for start in range(0, len(content), BLOCK):
            sent(len(content[start : start + BLOCK]))
        self.meanwhile()
        answer = self._keep(artifact, content, doing)
        if answer.meaning is Meaning.STORED and self.lag:
            self._behind[artifact.distribution] = (self.lag, before)
        return self._fault(fault, doing) if fault is not None else answer

    def heal(self, distribution: str) -> bool:
        """Drop the kept page."""
        self._note("heal", distribution)
        if self.may_heal:
            with self.store.lock:
                self.store.pages.pop(distribution, None)
        return self.may_heal

    def _keep(self, artifact: Artifact, content: bytes, doing: str) -> Answer:
        digests = digest_file(artifact.path)
        if digests.md5 != artifact.md5:
            words = f"Digests do not match, found: {digests.md5}, expected: {artifact.md5}"
            return self._read(400, words, doing, uploading=True)
        with self.store.lock:
            files = self.store.files.setdefault(artifact.distribution, {})
            refusals = self._refusals(known=artifact.filename in files)
            if refusals:
                return self._read(400, self._worded(refusals[self.dialect], artifact), doing, uploading=True)
            files[artifact.filename] = (content, digests)
            if not self.stale_pages:
                self.store.pages.pop(artifact.distribution, None)
        return self._read(200, "OK", doing, uploading=True)

    def _refusals(self, *, known: bool) -> dict[str, str]:
        """The words that refuse an upload, by dialect; empty where it is welcome."""
        if self.policy == "DENY":
            return _READ_ONLY
        return _REDEPLOY if self.policy == "ALLOW_ONCE" and known else {}

    def _refusal(self, doing: str) -> Answer | None:
        if not self.accepted:
            return self._read(401, "Unauthorized", doing, uploading=True)
        if self.kind != "hosted":
            words = "Repository not found" if self.kind == "unknown" else "Not Found"
            return self._read(404, words, doing, uploading=True)
        return None if self.may_add else self._read(403, "Forbidden", doing, uploading=True)

    def _guard(self, doing: str) -> None:
        if not self.accepted:
            raise error_of(self._read(401, "Unauthorized", doing))
        if self.kind == "unknown":
            raise error_of(self._read(404, "Repository not found", doing))

    def _page(self, distribution: str) -> dict[str, IndexFile]:
        return {
            name: IndexFile(
                filename=name,
                url=f"{self._target.upload_url}packages/{distribution}/{name}",
                sha256=None if self.md5_only else digests.sha256,
                md5=digests.md5 if self.md5_only else None,
            )
            for name, (_, digests) in self.store.files.get(distribution, {}).items()
        }

    def _stored(self, distribution: str, version: str, filename: str) -> tuple[bytes, Digests]:
        with self.store.lock:
            found = self.store.files.get(distribution, {}).get(filename)
        if found is None:
            raise FailedError("IX26", f"There is no file {distribution}/{version}/{filename}.", "Run again.")
        return found

    def _worded(self, template: str, artifact: Artifact) -> str:
        return template.format(
            repository=self._target.repository,
            distribution=artifact.distribution,
            version=artifact.version,
            filename=artifact.filename,
        )

    def _fault(self, fault: Fault, doing: str) -> Answer:
        if fault.status is None:
            return Answer(meaning=Meaning.LOST, code="IX05", message="The connection broke.", hint="Run again.")
        return self._read(fault.status, fault.words, doing, uploading=True, headers=fault.headers)

    def _failed(self, fault: Fault, doing: str) -> Exception:
        if fault.status is None:
            return FailedError("IX05", "The connection broke.", "Run again.")
        return error_of(self._read(fault.status, fault.words, doing, headers=fault.headers))

    def _read(
        self, status: int, words: str, doing: str, *, uploading: bool = False, headers: dict[str, str] | None = None
    ) -> Answer:
        asked = Asked(
            doing=doing, url=self._target.upload_url, target=self._target, username="memory", uploading=uploading
        )
        return read_answer(Reply(status=status, reason=words, headers=headers or {}), asked, now=datetime.now(UTC))

    def _note(self, method: str, subject: str) -> int:
        with self.store.lock:
            self.calls.append((method, subject))
            self._counts[method] += 1
            return self._counts[method]
