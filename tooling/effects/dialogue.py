"""Speaks to one index for one user: every answer that is not the wanted one becomes words fit for an error."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tooling.effects.http_failures import ConnectionLostError
from tooling.plan.answers import Answer, Asked, Meaning, error_of, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tooling.effects.http_client import HttpClient
    from tooling.effects.upload_form import Form
    from tooling.errors import MaestroError
    from tooling.model.target import Target
    from tooling.plan.answers import Reply


class Dialogue:
    """What `http` and `target` say together."""

    def __init__(self, target: Target, http: HttpClient) -> None:
        self.target = target
        self.http = http

    def error(self, reply: Reply, doing: str, url: str, *, rights: str = "read") -> MaestroError:
        """Make the error of a read; `doing` completes "the index did not …", `rights` are those it takes."""
        asked = Asked(doing=doing, url=url, target=self.target, username=self.http.username, rights=rights)
        return error_of(read_answer(reply, asked, now=datetime.now(UTC)))

    def post(
        self, form: Form, url: str, sent: Callable[[int], None], *, rights: str = "add", accept: str = "text/html"
    ) -> Answer:
        """Make one attempt to upload a form; a connection that breaks is an answer too."""
        asked = Asked(
            doing=f"store {form.path.name}",
            url=url,
            target=self.target,
            username=self.http.username,
            rights=rights,
            uploading=True,
        )
        try:
            reply = self.http.write(url, body=form.stream(sent), headers={**form.headers, "Accept": accept})
        except ConnectionLostError as lost:
            return Answer(meaning=Meaning.LOST, code=lost.code, message=lost.message, hint=lost.hint)
        return read_answer(reply, asked, now=datetime.now(UTC))
