"""HTTP/1.1 as Nexus speaks it: reason phrases with a message in them, and connections that break when asked to."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from tooling.localnexus.answers import REASON

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

RESET = "reset_connection"
"""Key of the request state under which a request finds the call that resets its connection."""

_REASON = REASON.encode()
_LINGER_NOT = struct.pack("ii", 1, 0)


class _Connection(h11.Connection):
    """Writes the status line with the reason phrase that the answer carries as a private header."""

    def send_with_data_passthrough(self, event: h11.Event) -> list[bytes] | None:
        """Turn an event into bytes, as `send` does."""
        if isinstance(event, h11.Response):
            reason = next((value for name, value in event.headers if name == _REASON), None)
            if reason is not None:
                kept = [(name, value) for name, value in event.headers.raw_items() if name.lower() != _REASON]
                event = h11.Response(status_code=event.status_code, headers=kept, reason=reason)
        return super().send_with_data_passthrough(event)


class NexusProtocol(H11Protocol):
    """One connection; `lost` is set when it is gone."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, {**app_state, RESET: self.reset}, _loop)
        self.lost = asyncio.Event()
        self.conn = _Connection(h11.SERVER, config.h11_max_incomplete_event_size or (1 << 16))

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that nothing can be sent any more."""
        super().connection_lost(exc)
        self.lost.set()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the base class names it
        """Answer bytes that are no HTTP request: empty, as Nexus does, and with its headers."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            ending = [(b"content-length", b"0"), (b"connection", b"close")]
            headers = [*self.server_state.default_headers, *ending]
            answer = self.conn.send(h11.Response(status_code=400, headers=headers, reason=b"Bad Request"))
            self.transport.write(answer + self.conn.send(h11.EndOfMessage()))
        self.transport.close()

    async def reset(self) -> None:
        """Break the connection so that the client sees a reset, not an orderly end; return when it is gone."""
        raw = self.transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()
        await self.lost.wait()
