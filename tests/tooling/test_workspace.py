"""The workspace is found from the files, and its waves follow from who needs whom."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workspaces import PackageSpec, make_workspace

from tooling.errors import ProblemsError, UsageError
from tooling.model.document import Document
from tooling.model.manifest import package_of
from tooling.model.workspace import ROOT, arrange, find_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.package import Package

FAMILY = {
    "core-logging": PackageSpec(),
    "resilience": PackageSpec(),
    "cache": PackageSpec(needs=("resilience",), extras={"redis": ("redis>=5",)}),
    "core-db": PackageSpec(needs=("core-logging>=1.0",), extras={"cache": ("cache",), "all": ("core-db[cache]",)}),
}


def package(name: str, *needs: str, **extras: str) -> Package:
    project = {
        "name": f"maestro-{name}",
        "version": "1.0.0",
        "dependencies": [f"maestro-{need}" for need in needs],
        "optional-dependencies": {extra: [f"maestro-{need}"] for extra, need in extras.items()},
    }
    return package_of(Document(path=Path(f"packages/{name}/pyproject.toml"), text="", data={"project": project}))


def test_the_workspace_is_found_from_any_folder_inside(tmp_path: Path) -> None:
    root = make_workspace(tmp_path / "clone", FAMILY)
    for start in (root, root / "packages", root / "packages" / "cache" / "src"):
        assert find_workspace(start).root == root


def test_packages_are_sorted_by_folder(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, FAMILY))
    assert list(workspace.packages) == ["cache", "core-db", "core-logging", "resilience"]


def test_outside_of_a_workspace_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        find_workspace(tmp_path)
    assert caught.value.code == "WS01"
    assert str(tmp_path) in caught.value.message


def test_folders_without_a_manifest_are_no_packages(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    (root / "packages" / "left-over" / "__pycache__").mkdir(parents=True)
    assert "left-over" not in find_workspace(root).packages


def test_waves_count_extras(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, FAMILY))
    assert workspace.waves() == (("core-logging", "resilience"), ("cache",), ("core-db",))
    assert [workspace.wave_of(name) for name in ("resilience", "cache", "core-db")] == [1, 2, 3]


def test_an_edge_knows_its_requirement_and_its_extra(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, FAMILY))
    edges = [(need.package, str(need.requirement), need.extra) for need in workspace.needs["core-db"]]
    assert edges == [
        ("core-logging", "maestro-core-logging>=1.0", None),
        ("cache", "maestro-cache>=1.0.0", "cache"),
    ]


def test_an_extra_that_gathers_others_of_its_own_package_is_no_edge() -> None:
    workspace = arrange(Path(), [package("a", all="a")])
    assert workspace.needs["a"] == ()


def test_dependents_and_closure(tmp_path: Path) -> None:
    workspace = find_workspace(make_workspace(tmp_path, FAMILY))
    assert workspace.dependents_of("resilience") == ("cache",)
    assert workspace.dependents_of("core-db") == ()
    assert workspace.closure(["core-db"]) == {"core-db", "cache", "resilience", "core-logging"}
    assert workspace.closure(["cache"]) == {"cache", "resilience"}


def test_what_only_the_tests_of_a_package_need_is_known_and_no_edge_of_the_graph(tmp_path: Path) -> None:
    specs = {"core-a": {}, "core-b": {"test_group": ("pytest>=9", "maestro-core-a>=1.0", "maestro-x>=1")}}
    workspace = find_workspace(make_workspace(tmp_path, specs))
    assert [need.package for need in workspace.tested_with("core-b")] == ["core-a"]
    assert workspace.tested_with("core-a") == workspace.needs["core-b"] == ()
    assert workspace.closure(["core-b"]) == {"core-b"}


def test_a_change_concerns_the_tests_of_dependents_and_of_whatever_is_tested_with_one(tmp_path: Path) -> None:
    specs = {
        "a": PackageSpec(),
        "b": PackageSpec(needs=("maestro-a>=1",)),
        "c": PackageSpec(test_group=("pytest>=9", "maestro-b>=1")),
        "d": PackageSpec(needs=("maestro-c>=1",)),
    }
    workspace = find_workspace(make_workspace(tmp_path, specs))
    assert workspace.affected(["a"]) == {"a", "b", "c"}
    assert workspace.affected(["c"]) == {"c", "d"}
    assert workspace.affected([]) == frozenset()


def test_what_dependency_groups_name_in_house_is_known_where_it_is_written_and_no_edge_of_the_graph(
    tmp_path: Path,
) -> None:
    root = make_workspace(tmp_path, {"core-a": {}, "core-b": {"test_group": ("pytest>=9", "Maestro.Core_A>=1.0")}})
    manifest = root / "packages/core-b/pyproject.toml"
    more = """
[dependency-groups]
docs = ["maestro-core-a @ file:///a", "./core-a", { include-group = "test" }, "maestro-core-b"]
"""
    manifest.write_text(manifest.read_text().replace("\n[dependency-groups]\n", more))
    (root / "pyproject.toml").write_text('[project]\nname = "x"\n[dependency-groups]\nweb = ["maestro-core-a<2"]\n')
    workspace = find_workspace(root)
    found = {owner: workspace.grouped(owner) for owner in ("core-a", "core-b", ROOT)}
    assert {owner: [(need.group, str(need.requirement)) for need in needs] for owner, needs in found.items()} == {
        "core-a": [],
        "core-b": [("docs", "maestro-core-b"), ("test", "Maestro.Core_A>=1.0")],
        ROOT: [("web", "maestro-core-a<2")],
    }
    assert workspace.closure(["core-b"]) == {"core-b"}


def test_a_requirement_on_an_unknown_maestro_distribution_is_kept_without_an_edge() -> None:
    workspace = arrange(Path(), [package("a", "gone", more="lost")])
    assert workspace.needs["a"] == ()
    kept = [(str(requirement), extra) for requirement, extra in workspace.strangers("a")]
    assert kept == [("maestro-gone", None), ("maestro-lost", "more")]


def test_names_in_requirements_are_compared_normalised() -> None:
    asking = Document(
        path=Path("packages/b/pyproject.toml"),
        text="",
        data={"project": {"name": "maestro-b", "version": "1", "dependencies": ["Maestro_Core.A>=1"]}},
    )
    workspace = arrange(Path(), [package("core-a"), package_of(asking)])
    assert [need.package for need in workspace.needs["b"]] == ["core-a"]


@pytest.mark.parametrize(
    ("packages", "shown"),
    [
        ([package("a", "b"), package("b", "c"), package("c", "a")], "a → b → c → a"),
        ([package("c", "b"), package("b", x="c"), package("a", "c")], "b → c → b"),
        ([package("a", "a")], "a → a"),
    ],
)
def test_a_circle_is_printed(packages: list[Package], shown: str) -> None:
    with pytest.raises(UsageError) as caught:
        arrange(Path(), packages)
    assert caught.value.code == "WS13"
    assert caught.value.message.endswith(f": {shown}.")
    assert caught.value.facts["cycle"] == shown.split(" → ")


def test_a_name_that_two_folders_claim_is_shown_at_its_line(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, {"core-a": {}, "core-b": {}})
    manifest = root / "packages" / "core-b" / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace('"maestro-core-b"', '"Maestro.Core_A"'))
    with pytest.raises(UsageError) as caught:
        find_workspace(root)
    assert caught.value.code == "WS12"
    assert caught.value.facts["folders"] == ["core-a", "core-b"]
    assert caught.value.place is not None
    assert caught.value.place.excerpt == 'name = "Maestro.Core_A"'


def test_all_broken_manifests_are_reported_together(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    for name, old, new in (("cache", '"1.0.0"', '"one"'), ("resilience", "[project]", "[project")):
        manifest = root / "packages" / name / "pyproject.toml"
        manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(ProblemsError) as caught:
        find_workspace(root)
    assert [(each.code, each.place and each.place.file.parent.name) for each in caught.value.errors] == [
        ("WS06", "cache"),
        ("WS03", "resilience"),
    ]


@pytest.fixture
def opened() -> Iterator[Counter[str]]:
    """How often each file was opened since the test began; an audit hook stays for good, so it is told to rest."""
    counts: Counter[str] = Counter()
    listening = [True]

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and isinstance(arguments[0], str):
            counts[arguments[0]] += 1

    sys.addaudithook(hear)
    yield counts
    listening.clear()


def test_five_hundred_packages_are_read_once_each(tmp_path: Path, opened: Counter[str]) -> None:
    """Each package needs the ten before it, so that a walk over all paths would never end."""
    names = [f"p{number:03}" for number in range(500)]
    root = make_workspace(tmp_path, {})
    for number, name in enumerate(names):
        needs = [f"maestro-{other}" for other in names[max(0, number - 10) : number]]
        text = f'[project]\nname = "maestro-{name}"\nversion = "1"\ndependencies = {needs}\n'
        (root / "packages" / name).mkdir()
        (root / "packages" / name / "pyproject.toml").write_text(text)
    opened.clear()
    workspace = find_workspace(root)
    read = {path: count for path, count in opened.items() if path.startswith(str(tmp_path))}
    assert set(read.values()) == {1}
    assert len(read) == len(names) + 1
    assert workspace.waves() == tuple((name,) for name in names)
    assert len(workspace.closure([names[-1]])) == len(names)


@st.composite
def graphs(draw: st.DrawFn) -> list[Package]:
    """Packages that need earlier ones only, some through extras, in any order."""
    count = draw(st.integers(0, 12))
    edges = [draw(st.sets(st.integers(0, n - 1), max_size=4)) if n else set() for n in range(count)]
    optional = [draw(st.booleans()) for _ in range(count)]
    made = []
    for number, needed in enumerate(edges):
        names = [f"p{each}" for each in sorted(needed)]
        extras = {f"x{each}": each for each in names}
        made.append(package(f"p{number}", **extras) if optional[number] else package(f"p{number}", *names))
    return draw(st.permutations(made))


@given(packages=graphs())
def test_waves_respect_every_edge_and_no_wave_is_later_than_it_must_be(packages: list[Package]) -> None:
    workspace = arrange(Path(), packages)
    for name, needs in workspace.needs.items():
        earliest = 1 + max((workspace.wave_of(need.package) for need in needs), default=0)
        assert workspace.wave_of(name) == earliest
    assert sorted(name for wave in workspace.waves() for name in wave) == sorted(each.name for each in packages)


@given(packages=graphs())
def test_the_workspace_does_not_depend_on_the_order_packages_are_found_in(packages: list[Package]) -> None:
    assert arrange(Path(), packages) == arrange(Path(), sorted(packages, key=lambda each: each.name))
    assert arrange(Path(), packages).waves() == arrange(Path(), list(reversed(packages))).waves()


@given(packages=graphs())
def test_dependents_are_needs_turned_round(packages: list[Package]) -> None:
    workspace = arrange(Path(), packages)
    forth = {(name, need.package) for name, needs in workspace.needs.items() for need in needs}
    back = {(user, name) for name in workspace.packages for user in workspace.dependents_of(name)}
    assert forth == back
