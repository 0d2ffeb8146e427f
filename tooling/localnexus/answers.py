"""The answers that are no content, in the two styles Nexus has: one for repository paths, another for REST."""

from __future__ import annotations

import json
import uuid
from html import escape
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

REASON: Final = "x-reason-phrase"
"""A header that never leaves: the protocol turns it into the reason phrase of the status line."""

VALIDATION: Final = "application/vnd.siesta-validation-errors-v1+json"
READ_ONLY: Final = "Nexus Repository Manager is in read-only mode"
LIMIT_REACHED: Final = (
    "PAYMENT REQUIRED: At current usage levels, Sonatype Nexus Repository Community Edition requires a paid license to "
    "publish or cache new components. Contact your repository administrator to resolve."
)
EULA_PENDING: Final = (
    "You must accept the End User License Agreement (EULA) to proceed. Contact your repository administrator."
)

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
  <title>{status} - Sonatype Nexus Repository</title>
  <meta http-equiv="Content-Type" content="text/html; charset=utf-8"/>
</head>
<body>
<div class="nexus-header"><div class="product-spec">{server}</div></div>
<div class="nexus-body">
  <div class="content-header">
    <span class="title">Error {status}</span>
    <span class="description">{phrase}</span>
  </div>
  <div class="content-body">
    <div class="content-section">
      {message}
    </div>
  </div>
</div>
</body>
</html>
"""


class Refused(Exception):  # noqa: N818 - an answer, not a failure of ours
    """Carries the answer of a request that is not served."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def reason_phrase(text: str) -> str:
    """Return text that may stand in a status line: one line of printable Latin-1."""
    return "".join(mark if mark.isprintable() and ord(mark) < 256 else "?" for mark in text)  # noqa: PLR2004 - Latin-1


def page(status: int, message: str = "", *, headers: Mapping[str, str] | None = None) -> Response:
    """An error below `/repository/`: the message stands in the reason phrase and, escaped, in an HTML page."""
    phrase = HTTPStatus(status).phrase
    told = message or phrase
    body = _PAGE.format(status=status, server="Sonatype Nexus Repository", phrase=phrase, message=escape(told))
    return Response(
        body,
        status,
        {
            REASON: reason_phrase(told),
            "content-type": "text/html",
            "cache-control": "no-cache, no-store, max-age=0, must-revalidate, post-check=0, pre-check=0",
            "pragma": "no-cache",
            "expires": "0",
            "x-frame-options": "DENY",
            **(headers or {}),
        },
    )


def challenge(*, close: bool = False) -> Response:
    """The 401 of both worlds: empty, and without a content type."""
    headers = {"www-authenticate": 'BASIC realm="Sonatype Nexus Repository Manager"'}
    return Response(status_code=401, headers=headers | ({"connection": "close"} if close else {}))


def rest_empty(status: int) -> Response:
    """A REST error that says nothing but its status."""
    return Response(status_code=status, headers=_fault())


def rest_array(message: str, *, field: str = "*") -> Response:
    """A validation error (400) in the array shape."""
    return _rest(400, json.dumps([{"id": field, "message": message}]), VALIDATION)


def rest_wrapped(status: int, message: str) -> Response:
    """An error raised without a type, in the wrapper that servers since 3.31 print."""
    return rest_text(status, f"ValidationErrorXO{{id='*', message='{message}'}}")


def rest_text(status: int, message: str) -> Response:
    """A REST error in plain text."""
    return _rest(status, message, "text/plain;charset=utf-8")


def rest_failure(cause: str) -> Response:
    """An unexpected failure (500)."""
    return rest_text(500, f"ERROR: (ID {uuid.uuid4()}) {cause}")


def _rest(status: int, body: str, media_type: str) -> Response:
    return Response(body, status, {"content-type": media_type, **_fault()})


def _fault() -> dict[str, str]:
    return {"x-siesta-faultid": str(uuid.uuid4())}
