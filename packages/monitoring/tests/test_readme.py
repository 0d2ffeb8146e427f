"""The README runs, from top to bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mktestdocs import check_md_file  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest

README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_md_file(README, memory=True)
