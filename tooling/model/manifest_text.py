"""A `pyproject.toml` with another version and other ranges: comments, order, quotes and line ends stay (tomlkit)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    Moved = Callable[[str, str | None], str]
    """From a requirement's text, and the extra (if any) or dependency group it stands in, to the text in its place."""


def with_edits(text: str, version: Version, moved: Moved) -> str:
    """The manifest with that version, and every requirement of it and of its extras as `moved` has it."""
    import tomlkit

    document = tomlkit.parse(text)
    project: Any = document["project"]
    project["version"] = _quoted_alike(project["version"], str(version))
    extras = project.get("optional-dependencies", {})
    arrays = [(project.get("dependencies", []), None), *((extras[extra], extra) for extra in extras)]
    for array, extra in arrays:
        _rewrite(array, extra, moved)
    return tomlkit.dumps(document)


def with_groups(text: str, moved: Moved) -> str:
    """The manifest with every text in its dependency groups as `moved` has it; the groups they include stay."""
    import tomlkit

    document = tomlkit.parse(text)
    groups: Any = document.get("dependency-groups", {})
    for group in groups:
        _rewrite(groups[group], group, moved)
    return tomlkit.dumps(document)


def _rewrite(array: Any, home: str | None, moved: Moved) -> None:
    for place, item in enumerate(array):
        new = moved(str(item), home) if isinstance(item, str) else item
        if new != item:
            array[place] = _quoted_alike(item, new)


def _quoted_alike(old: Any, new: str) -> Any:
    """A TOML string quoted as the old one is, where the new text can be."""
    import tomlkit

    return tomlkit.string(new, literal=old.as_string().startswith("'") and "'" not in new)
