"""A changelog is read by its second-level headings."""

from __future__ import annotations

from datetime import date

import pytest
from packaging.version import Version

from tooling.model.changelog import parse_changelog

TEXT = """\
# Changelog

## [Unreleased]

- Something new.

## [1.1.0] - 2026-11-22

### Added

- A thing.

## 1.0.0 (2026-01-01)
"""


def test_sections_keep_their_order_lines_and_text() -> None:
    changelog = parse_changelog(TEXT)
    assert [(each.name, each.line) for each in changelog.sections] == [("Unreleased", 3), ("1.1.0", 7), ("1.0.0", 13)]
    assert changelog.versions == (Version("1.1.0"), Version("1.0.0"))
    assert changelog.sections[1].text == "### Added\n\n- A thing."


def test_a_release_is_of_the_day_it_names_as_iso_8601_has_it() -> None:
    changelog = parse_changelog(f"{TEXT}\n## [0.9.0] - November\n")
    assert [each.date for each in changelog.sections] == [None, date(2026, 11, 22), None, None]


def test_unreleased_is_found_in_any_case() -> None:
    unreleased = parse_changelog(TEXT.replace("Unreleased", "UNRELEASED")).unreleased
    assert unreleased is not None
    assert unreleased.text == "- Something new."


@pytest.mark.parametrize("text", ["", "# Changelog\n", "### [1.0.0]\n"])
def test_no_heading_is_no_section(text: str) -> None:
    assert parse_changelog(text).sections == ()


def test_a_heading_that_is_no_version_is_kept_without_one() -> None:
    (section,) = parse_changelog("## Notes\nwords\n").sections
    assert (section.version, section.unreleased, section.text) == (None, False, "words")
