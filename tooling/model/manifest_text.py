"""A `pyproject.toml` with another version and other ranges: comments, order, quotes and line ends stay (tomlkit)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    Moved = Callable[[str, str | None], str]
    """From a requirement's text, and the extra it belongs to, to the text that takes its place."""


def with_edits(text: str, version: Version, moved: Moved) -> str:
    """The manifest with that version, and every requirement of it and of its extras as `moved` has it."""
    import tomlkit

    document = tomlkit.parse(text)
    project: Any = document["project"]
    project["version"] = _quoted_alike(project["version"], str(version))
    extras = project.get("optional-dependencies", {})
    arrays = [(project.get("dependencies", []), None), *((extras[extra], extra) for extra in extras)]
    for array, extra in arrays:
        for place, item in enumerate(array):
            new = moved(str(item), extra)
            if new != item:
                array[place] = _quoted_alike(item, new)
    return tomlkit.dumps(document)


def _quoted_alike(old: Any, new: str) -> Any:
    """A TOML string quoted as the old one is, where the new text can be."""
    import tomlkit

    return tomlkit.string(new, literal=old.as_string().startswith("'") and "'" not in new)
