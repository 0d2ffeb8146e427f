"""What every request passes before its route: the faults a test asked for, a proper host, and a login."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import Headers
from starlette.responses import Response

from tooling.localnexus.answers import challenge, page
from tooling.localnexus.security import BadCredentialsError
from tooling.localnexus.wire import RESET

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from tooling.localnexus.faults import Faults
    from tooling.localnexus.security import Security

_HOST: Final = re.compile(r"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")


class FaultGate:
    """Delays, refuses or breaks off requests as `Faults` says, and calls its hooks."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        faults, method, path = self._faults, scope["method"], scope["path"]
        if faults.on_request is not None:
            faults.on_request(method, path)
        if faults.delay_seconds and faults.touches(method, path):
            await asyncio.sleep(faults.delay_seconds)
        fate = faults.fate(method, path)
        if fate == "reset before":
            await scope["state"][RESET]()
            return
        answer = _Answer(faults, scope, send, reset=fate == "reset after")
        try:
            if fate == "unavailable":
                headers = {} if faults.retry_after is None else {"retry-after": str(faults.retry_after)}
                await page(503, "Service Unavailable", headers=headers)(scope, receive, answer.send)
            else:
                await self._app(scope, receive, answer.send)
        except asyncio.CancelledError:  # the server stops, and has waited long enough
            await scope["state"][RESET]()


class _Answer:
    """An answer on its way: announced to the hook before it leaves, or lost instead of leaving."""

    def __init__(self, faults: Faults, scope: Scope, send: Send, *, reset: bool) -> None:
        self._faults = faults
        self._scope = scope
        self._send = send
        self._reset = reset
        self._lost = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._faults.on_response is not None:
                self._faults.on_response(self._scope["method"], self._scope["path"], message["status"])
            if self._reset:
                self._lost = True
                await self._scope["state"][RESET]()
        if not self._lost:
            await self._send(message)


class LoginGate:
    """Refuses bad credentials everywhere, before anything else is looked at, and remembers who calls."""

    def __init__(self, app: ASGIApp, security: Security, faults: Faults) -> None:
        self._app = app
        self._security = security
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = Headers(scope=scope)
        if not _HOST.fullmatch(headers.get("host", "none")):
            await Response(status_code=400)(scope, receive, send)
            return
        try:
            caller = await self._security.caller(headers.get("authorization"))
        except BadCredentialsError:
            if self._faults.close_on_401 and _has_body(headers):
                await scope["state"][RESET]()
                return
            await challenge(close=self._faults.close_on_401)(scope, receive, send)
            return
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["caller"] = caller
        await self._app(scope, receive, send)


def _has_body(headers: Headers) -> bool:
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
