"""When a module may fail to import: when it says itself which extra to install, and that extra is not installed.

The house's sentence for it is the command that helps: `pip install maestro-cache[redis]` (packages raise it as a
`MissingExtraError`, an `ImportError`). Anything else that fails is a requirement nobody declared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from tooling.model.package import Package

_NAMED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\[(?P<extras>[\w.,\s-]+)\]")


def excused_by(package: Package, installed: Collection[str], text: str) -> frozenset[str]:
    """The extras of `package`, not `installed`, that the text of an `ImportError` asks for; empty: no excuse."""
    asked = {
        canonicalize_name(extra.strip())
        for named in _NAMED.finditer(text)
        if canonicalize_name(named["name"]) == package.distribution
        for extra in named["extras"].split(",")
    }
    return frozenset(asked & package.extras.keys() - set(installed))
