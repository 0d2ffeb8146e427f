"""This repository holds to its own rules."""

from __future__ import annotations

from pathlib import Path

from tooling import rules
from tooling.faces.check import render
from tooling.model.workspace import find_workspace


def test_every_package_here_holds_to_every_rule() -> None:
    workspace = find_workspace(Path(__file__).parent)
    report = rules.check(workspace, tuple(workspace.packages.values()))
    assert workspace.packages
    assert report.ok, render(report, workspace.root)
