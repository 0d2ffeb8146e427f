"""A Nexus-compatible PyPI index in one process, for people who have no server and for tests that need one to misbehave.

The names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tooling.localnexus.disk import Disk
    from tooling.localnexus.faults import Faults
    from tooling.localnexus.lock import Holder, holder
    from tooling.localnexus.security import add_user
    from tooling.localnexus.serving import RunningIndex, running_index, serve
    from tooling.localnexus.settings import GROUP, HOSTED, PROXY, IndexSettings

PORT = 28081
"""Where it is kept up, unless another port is asked for."""

__all__ = [
    "GROUP",
    "HOSTED",
    "PORT",
    "PROXY",
    "Disk",
    "Faults",
    "Holder",
    "IndexSettings",
    "RunningIndex",
    "add_user",
    "holder",
    "running_index",
    "serve",
]

_HOMES = {
    "GROUP": "settings",
    "HOSTED": "settings",
    "PROXY": "settings",
    "Disk": "disk",
    "Faults": "faults",
    "Holder": "lock",
    "IndexSettings": "settings",
    "RunningIndex": "serving",
    "add_user": "security",
    "holder": "lock",
    "running_index": "serving",
    "serve": "serving",
}


def __getattr__(name: str) -> object:
    """Load a public name from the module it lives in."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
