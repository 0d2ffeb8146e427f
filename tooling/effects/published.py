"""An index that is only read: nobody is asked for a password, and no right to upload is needed.

So a change request can be compared with what is published where no secret is at hand.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tooling.effects.connection import connect, target_of
from tooling.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.effects.credentials import CredentialSources
    from tooling.effects.ports import Index
    from tooling.effects.progress import Watcher
    from tooling.model.settings import Settings
    from tooling.model.target import Credentials, Target


@contextmanager
def reading(settings: Settings, sources: CredentialSources, watcher: Watcher) -> Iterator[Index | None]:
    """Lend the index of the settings; None where none was ever begun: then nothing is published."""
    if settings.url is None:
        if not settings.data.is_dir():
            watcher.says("No NEXUS_URL and no embedded index: nothing is published yet.")
            yield None
            return
        with connect(settings, sources, watcher) as connection:
            yield connection.index
        return
    from tooling.effects.index_clients import open_index

    target, in_address = target_of(settings, settings.url)
    with open_index(target, _at_hand(settings, sources, target, in_address), route=settings.route) as index:
        yield index


def _at_hand(
    settings: Settings, sources: CredentialSources, target: Target, in_address: Credentials | None
) -> Credentials | None:
    """The credentials that lie ready; without any, one reads as everybody may."""
    try:
        return replace(sources, ask=lambda _question: None).find(settings, target, in_address)
    except UsageError as error:
        if error.code != "ST05":
            raise
        return None
