"""A manifest is edited where it must be: every other byte stays."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from properties import untimed

from tooling.model.manifest_text import with_edits, with_groups

TEXT = """\
# A comment above everything.
[build-system]
requires = ["hatchling>=1.27"]   # kept

[project]
name = "maestro-core-api"
version = '1.0.0'   # the version
dependencies = [
    # in house
    "maestro.core_config[x]>=1.0,<2 ; python_version < '3.13'",  # why
    'structlog>=25',
    "left-pad @ https://user@example.com/left.whl",
]

[project.optional-dependencies]
log = ["Maestro_Core_Logging>=1.0"]

[tool.other]
version = "1.0.0"
"""


CONFIG = "maestro.core_config[x]>=1.0,<2 ; python_version < '3.13'"


def moved(text: str, extra: str | None) -> str:
    return {
        (CONFIG, None): CONFIG.replace(">=1.0,<2", ">=2.0,<3"),
        ("Maestro_Core_Logging>=1.0", "log"): "Maestro_Core_Logging>=1.5",
    }.get((text, extra), text)


def test_only_the_lines_meant_change() -> None:
    edited = with_edits(TEXT, Version("1.1.0"), moved)
    changes = [line for line in difflib.ndiff(TEXT.splitlines(), edited.splitlines()) if line[0] in "+-"]
    assert changes == [
        "- version = '1.0.0'   # the version",
        "+ version = '1.1.0'   # the version",
        "-     \"maestro.core_config[x]>=1.0,<2 ; python_version < '3.13'\",  # why",
        "+     \"maestro.core_config[x]>=2.0,<3 ; python_version < '3.13'\",  # why",
        '- log = ["Maestro_Core_Logging>=1.0"]',
        '+ log = ["Maestro_Core_Logging>=1.5"]',
    ]


def test_dotted_keys_and_inline_tables_are_edited_too() -> None:
    text = 'project.name = "x"\nproject.version = "1.0"\nproject.dependencies = ["Maestro_Core_Logging>=1.0"]\n'
    assert with_edits(text, Version("2.0"), lambda each, _: each.replace("1.0", "2.0")) == text.replace("1.0", "2.0")
    text = 'project = { name = "x", version = "1.0" }\n'
    assert with_edits(text, Version("2.0"), moved) == text.replace("1.0", "2.0")


GROUPS = """\
[project]
name = "maestro-core-api"
dependencies = ["Maestro_Core_Logging>=1.0"]

[project.optional-dependencies]
test = ["Maestro_Core_Logging>=1.0"]

[dependency-groups]  # PEP 735
test = [
    { include-group = "web" },  # what web has
    'Maestro_Core_Logging>=1.0',  # in house
    "./a/path",
    {include-group="types"}
]
web = ["Maestro_Core_Logging>=1.0", { include-group = 'Web.More' }]
"Web.More" = []
"""


def test_groups_are_edited_where_they_are_written_and_what_they_include_stays() -> None:
    edited = with_groups(GROUPS, lambda text, group: text.replace("1.0", "2.0") if group == "test" else text)
    changes = [line for line in difflib.ndiff(GROUPS.splitlines(), edited.splitlines()) if line[0] in "+-"]
    assert changes == [
        "-     'Maestro_Core_Logging>=1.0',  # in house",
        "+     'Maestro_Core_Logging>=2.0',  # in house",
    ]


def test_a_manifest_without_groups_stays_as_it_is() -> None:
    assert with_groups(TEXT, lambda _text, _group: "other") == TEXT


SPACES = st.sampled_from(["", " ", "  "])
ENDS = st.sampled_from(["\n", "\r\n"])
QUOTES = st.sampled_from(['"', "'"])
COMMENTS = st.sampled_from(["", "# note", "  # ünïcode — note"])


@untimed
@given(st.tuples(SPACES, ENDS, QUOTES, COMMENTS), st.booleans(), st.booleans())
def test_an_edit_and_its_reverse_give_the_same_bytes(
    style: tuple[str, str, str, str],
    lines: bool,
    last: bool,
) -> None:
    space, end, quote, comment = style
    between = f",{comment}{end}    " if lines else ", "
    items = [f"{quote}a{space}>=1.0{quote}", f"{quote}b[x]>=1.0{quote}"]
    array = f"[{end if lines else ''}{between.join(items)}{end if lines else ''}]"
    groups = array.replace("[", f"[{{ include-group = {quote}b{quote} }}, ", 1)
    text = end.join(
        (
            "[project]",
            f"name{space}={space}{quote}x{quote}",
            f"version{space}={space}{quote}1.0{quote}{comment}",
            f"dependencies{space}={space}{array}",
            "",
            "[dependency-groups]",
            f"a{space}={space}{groups}{comment}",
            f"b{space}={space}[]",
            "",
            "[tool.x]",
            f"y=1{comment}",
        )
    )
    text += end if last else ""
    there = with_edits(text, Version("2.0"), lambda each, _: each.replace("1.0", "2.0"))
    assert there.count("2.0") == 3
    there = with_groups(there, lambda each, _: each.replace("1.0", "2.0"))
    assert there == text.replace("1.0", "2.0")
    back = with_groups(there, lambda each, _: each.replace("2.0", "1.0"))
    assert with_edits(back, Version("1.0"), lambda each, _: each.replace("2.0", "1.0")) == text
