"""One small workspace, drawn in every way."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import pytest
from factories import make_package, make_workspace_of

from tooling.faces.graphs import TEXTS, as_json, as_mermaid, as_svg, as_tree

SVG = "{http://www.w3.org/2000/svg}"
WORKSPACE = make_workspace_of(
    make_package("core-logging", "1.2.0"),
    make_package("cache", extras={"redis": ["redis>=5"], "logs": ["maestro-core-logging>=1.0"]}),
    make_package("end", needs=["maestro-core-logging>=1.0,<2", "maestro-cache"]),
)


def test_the_tree_has_a_paragraph_for_each_wave() -> None:
    assert as_tree(WORKSPACE).splitlines() == [
        "wave 1",
        "  core-logging 1.2.0",
        "wave 2",
        "  cache 1.0.0",
        "    └─ core-logging >=1.0 [logs]",
        "wave 3",
        "  end 1.0.0",
        "    ├─ core-logging <2,>=1.0",
        "    └─ cache",
    ]


def test_mermaid_has_a_node_for_each_package_and_dots_for_extras() -> None:
    assert as_mermaid(WORKSPACE).splitlines() == [
        "flowchart BT",
        '    p_cache["cache 1.0.0"]',
        '    p_core_logging["core-logging 1.2.0"]',
        '    p_end["end 1.0.0"]',
        "    p_cache -. logs .-> p_core_logging",
        "    p_end --> p_core_logging",
        "    p_end --> p_cache",
    ]


def test_json_has_waves_and_edges() -> None:
    told = as_json(WORKSPACE)
    assert json.loads(json.dumps(told)) == told
    assert told["waves"] == [["core-logging"], ["cache"], ["end"]]
    assert told["edges"] == [
        {"package": "cache", "needs": "core-logging", "versions": ">=1.0", "extra": "logs"},
        {"package": "end", "needs": "core-logging", "versions": "<2,>=1.0", "extra": None},
        {"package": "end", "needs": "cache", "versions": "", "extra": None},
    ]


def test_svg_is_xml_with_a_box_for_each_package_and_a_line_for_each_need() -> None:
    drawing = ET.fromstring(as_svg(WORKSPACE))  # noqa: S314 - our own text
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    assert texts == ["core-logging 1.2.0", "cache 1.0.0", "end 1.0.0"]
    lines = list(drawing.iter(f"{SVG}line"))
    assert len(lines) == 3
    assert len([line for line in lines if line.get("stroke-dasharray")]) == 1
    heights = [int(text.get("y", "")) for text in drawing.iter(f"{SVG}text")]
    assert heights == sorted(set(heights)), "a wave below the one it needs"
    for line in lines:
        assert int(line.get("y1", "")) > int(line.get("y2", "")), "from the user up to what it needs"
        middles = {text.get("x") for text in drawing.iter(f"{SVG}text")}
        assert {line.get("x1"), line.get("x2")} <= middles


def test_everything_in_the_picture_is_inside_it() -> None:
    wide = make_workspace_of(*(make_package(f"p{number}") for number in range(12)))
    drawing = ET.fromstring(as_svg(wide))  # noqa: S314 - our own text
    width, height = int(drawing.get("width", "")), int(drawing.get("height", ""))
    boxes = [each for each in drawing.iter(f"{SVG}rect") if each.get("rx")]
    assert len(boxes) == 12
    for box in boxes:
        assert int(box.get("x", "")) + int(box.get("width", "")) < width
        assert int(box.get("y", "")) + int(box.get("height", "")) < height


@pytest.mark.parametrize("form", TEXTS)
def test_a_workspace_without_packages_is_drawn_as_well(form: str) -> None:
    assert isinstance(TEXTS[form](make_workspace_of()), str)
