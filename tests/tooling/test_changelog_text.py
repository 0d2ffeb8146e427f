"""What was unreleased gets its version and date; everything else stays."""

from __future__ import annotations

import difflib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from properties import untimed

from tooling.model.changelog import parse_changelog
from tooling.model.changelog_text import Entry, override_in, override_line, released

TODAY = date(2026, 11, 28)


def entry(*lines: str, version: str = "1.1.0", previous: str = "1.0.0") -> Entry:
    return Entry(version=Version(version), previous=Version(previous), date=TODAY, lines=lines)


PLAIN = "# Changelog\n\n## [Unreleased]\n\n- News.\n\n## [1.0.0] - 2026-11-22\n\n- First.\n"
HEADED = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- News.\n\n### Fixed\n\n- A bug.\n\n## [1.0.0] - 2026-11-22\n"


def added(before: str, after: str) -> list[str]:
    """The lines that came; a line that went fails."""
    changes = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    assert not [line for line in changes if line[0] == "-"]
    return [line[2:] for line in changes if line[2:].strip()]


def test_unreleased_becomes_the_version_and_an_empty_unreleased_stays() -> None:
    after = released(PLAIN, entry())
    assert added(PLAIN, after) == ["## [1.1.0] - 2026-11-28"]
    unreleased, version, first = parse_changelog(after).sections
    assert (unreleased.text, version.text, first.text) == ("", "- News.", "- First.")


def test_lines_go_to_the_end_or_under_changed() -> None:
    assert parse_changelog(released(PLAIN, entry("Requires x."))).sections[1].text == "- News.\n- Requires x."
    text = parse_changelog(released(HEADED, entry("Requires x."))).sections[1].text
    assert text == "### Added\n\n- News.\n\n### Fixed\n\n- A bug.\n\n### Changed\n\n- Requires x."
    changed = HEADED.replace("### Fixed", "### Changed")
    text = parse_changelog(released(changed, entry("Requires x."))).sections[1].text
    assert text == "### Added\n\n- News.\n\n### Changed\n\n- A bug.\n- Requires x."


def test_the_style_of_the_file_is_kept() -> None:
    after = released("# Changelog\n\n## Unreleased\n\n- News.\n\n## 1.0.0 - 2026-11-22\n", entry())
    assert "## 1.1.0 - 2026-11-28\n\n- News." in after


def test_a_file_without_unreleased_gets_one() -> None:
    after = released("# Changelog\n\n## [1.0.0] - 2026-11-22\n\n- First.\n", entry("Requires x."))
    assert [each.name for each in parse_changelog(after).sections] == ["Unreleased", "1.1.0", "1.0.0"]
    assert parse_changelog(after).sections[1].text == "- Requires x."


def test_links_go_on_from_the_new_version() -> None:
    links = "\n[Unreleased]: https://h/compare/x-v1.0.0...HEAD\n[1.0.0]: https://h/tree/x-v1.0.0\n"
    after = released(PLAIN + links, entry())
    assert after.endswith(
        "[Unreleased]: https://h/compare/x-v1.1.0...HEAD\n"
        "[1.1.0]: https://h/compare/x-v1.0.0...x-v1.1.0\n"
        "[1.0.0]: https://h/tree/x-v1.0.0\n"
    )


def test_an_empty_unreleased_above_links_takes_lines_before_them() -> None:
    text = "# Changelog\n\n## [Unreleased]\n\n[Unreleased]: https://h/compare/x-v1.0.0...HEAD\n"
    after = released(text, entry("Requires x."))
    assert after.index("- Requires x.") < after.index("[Unreleased]: https://h/compare/x-v1.1.0...HEAD")


def test_headings_in_code_are_no_headings() -> None:
    text = PLAIN.replace("- News.", "- News.\n\n```md\n## [9.0.0] - never\n```")
    after = released(text, entry())
    assert added(text, after) == ["## [1.1.0] - 2026-11-28"]
    assert [each.name for each in parse_changelog(after).sections] == ["Unreleased", "1.1.0", "1.0.0"]


@pytest.mark.parametrize(
    "said",
    ["", "### Added\n", "<!-- say\nsomething -->", "[Unreleased]: https://h/compare/a...b", "### Added\n\n### Fixed"],
)
def test_headings_links_and_comments_say_nothing(said: str) -> None:
    unreleased = parse_changelog(f"## [Unreleased]\n\n{said}\n").unreleased
    assert unreleased is not None
    assert unreleased.entries == {}


def test_entries_are_told_by_their_section() -> None:
    unreleased = parse_changelog("## [Unreleased]\n\n- a\n\n### Added\n\n- b\n- c\n\n### Fixed\n").unreleased
    assert unreleased is not None
    assert unreleased.entries == {"": "- a", "Added": "- b\n- c"}


def test_an_override_is_found_again_where_it_was_recorded() -> None:
    after = released(PLAIN, entry(override_line("Nobody\ncalled it, ever.", ["a.b", "a.c(d)"])))
    section = parse_changelog(after).sections[1]
    assert override_in(section.text) == "Nobody called it, ever."
    assert override_in("- News.") is None


WORDS = st.sampled_from(
    ["", "- News.", "### Added", "### Changed", "text", "  - inner", "```", "[1.0.0]: https://h/x", "\t"]
)


@untimed
@given(
    st.lists(WORDS, max_size=8),
    st.lists(st.sampled_from(["Requires x.", "Requires y."]), max_size=2),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from(["## [Unreleased]", "## Unreleased"]),
)
def test_nothing_that_stood_there_is_lost(
    body: list[str], lines: list[str], end: str, last: bool, heading: str
) -> None:
    body = body if body.count("```") % 2 == 0 else [*body, "```"]
    text = end.join(["# Changelog", "", heading, *body, "", "## [1.0.0] - 2026-11-22", "", "- First."]) + (
        end if last else ""
    )
    after = released(text, entry(*lines))
    came = added(text, after)
    assert sorted(came, key=came.index)[:1] == [f"## {'[1.1.0]' if '[' in heading else '1.1.0'} - 2026-11-28"]
    assert {line for line in came[1:] if line != "### Changed"} <= {f"- {line}" for line in lines}
    assert after.endswith(end) == last
    assert ("\r\n" in after) == (end == "\r\n")
    assert end == "\n" or after.count("\n") == after.count("\r\n")
