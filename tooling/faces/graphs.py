"""The graph of the workspace as a tree, Mermaid, SVG or JSON; always in publishing order."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tooling.model.workspace import Workspace

_BOX_WIDTH, _BOX_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 34, 40, 60, 20


def edges(workspace: Workspace) -> list[dict[str, str | None]]:
    """Every in-house requirement: who needs what, at which versions, through which extra."""
    return [
        {"package": name, "needs": need.package, "versions": str(need.requirement.specifier), "extra": need.extra}
        for wave in workspace.waves()
        for name in wave
        for need in workspace.needs[name]
    ]


def as_json(workspace: Workspace) -> dict[str, object]:
    """Waves and edges."""
    return {"command": "graph", "waves": [list(wave) for wave in workspace.waves()], "edges": edges(workspace)}


def as_tree(workspace: Workspace) -> str:
    """One paragraph per wave; below each package what it needs, with extras in brackets."""
    return "\n".join(_tree(workspace))


def _tree(workspace: Workspace) -> Iterator[str]:
    for number, wave in enumerate(workspace.waves(), start=1):
        yield f"wave {number}"
        for name in wave:
            yield f"  {name} {workspace.packages[name].version}"
            needs = workspace.needs[name]
            for position, need in enumerate(needs, start=1):
                branch = "└─" if position == len(needs) else "├─"
                through = f" [{need.extra}]" if need.extra else ""
                yield f"    {branch} {need.package} {need.requirement.specifier}{through}".rstrip()


def as_mermaid(workspace: Workspace) -> str:
    """A flowchart; an edge through an extra is dotted and bears its name."""
    lines = ["flowchart BT"]
    for name, package in workspace.packages.items():
        lines.append(f'    {_node(name)}["{name} {package.version}"]')
    for edge in edges(workspace):
        arrow = f"-. {edge['extra']} .->" if edge["extra"] else "-->"
        lines.append(f"    {_node(str(edge['package']))} {arrow} {_node(str(edge['needs']))}")
    return "\n".join(lines)


def _node(name: str) -> str:
    """Mermaid takes some plain words, such as `end`, for its own: nodes get a prefix."""
    return "p_" + name.replace("-", "_").replace(".", "_")


def as_svg(workspace: Workspace) -> str:
    """Draw one row per wave, the first at the top; dashed lines are extras."""
    places = {
        name: (_MARGIN + column * (_BOX_WIDTH + _GAP_X), _MARGIN + row * (_BOX_HEIGHT + _GAP_Y))
        for row, wave in enumerate(workspace.waves())
        for column, name in enumerate(wave)
    }
    width = max((x for x, _ in places.values()), default=0) + _BOX_WIDTH + _MARGIN
    height = max((y for _, y in places.values()), default=0) + _BOX_HEIGHT + _MARGIN
    lines = [
        _line(places[str(e["package"])], places[str(e["needs"])], dashed=bool(e["extra"])) for e in edges(workspace)
    ]
    boxes = [_box(f"{name} {workspace.packages[name].version}", place) for name, place in places.items()]
    sizes = f'width="{width}" height="{height}" font-family="sans-serif" font-size="13"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {sizes}>'
    return "\n".join((head, '<rect width="100%" height="100%" fill="white"/>', *lines, *boxes, "</svg>"))


def _line(lower: tuple[int, int], upper: tuple[int, int], *, dashed: bool) -> str:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<line x1="{lower[0] + _BOX_WIDTH // 2}" y1="{lower[1]}" x2="{upper[0] + _BOX_WIDTH // 2}" '
        f'y2="{upper[1] + _BOX_HEIGHT}" stroke="#888"{dash}/>'
    )


def _box(text: str, place: tuple[int, int]) -> str:
    x, y = place
    return (
        f'<rect x="{x}" y="{y}" width="{_BOX_WIDTH}" height="{_BOX_HEIGHT}" rx="5" fill="#eef4ff" stroke="#446"/>'
        f'<text x="{x + _BOX_WIDTH // 2}" y="{y + _BOX_HEIGHT // 2 + 5}" text-anchor="middle">{escape(text)}</text>'
    )


TEXTS: dict[str, Callable[[Workspace], str]] = {"tree": as_tree, "mermaid": as_mermaid, "svg": as_svg}
