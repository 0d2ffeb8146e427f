"""A file on its way from upstream, handed on to everybody who asked for it while it is still arriving."""

from __future__ import annotations

import asyncio
import hashlib
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from tooling.localnexus.content import PIECE
from tooling.localnexus.disk import in_thread
from tooling.localnexus.upstream import UpstreamError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from tooling.localnexus.disk import StagedFile
    from tooling.localnexus.upstream import Upstream, UpstreamFile

_FLUSHED: Final = 1 << 18


class Download:
    """One fetch, which goes on even when everybody who asked for it has left.

    Args:
        upstream: where from.
        wanted: which file, and the digests it has to have.
        staged: where its bytes go.
        store: called with the sealed bytes, to keep them.
    """

    def __init__(
        self, upstream: Upstream, wanted: UpstreamFile, staged: StagedFile, store: Callable[[], Awaitable[None]]
    ) -> None:
        self._upstream = upstream
        self._wanted = wanted
        self._staged = staged
        self._store = store
        self._progress = asyncio.Condition()
        self._closed = False
        self.size: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run())
        self.task.add_done_callback(_noticed)

    async def pieces(self, kept: Callable[[], BinaryIO]) -> AsyncIterator[bytes]:
        """The bytes from the first on, as they arrive; the last of them when the file is known to be right, and kept.

        Args:
            kept: opens the file where it is kept, for those who come when it has arrived.

        Raises:
            UpstreamError: the fetch failed.
        """
        file: BinaryIO
        try:
            file = self._staged.path.open("rb", buffering=0)
        except FileNotFoundError:
            await asyncio.shield(self.task)
            file = kept()
        with file:
            arrived, held = False, b""
            while not arrived:
                arrived = await self._beyond(file.tell())
                while data := await in_thread(partial(file.read, PIECE)):
                    if held:
                        yield held
                    held = data
        await asyncio.shield(self.task)
        yield held

    async def _beyond(self, position: int) -> bool:
        """Wait until there are bytes after a position; True when no more will come."""
        async with self._progress:
            await self._progress.wait_for(lambda: self._closed or self._staged.written > position)
            return self._closed

    async def _run(self) -> None:
        try:
            self._staged.create()
            async with self._upstream.download(self._wanted.url) as response:
                length = response.headers.get("content-length", "")
                self.size.set_result(int(length) if length.isdigit() else None)
                async for piece in response.aiter_raw():
                    self._staged.feed(piece)
                    await self._staged.relieve(_FLUSHED)
                    await self._advance()
            await self._staged.seal()
            _compare(self._wanted.digests, self._staged.digests())
            await self._close()
            await self._store()
        except BaseException as error:
            self._fail(error)
            raise
        finally:
            await self._close()
            self._staged.abandon()

    def _fail(self, error: BaseException) -> None:
        if isinstance(error, asyncio.CancelledError):
            self.size.cancel()
        elif not self.size.done():
            self.size.set_exception(error)
            self.size.exception()  # noticed, whether or not anybody waits for it

    async def _advance(self) -> None:
        async with self._progress:
            self._progress.notify_all()

    async def _close(self) -> None:
        """Tell the readers that no more bytes will come."""
        async with self._progress:
            self._closed = True
            self._progress.notify_all()


def _compare(claimed: Mapping[str, str], found: Mapping[str, str]) -> None:
    for algorithm in claimed.keys() & found.keys():
        if claimed[algorithm].lower() != found[algorithm]:
            raise UpstreamError(502, f"The remote's file does not have the {algorithm} its page promises")


def _noticed(task: asyncio.Task[None]) -> None:
    """Take note of a failure, so that one nobody waits for is not reported as forgotten."""
    if not task.cancelled():
        task.exception()


def checkable(digests: Mapping[str, str]) -> set[str]:
    """The algorithms among a page's digests that can be computed here."""
    return {name for name in digests if name in hashlib.algorithms_guaranteed and not name.startswith("shake")}
