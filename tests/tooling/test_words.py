"""Numbers and tables as people read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.faces.words import size_in_words, table


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (24_310, "24.3 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_500_000, "1.5 MB"),
        (999_999_999, "1.0 GB"),
        (2_500_000_000_000, "2500.0 GB"),
    ],
)
def test_sizes_are_said_in_si_units(size: int, words: str) -> None:
    assert size_in_words(size) == words


@given(st.integers(0, 10**13))
def test_a_size_is_never_off_by_more_than_its_last_digit(size: int) -> None:
    number, unit = size_in_words(size).split()
    factor = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9}[unit]
    assert abs(float(number) * factor - size) <= 0.0500001 * factor
    assert unit == "GB" or float(number) < 1000


def test_columns_are_as_wide_as_their_widest_cell_and_lines_end_where_their_text_does() -> None:
    assert table(("a", "bb", "c"), [("longer", "b", ""), ("", "", "x")]).splitlines() == [
        "a       bb  c",
        "longer  b",
        "            x",
    ]


def test_a_table_without_rows_has_its_heads() -> None:
    assert table(("a", "b"), []) == "a  b"


def test_a_row_of_another_length_is_a_bug() -> None:
    with pytest.raises((ValueError, IndexError)):
        table(("a", "b"), [("only one",)])
