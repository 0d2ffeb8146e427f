"""How a file differs from the published one of its name, for the words of a report."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tooling.effects.archives import HERE, difference
from tooling.errors import MaestroError

if TYPE_CHECKING:
    from tooling.effects.ports import Index


def published_difference(
    index: Index, path: Path, distribution: str, version: str, where: tuple[str, str] = HERE
) -> str:
    """Fetch the published file and say in a clause how they differ (`archives.difference`), or why nobody can say."""
    with tempfile.TemporaryDirectory(prefix="maestro-") as folder:
        published = Path(folder) / path.name
        try:
            index.fetch(distribution, version, path.name, published)
            return difference(path, published, where)
        except MaestroError as error:
            return f"what differs could not be learned ({error.message.removesuffix('.')})"
