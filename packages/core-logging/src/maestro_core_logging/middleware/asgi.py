"""Request context for ASGI applications: FastAPI, Starlette, Litestar, Quart, Django under ASGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_core_logging.context import LogContext
from maestro_core_logging.core import BRIDGE

from .request_fields import CORRELATION_ID, REQUEST_ID, request_fields, with_user

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

__all__ = ["ASGILoggingMiddleware"]

_SEEN = "maestro_core_logging.request_fields"


class ASGILoggingMiddleware:
    """Gives each HTTP request and WebSocket its own context and answers with its ids.

    `extract_user_id` gets the ASGI scope. Request bodies, responses and all headers, cookies too, pass untouched; the
    ids are added unless the application sent its own. Nested twice, the outer one's ids hold.
    """

    def __init__(self, app: App, extract_user_id: Callable[[Any], Any] | None = None) -> None:
        self.app = app
        self.extract_user_id = extract_user_id
        self._servers_adopted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if not self._servers_adopted:
            # A server sets up its loggers before it calls the application: they join ours here at the latest.
            self._servers_adopted = True
            BRIDGE.adopt_servers()
        if scope["type"] not in {"http", "websocket"} or _SEEN in scope:
            await self.app(scope, receive, send)
            return
        fields = request_fields(lambda name: _header(scope, name))
        scope[_SEEN] = fields
        with LogContext(**with_user(fields, self.extract_user_id, scope)):
            await self.app(scope, receive, _answering(send, fields))


def _answering(send: Send, fields: dict[str, Any]) -> Send:
    async def answer(message: MutableMapping[str, Any]) -> None:
        if message["type"] in {"http.response.start", "websocket.accept"}:
            headers = list(message.get("headers") or ())
            present = {bytes(name).lower() for name, _ in headers}
            for name, field in ((REQUEST_ID, "request_id"), (CORRELATION_ID, "correlation_id")):
                if name.encode() not in present:
                    headers.append((name.encode(), fields[field].encode()))
            message = {**message, "headers": headers}
        await send(message)

    return answer


def _header(scope: Scope, wanted: str) -> str | None:
    name = wanted.encode()
    return next(
        (bytes(value).decode("latin-1") for key, value in scope.get("headers") or () if key.lower() == name), None
    )
