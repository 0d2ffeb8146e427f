"""The words of selection: folder, distribution and import names, in any spelling; never a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workspaces import make_workspace

from tooling.errors import ProblemsError, UsageError
from tooling.model.document import Document
from tooling.model.manifest import package_of
from tooling.model.selection import select
from tooling.model.workspace import Workspace, arrange, find_workspace


def workspace_of(*names: str) -> Workspace:
    documents = (
        Document(
            path=Path(f"packages/{name}/pyproject.toml"),
            text="",
            data={"project": {"name": f"maestro-{name}", "version": "1"}},
        )
        for name in names
    )
    return arrange(Path(), map(package_of, documents))


WORKSPACE = workspace_of("core-logging", "resilience", "core-db")


@pytest.mark.parametrize(
    "word",
    [
        "core-logging",
        "maestro-core-logging",
        "maestro_core_logging",
        "Maestro.Core--Logging",
        "core_logging",
        "CORE-LOGGING",
    ],
)
def test_every_spelling_selects_the_package(word: str) -> None:
    assert [each.name for each in select(WORKSPACE, [word], everything=False)] == ["core-logging"]


@given(name=st.sampled_from(list(WORKSPACE.packages)))
def test_names_roundtrip(name: str) -> None:
    package = WORKSPACE.packages[name]
    for word in (package.name, package.distribution, package.import_name):
        assert select(WORKSPACE, [word], everything=False) == (package,)


def test_the_selection_is_in_publishing_order_and_each_package_once(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, {"a-user": {"needs": ("z-base",)}, "z-base": {}}))
    words = ["a-user", "z-base", "maestro-a-user"]
    assert [each.name for each in select(workspace, words, everything=False)] == ["z-base", "a-user"]
    assert [each.name for each in select(workspace, [], everything=True)] == ["z-base", "a-user"]


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError) as caught:
        select(WORKSPACE, ["core-loging"], everything=False)
    assert (caught.value.code, caught.value.hint) == ("WS14", "Did you mean core-logging?")
    assert caught.value.facts["suggestions"] == ["core-logging"]


def test_a_name_near_to_nothing_gets_the_list() -> None:
    with pytest.raises(UsageError) as caught:
        select(WORKSPACE, ["zzz"], everything=True)
    assert caught.value.hint == "There are: core-db, core-logging, resilience."


def test_all_unknown_names_are_reported_together() -> None:
    with pytest.raises(ProblemsError) as caught:
        select(WORKSPACE, ["core-x", "resilience", "resiliense"], everything=False)
    assert [each.facts["name"] for each in caught.value.errors] == ["core-x", "resiliense"]


def test_nothing_selected_tells_how_to_select() -> None:
    with pytest.raises(UsageError) as caught:
        select(WORKSPACE, [], everything=False)
    assert caught.value.code == "WS15"
    assert "--all" in caught.value.hint
    assert "--package NAME" in caught.value.hint


def test_an_empty_workspace_is_no_silent_success() -> None:
    with pytest.raises(UsageError, match="no package under"):
        select(workspace_of(), [], everything=True)
