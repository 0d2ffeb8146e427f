"""What is decided from workspace, artifacts and index, by tables and by properties that always hold."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import pytest
from factories import listed, make_artifact, make_artifacts, make_package, make_workspace_of, snapshot_of
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from tooling.plan.planner import make_plan, prerequisites
from tooling.plan.snapshot import State, published_versions, version_in

if TYPE_CHECKING:
    from random import Random

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import Plan
    from tooling.plan.snapshot import Snapshot

T = TypeVar("T")

LOG = make_package("core-logging")
RESILIENCE = make_package("resilience", needs=["maestro-core-logging>=1.0"])


def plan_of(*packages: Package, published: list[tuple[str, str, str | None]] = [], workspace: Workspace) -> Plan:  # noqa: B006
    """Plan `packages` against an index that holds `published`: distribution, file name, SHA-256."""
    names = {each.distribution for each in packages} | prerequisites(workspace, packages)
    snapshot = snapshot_of(names, [(name, listed(filename, sha256)) for name, filename, sha256 in published])
    return make_plan(workspace, packages, make_artifacts(packages), snapshot)


def as_published(artifact: Artifact) -> tuple[str, str, str | None]:
    return artifact.distribution, artifact.filename, artifact.sha256


class TestStatesOfFiles:
    """Absent, present, different, unknown."""

    def test_what_the_index_lacks_is_uploaded_wheel_first(self) -> None:
        plan = plan_of(LOG, workspace=make_workspace_of(LOG))
        assert [each.kind for each in plan.to_upload] == ["wheel", "sdist"]
        assert plan.refusals == ()

    def test_what_the_index_has_with_equal_bytes_is_left_alone(self) -> None:
        published = [as_published(each) for each in make_artifacts([LOG])]
        plan = plan_of(LOG, published=published, workspace=make_workspace_of(LOG))
        assert plan.to_upload == ()
        assert plan.refusals == ()

    def test_half_a_package_is_completed(self) -> None:
        wheel, sdist = make_artifacts([LOG])
        plan = plan_of(LOG, published=[as_published(wheel)], workspace=make_workspace_of(LOG))
        assert plan.to_upload == (sdist,)

    def test_other_bytes_under_a_published_name_are_refused_naming_the_file(self) -> None:
        wheel = make_artifact(LOG)
        plan = plan_of(LOG, published=[(LOG.distribution, wheel.filename, "0" * 64)], workspace=make_workspace_of(LOG))
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.package, refusal.filename) == ("PB01", "core-logging", wheel.filename)
        assert refusal.published is not None
        assert refusal.published.sha256 == "0" * 64
        assert wheel.filename in refusal.message
        assert "Raise the version" in refusal.hint

    def test_a_file_without_sha256_is_neither_equal_nor_absent(self) -> None:
        wheel = make_artifact(LOG)
        plan = plan_of(LOG, published=[(LOG.distribution, wheel.filename, None)], workspace=make_workspace_of(LOG))
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.filename) == ("PB02", wheel.filename)
        assert wheel not in plan.to_upload

    def test_a_project_that_was_not_answered_for_is_unknown_and_the_reason_is_given(self) -> None:
        snapshot = snapshot_of([LOG.distribution], unknown={LOG.distribution: "it was busy."})
        plan = make_plan(make_workspace_of(LOG), [LOG], make_artifacts([LOG]), snapshot)
        assert plan.to_upload == ()
        assert {each.code for each in plan.refusals} == {"PB02"}
        assert all(each.message.endswith(": it was busy.") for each in plan.refusals)

    def test_a_project_nobody_asked_about_is_unknown(self) -> None:
        plan = make_plan(make_workspace_of(LOG), [LOG], make_artifacts([LOG]), snapshot_of([]))
        assert {file.state for package in plan.packages for file in package.files} == {State.UNKNOWN}
        assert {each.code for each in plan.refusals} == {"PB02"}


class TestRequirements:
    """What has to be in the index first (law 3)."""

    def test_publishing_a_part_without_its_prerequisite_is_refused_and_says_what_to_add(self) -> None:
        workspace = make_workspace_of(LOG, RESILIENCE)
        (refusal,) = plan_of(RESILIENCE, workspace=workspace).refusals
        assert (refusal.code, refusal.package, refusal.filename) == ("PB03", "resilience", None)
        assert "maestro-core-logging>=1.0" in refusal.message
        assert "--package core-logging" in refusal.hint

    def test_a_prerequisite_in_the_selection_is_enough(self) -> None:
        plan = plan_of(RESILIENCE, LOG, workspace=make_workspace_of(LOG, RESILIENCE))
        assert plan.refusals == ()
        assert [(each.name, each.wave, each.after) for each in plan.packages] == [
            ("core-logging", 1, ()),
            ("resilience", 2, ("core-logging",)),
        ]

    @pytest.mark.parametrize(
        ("filename", "enough"),
        [
            ("maestro_core_logging-1.4.0-py3-none-any.whl", True),
            ("maestro_core_logging-1.0.0.tar.gz", True),
            ("maestro_core_logging-1.1rc1.tar.gz", True),
            ("maestro_core_logging-0.9.0-py3-none-any.whl", False),
            ("maestro_core_logging-1.0.0-py3-none-any.whl.asc", False),
            ("notes.txt", False),
        ],
    )
    def test_a_prerequisite_in_the_index_is_enough_when_its_version_fits(self, filename: str, enough: bool) -> None:
        plan = plan_of(
            RESILIENCE,
            published=[(LOG.distribution, filename, "0" * 64)],
            workspace=make_workspace_of(LOG, RESILIENCE),
        )
        assert (plan.refusals == ()) is enough

    def test_a_prerequisite_the_index_did_not_answer_for_is_unknown_and_not_missing(self) -> None:
        snapshot = snapshot_of([RESILIENCE.distribution], unknown={LOG.distribution: "it was busy"})
        plan = make_plan(make_workspace_of(LOG, RESILIENCE), [RESILIENCE], make_artifacts([RESILIENCE]), snapshot)
        (refusal,) = plan.refusals
        assert (refusal.code, refusal.package) == ("PB02", "resilience")
        assert "maestro-core-logging" in refusal.message

    def test_a_requirement_of_an_extra_counts_as_any_other(self) -> None:
        cache = make_package("cache", extras={"logs": ["maestro-core-logging>=1.0"]})
        workspace = make_workspace_of(LOG, cache)
        (refusal,) = plan_of(cache, workspace=workspace).refusals
        assert "(extra logs)" in refusal.message
        assert plan_of(cache, LOG, workspace=workspace).packages[1].after == ("core-logging",)

    def test_an_extra_that_gathers_its_packages_own_extras_needs_nothing(self) -> None:
        cache = make_package("cache", extras={"redis": ["redis>=5"], "all": ["maestro-cache[redis]"]})
        plan = plan_of(cache, workspace=make_workspace_of(cache))
        assert plan.refusals == ()
        assert plan.packages[0].after == ()

    def test_an_unknown_house_requirement_is_refused_until_the_index_has_it(self) -> None:
        stranger = make_package("cache", needs=["Maestro_Elsewhere>=2"])
        workspace = make_workspace_of(stranger)
        assert prerequisites(workspace, [stranger]) == {"maestro-elsewhere"}
        (refusal,) = plan_of(stranger, workspace=workspace).refusals
        assert refusal.code == "PB03"
        assert "No package here is Maestro_Elsewhere" in refusal.hint
        elsewhere = ("maestro-elsewhere", "maestro_elsewhere-2.0.tar.gz", None)
        assert plan_of(stranger, published=[elsewhere], workspace=workspace).refusals == ()

    def test_a_public_requirement_is_nobodys_business_here(self) -> None:
        package = make_package("cache", needs=["redis>=5"])
        workspace = make_workspace_of(package)
        assert prerequisites(workspace, [package]) == frozenset()
        assert plan_of(package, workspace=workspace).refusals == ()

    @pytest.mark.parametrize("selection", [(True), (False)])
    def test_a_version_of_the_workspace_that_is_excluded_is_said_so(self, selection: bool) -> None:
        strict = make_package("strict", needs=["maestro-core-logging>=2"])
        packages = (strict, LOG) if selection else (strict,)
        (refusal,) = plan_of(*packages, workspace=make_workspace_of(LOG, strict)).refusals
        assert refusal.package == "strict"
        assert "core-logging is at 1.0.0 here, which that excludes" in refusal.hint

    def test_the_hint_is_about_the_requirement_that_fails_not_about_another_on_the_same_name(self) -> None:
        package = make_package(
            "cache", needs=["maestro-core-logging>=0.9"], extras={"new": ["maestro-core-logging>=2"]}
        )
        (refusal,) = plan_of(package, LOG, workspace=make_workspace_of(LOG, package)).refusals
        assert "which that excludes" in refusal.hint

    def test_an_excluded_version_here_does_no_harm_when_the_index_has_one_that_fits(self) -> None:
        strict = make_package("strict", needs=["maestro-core-logging<1"])
        plan = plan_of(
            strict,
            LOG,
            published=[(LOG.distribution, "maestro_core_logging-0.9.tar.gz", None)],
            workspace=make_workspace_of(LOG, strict),
        )
        assert plan.refusals == ()


class TestWarnings:
    """What is said and stops nothing."""

    @pytest.mark.parametrize(
        ("version", "published", "warned"),
        [
            ("1.0.0", "1.1.0", True),
            ("1.0.0", "1.0.0", False),
            ("1.1.0", "1.0.0", False),
            ("1.0.0", "2.0rc1", False),
            ("1.0rc1", "1.0rc2", True),
            ("1.0rc1", "1.0", True),
        ],
    )
    def test_a_version_that_installers_would_pass_over_is_said(
        self, version: str, published: str, warned: bool
    ) -> None:
        package = make_package("core-logging", version)
        files: list[tuple[str, str, str | None]] = [
            (package.distribution, f"maestro_core_logging-{published}-py3-none-any.whl", None)
        ]
        files = [] if version == published else files
        plan = plan_of(package, published=files, workspace=make_workspace_of(package))
        assert bool(plan.warnings) is warned
        assert plan.refusals == ()
        assert all(version in each and published in each for each in plan.warnings)


class TestOnlyChanged:
    """The selection of `--changed`."""

    def test_what_is_there_is_left_out_and_nothing_waits_for_it(self) -> None:
        published = [as_published(each) for each in make_artifacts([LOG])]
        plan = plan_of(LOG, RESILIENCE, published=published, workspace=make_workspace_of(LOG, RESILIENCE))
        (left,) = plan.only_changed().packages
        assert (left.name, left.after) == ("resilience", ())

    def test_what_is_left_out_is_refused_for_nothing(self) -> None:
        published = [as_published(each) for each in make_artifacts([RESILIENCE])]
        plan = plan_of(RESILIENCE, published=published, workspace=make_workspace_of(LOG, RESILIENCE))
        assert [each.code for each in plan.refusals] == ["PB03"]
        assert plan.only_changed().refusals == ()

    def test_what_differs_stays_and_stays_refused(self) -> None:
        wheel = make_artifact(LOG)
        plan = plan_of(LOG, published=[(LOG.distribution, wheel.filename, "0" * 64)], workspace=make_workspace_of(LOG))
        assert plan.only_changed() == plan


@pytest.mark.parametrize(
    ("filename", "version"),
    [
        ("maestro_x-1.2.3-py3-none-any.whl", "1.2.3"),
        ("maestro_x-1.2.3-1build-py3-none-any.whl", "1.2.3"),
        ("maestro-x-1.2.3.tar.gz", "1.2.3"),
        ("maestro_x-1.2.3.zip", "1.2.3"),
        ("maestro_x-1.2.3.tar.gz.asc", None),
        ("maestro_x-one-py3-none-any.whl", None),
        ("maestro_x-1.0-2-3-4-5-6.whl", None),
        ("", None),
    ],
)
def test_a_version_is_read_off_a_files_name(filename: str, version: str | None) -> None:
    assert version_in(filename) == (Version(version) if version else None)


def test_published_versions_of_an_absent_project_are_none() -> None:
    assert published_versions(snapshot_of(["maestro-x"]), "maestro-x") == frozenset()
    assert published_versions(snapshot_of([]), "maestro-x") == frozenset()


# Properties: random graphs without circles (a package needs only those of smaller number), random indexes.

NAMES = tuple(f"p{number}" for number in range(5))
STATES = st.sampled_from(["absent", "absent", "present", "present", "different", "silent"])
some = settings(max_examples=40)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Package], list[Package], Snapshot]:
    """All packages, the selection, and what the index shows of both."""
    packages: list[Package] = []
    for number, name in enumerate(NAMES[: draw(st.integers(1, len(NAMES)))]):
        earlier = draw(st.lists(st.sampled_from(NAMES[:number]), unique=True, max_size=3)) if number else []
        floors = [f"maestro-{each}>={draw(st.sampled_from(['1.0', '2.0']))}" for each in earlier]
        split = draw(st.integers(0, len(floors)))
        stranger = ["maestro-stranger"] if draw(st.integers(0, 7)) == 7 else []
        extras = {"more": floors[split:]} if floors[split:] else {}
        packages.append(
            make_package(name, draw(st.sampled_from(["1.0.0", "2.0.0"])), [*floors[:split], *stranger], extras)
        )
    selection = draw(st.lists(st.sampled_from(packages), unique_by=lambda each: each.name, min_size=1))
    files = []
    artifacts = make_artifacts(packages)
    states = draw(st.lists(STATES, min_size=len(artifacts), max_size=len(artifacts)))
    for artifact, found in zip(artifacts, states, strict=True):
        sha256 = {"present": artifact.sha256, "different": "0" * 64}.get(found)
        files += [] if found == "absent" else [(artifact.distribution, listed(artifact.filename, sha256))]
    unknown = [packages[0].distribution] if draw(st.integers(0, 7)) == 7 else []
    names = [each.distribution for each in packages] + ["maestro-stranger"]
    return packages, selection, snapshot_of(names, files, dict.fromkeys(unknown, "it was busy"))


def planned(packages: list[Package], selection: list[Package], snapshot: Snapshot) -> Plan:
    return make_plan(make_workspace_of(*packages), selection, make_artifacts(selection), snapshot)


@some
@given(worlds())
def test_the_order_respects_every_requirement_of_the_selection(
    world: tuple[list[Package], list[Package], Snapshot],
) -> None:
    packages, selection, snapshot = world
    plan = planned(packages, selection, snapshot)
    assert sorted(each.name for each in plan.packages) == sorted(each.name for each in selection)
    needs = make_workspace_of(*packages).needs
    seen: set[str] = set()
    for each in plan.packages:
        inside = {need.package for need in needs[each.name]} & {other.name for other in selection}
        assert set(each.after) == inside <= seen
        assert [file.artifact.kind for file in each.files] == ["wheel", "sdist"]
        seen.add(each.name)


@some
@given(worlds())
def test_planning_after_applying_yields_nothing_to_upload(
    world: tuple[list[Package], list[Package], Snapshot],
) -> None:
    packages, selection, snapshot = world
    plan = planned(packages, selection, snapshot)
    projects = dict(snapshot.projects)
    for artifact in plan.to_upload:
        before = projects[artifact.distribution]
        file = listed(artifact.filename, artifact.sha256)
        projects[artifact.distribution] = replace(before, files={**before.files, artifact.filename: file})
    again = planned(packages, selection, replace(snapshot, projects=projects))
    assert again.to_upload == ()
    assert [each for each in again.refusals if each not in plan.refusals] == []


@some
@given(worlds(), st.randoms(use_true_random=False))
def test_the_plan_does_not_depend_on_the_order_things_are_given_in(
    world: tuple[list[Package], list[Package], Snapshot],
    random: Random,
) -> None:
    packages, selection, snapshot = world
    artifacts, projects = make_artifacts(selection), list(snapshot.projects.items())
    plan = make_plan(make_workspace_of(*packages), selection, artifacts, snapshot)

    def shuffled(items: list[T]) -> list[T]:
        return random.sample(items, len(items))

    turned = {
        name: replace(project, files=dict(reversed(list(project.files.items()))))
        for name, project in shuffled(projects)
    }
    again = make_plan(
        make_workspace_of(*shuffled(packages)),
        shuffled(selection),
        shuffled(artifacts),
        replace(snapshot, projects=turned),
    )
    assert again == plan


@some
@given(worlds())
def test_every_refusal_names_a_package_of_the_selection_and_says_what_to_do(
    world: tuple[list[Package], list[Package], Snapshot],
) -> None:
    packages, selection, snapshot = world
    for refusal in planned(packages, selection, snapshot).refusals:
        assert refusal.package in {each.name for each in selection}
        assert refusal.message.endswith(".")
        assert refusal.hint.endswith(".")


@some
@given(worlds())
def test_without_refusals_the_index_satisfies_every_requirement_in_the_end(
    world: tuple[list[Package], list[Package], Snapshot],
) -> None:
    packages, selection, snapshot = world
    plan = planned(packages, selection, snapshot)
    if plan.refusals:
        return
    chosen = {each.distribution: each.version for each in selection}
    for package in selection:
        for requirement, _ in package.all_requirements():
            there = set(published_versions(snapshot, requirement.name)) | (
                {chosen[requirement.name]} if requirement.name in chosen else set()
            )
            assert any(version in requirement.specifier for version in there)


@some
@given(worlds())
def test_leaving_out_what_is_there_changes_nothing_that_is_sent_and_leaves_a_closed_graph(
    world: tuple[list[Package], list[Package], Snapshot],
) -> None:
    plan = planned(*world)
    changed = plan.only_changed()
    assert changed.to_upload == plan.to_upload
    names = {each.name for each in changed.packages}
    assert all(set(each.after) <= names for each in changed.packages)
