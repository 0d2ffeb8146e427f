"""What people read at the end of a run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tooling.faces.reports import render
from tooling.plan.outcomes import FileResult, IndexFacts, Outcome, PackageResult, Report

HASH = "0123456789abcdef" * 4
FACTS = IndexFacts(
    url="http://nexus.example.com:8081",
    repository="pypi-hosted",
    embedded=False,
    installs_from="http://nexus.example.com:8081/repository/pypi-group/simple/",
)


def result(name: str, wheel: Outcome, sdist: Outcome) -> PackageResult:
    files = tuple(
        FileResult(file=f"maestro_{name}-1.0.0{ending}", sha256=HASH, size=24_310, outcome=outcome)
        for ending, outcome in (("-py3-none-any.whl", wheel), (".tar.gz", sdist))
    )
    return PackageResult(name=name, distribution=f"maestro-{name}", version="1.0.0", wave=1, files=files)


DONE = Report(
    command="publish",
    exit_code=0,
    index=FACTS,
    dry_run=False,
    seconds=1.26,
    packages=(
        result("cache", Outcome.UPLOADED, Outcome.UPLOADED),
        result("events", Outcome.PRESENT, Outcome.PRESENT),
    ),
)


def test_a_table_says_of_each_file_what_happened_its_size_and_the_start_of_its_hash() -> None:
    heads, first, second, *_ = render(DONE).strip().splitlines()
    assert heads.split() == ["package", "version", "kind", "outcome", "size", "sha256"]
    assert first.split() == ["maestro-cache", "1.0.0", "wheel", "uploaded", "24.3", "kB", HASH[:12]]
    assert second.split() == ["maestro-cache", "1.0.0", "sdist", "uploaded", "24.3", "kB", HASH[:12]]


def test_the_counts_and_the_lines_that_install_the_result_end_it() -> None:
    assert render(DONE).splitlines()[-5:] == [
        "2 uploaded, 2 present, in 1.3 s.",
        "",
        "To install:",
        (
            "  pip install --index-url http://nexus.example.com:8081/repository/pypi-group/simple/ "
            "--trusted-host nexus.example.com maestro-cache==1.0.0 maestro-events==1.0.0"
        ),
        (
            "  uv pip install --index-url http://nexus.example.com:8081/repository/pypi-group/simple/ "
            "maestro-cache==1.0.0 maestro-events==1.0.0"
        ),
    ]


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("http://nexus.example.com/simple/", True),
        ("https://nexus.example.com/simple/", False),
        ("http://127.0.0.1:8081/simple/", False),
        ("http://localhost:8081/simple/", False),
        ("http://[::1]:8081/simple/", False),
    ],
)
def test_pip_is_told_to_trust_a_host_only_where_it_would_not(url: str, trusted: bool) -> None:
    report = replace(DONE, index=replace(FACTS, installs_from=url))
    assert ("--trusted-host" in render(report)) is trusted


def test_for_an_embedded_index_it_says_how_to_keep_it_up() -> None:
    url = "http://127.0.0.1:40123/repository/pypi-group/simple/"
    text = render(replace(DONE, index=replace(FACTS, embedded=True, installs_from=url)))
    assert "invoke nexus.serve" in text
    assert "40123" not in text
    assert "http://127.0.0.1:28081/repository/pypi-group/simple/" in text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dry_run": True}, "Nothing was sent: this was a rehearsal."),
        ({"exit_code": 3}, "Nothing was sent."),
        ({"exit_code": 130}, "Stopped: run it again, it continues where this ended."),
        ({"exit_code": 1}, "in 1.3 s."),
    ],
)
def test_what_is_not_all_as_wanted_says_so_and_offers_nothing_to_install(change: dict[str, int], said: str) -> None:
    text = render(replace(DONE, **change))  # type: ignore[arg-type]
    assert text.endswith(said)
    assert "pip install" not in text


def test_problems_are_said_with_code_sentence_remedy_and_where_to_read_more() -> None:
    problems = tuple(
        {"code": code, "message": f"{code} happened.", "hint": "Do something."} for code in ("PB07", "IX21")
    )
    lines = render(replace(DONE, exit_code=1, problems=problems)).splitlines()
    assert "PB07: PB07 happened. Do something." in lines
    assert "IX21: IX21 happened. Do something." in lines
    assert "More: invoke explain PB07" in lines


def test_a_run_with_nothing_to_do_says_that() -> None:
    text = render(replace(DONE, packages=()))
    assert "nothing to do, in 1.3 s." in text
    assert "pip install" not in text
