"""`invoke explain CODE`: every code has a page, a wrong one gets the nearest."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.faces.explain import every_code

ROOT = Path(__file__).parents[2]


def invoke(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "invoke", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("code", ["WS13", "PK20", "pk20"])
def test_a_code_is_explained_in_either_case(code: str) -> None:
    done = invoke("explain", code)
    entry = every_code()[code.upper()]
    assert done.returncode == 0
    assert done.stdout.startswith(f"{code.upper()}: {entry.title}\n")
    assert " ".join(done.stdout.split()).endswith(" ".join(entry.remedy.split()))


def test_all_lists_every_code() -> None:
    listed = [line.split()[0] for line in invoke("explain", "all").stdout.splitlines()]
    assert listed == list(every_code())


def test_json_has_title_meaning_and_remedy() -> None:
    found = json.loads(invoke("explain", "WS13", "--json").stdout)
    assert list(found["codes"]) == ["WS13"]
    assert set(found["codes"]["WS13"]) == {"title", "meaning", "remedy"}


def test_an_unknown_code_gets_the_nearest_one() -> None:
    done = invoke("explain", "WS133")
    assert done.returncode == 2
    assert "WS16: There is no code `WS133`. Did you mean WS13?" in done.stderr
