"""An index to look at: nobody is asked for a password, no right to upload is needed, and none is begun by looking.

So a change request can be compared with what is published where no secret is at hand.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tooling.effects.connection import Connection
    from tooling.effects.ports import Index
    from tooling.effects.progress import Watcher
    from tooling.model.settings import Settings

    Opening = Callable[[], AbstractContextManager[Connection]]


def is_begun(settings: Settings) -> bool:
    """Whether there is an index to look at: an embedded one that was never filled is not begun by looking."""
    return settings.url is not None or settings.data.is_dir()


@contextmanager
def reading(opening: Opening | None, watcher: Watcher) -> Iterator[Index | None]:
    """Lend the index that `opening` opens; None where none was ever begun: then nothing is published."""
    if opening is None:
        watcher.says("No NEXUS_URL and no embedded index: nothing is published yet.")
        yield None
        return
    with opening() as connection:
        yield connection.index
