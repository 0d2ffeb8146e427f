"""Whole plans carried out against an index in memory: order, parallelism, failures, stops."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from factories import listed, make_artifacts, make_package, make_workspace_of, snapshot_of
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_index import LOST, LOST_AFTER_STORING, Fault, MemoryIndex
from virtual_clock import VirtualClock

from tooling.effects.apply import Applier
from tooling.effects.delivery import Courier
from tooling.effects.progress import Silence
from tooling.effects.verification import Verifier
from tooling.errors import StoppedError
from tooling.plan.outcomes import Outcome
from tooling.plan.planner import make_plan
from tooling.plan.retry import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tooling.effects.apply import Applied
    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.answers import Answer
    from tooling.plan.publishing import Plan

PATIENCE = 10.0  # seconds after which a test that waits for another thread has failed
GONE = Fault(status=410, words="Gone")

LOG = make_package("core-logging")
RESILIENCE = make_package("resilience", needs=["maestro-core-logging>=1.0"])
API = make_package("core-api", needs=["maestro-resilience>=1.0"])
CACHE = make_package("cache")
CHAIN = (LOG, RESILIENCE, API, CACHE)


@dataclass(slots=True, kw_only=True)
class WatchedIndex(MemoryIndex):
    """An index that calls `before` with each file it is about to take, and refuses it if told a fault."""

    before: Callable[[Artifact], Fault | None] = lambda _artifact: None

    def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
        """Take the file, or not."""
        fault = self.before(artifact)
        if fault is not None:
            self._note("upload", artifact.filename)
            return self._fault(fault, f"store {artifact.package}")
        return MemoryIndex.upload(self, artifact, sent)


@dataclass(slots=True)
class Journal(Silence):
    """A watcher that remembers what it is told."""

    lines: list[str] = field(default_factory=list)

    def says(self, line: str) -> None:
        """Remember a sentence."""
        self.lines.append(line)

    def uploading(self, artifact: Artifact) -> None:
        """Remember a beginning."""
        self.lines.append(f"uploading {artifact.filename}")

    def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
        """Remember an end."""
        self.lines.append(f"{outcome.value} {artifact.filename} {detail}".rstrip())

    def verified(self, name: str) -> None:
        """Remember a proof."""
        self.lines.append(f"verified {name}")


@dataclass(slots=True)
class Bench:
    """Carries plans out."""

    folder: Path
    stop: threading.Event = field(default_factory=threading.Event)
    journal: Journal = field(default_factory=Journal)

    def plan(self, packages: Sequence[Package], present: Sequence[str] = ()) -> Plan:
        """Plan against an index that has the packages `present`."""
        artifacts = make_artifacts(packages, self.folder)
        there = [(each.distribution, listed(each.filename, each.sha256)) for each in artifacts]
        snapshot = snapshot_of(
            [each.distribution for each in packages],
            [each for each in there if each[0].removeprefix("maestro-") in present],
        )
        return make_plan(make_workspace_of(*packages), packages, artifacts, snapshot)

    def apply(self, index: MemoryIndex, plan: Plan, parallel: int = 4) -> Applied:
        """Carry the plan out."""
        clock = VirtualClock()
        backoff = Backoff(base=1.0, cap=8.0, per_file=60.0, total=6000.0)
        stopped = self.stop.is_set
        courier = Courier(index=index, backoff=backoff, clock=clock, began=clock.now(), stopped=stopped)
        verifier = Verifier(index=index, clock=clock, stopped=stopped, lag=5.0)
        applier = Applier(courier=courier, verifier=verifier, watcher=self.journal, parallel=parallel, stop=self.stop)
        return applier.apply(plan)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def outcomes(applied: Applied) -> dict[str, list[str]]:
    return {package.name: [each.outcome.value for each in package.files] for package in applied.packages}


def assert_no_page_was_read_while_its_project_was_uploaded_to(index: MemoryIndex, packages: Sequence[Package]) -> None:
    """Law 10: between the first upload of a project and its last answer nobody reads its page."""
    for package in packages:
        mine = [
            method
            for method, subject in index.calls
            if subject == package.distribution or subject.startswith(f"{package.import_name}-")
        ]
        uploads = [position for position, method in enumerate(mine) if method == "upload"]
        if uploads:
            assert "project" not in mine[uploads[0] : uploads[-1] + 1]


def test_everything_goes_up_wheel_first_and_each_package_after_what_it_needs_is_verified(bench: Bench) -> None:
    index = MemoryIndex()
    applied = bench.apply(index, bench.plan(CHAIN))
    assert set(map(tuple, outcomes(applied).values())) == {("uploaded", "uploaded")}
    assert [each.name for each in applied.packages] == ["cache", "core-logging", "resilience", "core-api"]
    chain = [line for line in bench.journal.lines if "cache" not in line]
    assert chain == [
        line
        for name in ("core-logging", "resilience", "core-api")
        for wheel, sdist in [
            (f"maestro_{name.replace('-', '_')}-1.0.0{end}" for end in ("-py3-none-any.whl", ".tar.gz"))
        ]
        for line in (
            f"uploading {wheel}",
            f"uploaded {wheel}",
            f"uploading {sdist}",
            f"uploaded {sdist}",
            f"verified {name}",
        )
    ]
    assert_no_page_was_read_while_its_project_was_uploaded_to(index, CHAIN)


def test_what_is_present_is_not_touched_and_lets_the_next_one_start(bench: Bench) -> None:
    index = MemoryIndex()
    applied = bench.apply(index, bench.plan(CHAIN[:2], present=["core-logging"]))
    assert outcomes(applied) == {"core-logging": ["present", "present"], "resilience": ["uploaded", "uploaded"]}
    assert {subject for _, subject in index.calls if "core" in subject} == set()


def test_an_empty_plan_is_carried_out_at_once(bench: Bench) -> None:
    applied = bench.apply(MemoryIndex(), bench.plan([]))
    assert (applied.packages, applied.errors, applied.stopped) == ((), (), False)


def test_a_failure_holds_what_depends_on_it_and_nothing_else(bench: Bench) -> None:
    index = MemoryIndex(uploads={1: GONE})
    applied = bench.apply(index, bench.plan(CHAIN[:3]), parallel=1)
    assert outcomes(applied) == {
        "core-logging": ["failed", "held"],
        "resilience": ["held", "held"],
        "core-api": ["held", "held"],
    }
    assert [each.detail for package in applied.packages[1:] for each in package.files] == [
        "waits for core-logging, which failed"
    ] * 4
    assert [each.code for each in applied.errors] == ["IX21"]
    assert not applied.stopped


@pytest.mark.parametrize("parallel", [1, 4])
def test_an_independent_package_goes_on_when_another_fails(bench: Bench, parallel: int) -> None:
    index = WatchedIndex(before=lambda artifact: GONE if artifact.package == "core-logging" else None)
    applied = bench.apply(index, bench.plan(CHAIN), parallel)
    assert outcomes(applied)["cache"] == ["uploaded", "uploaded"]
    assert not any("core_api" in subject or "resilience" in subject for _, subject in index.calls)


def test_errors_come_in_the_order_of_the_plan_however_the_threads_ran(bench: Bench) -> None:
    last_first = threading.Event()

    def before(artifact: Artifact) -> Fault:
        if artifact.package == "a":
            assert last_first.wait(PATIENCE)
        return GONE

    class Telling(Journal):
        def settled(self, artifact: Artifact, outcome: Outcome, detail: str) -> None:
            super().settled(artifact, outcome, detail)
            last_first.set()

    bench.journal = Telling()
    applied = bench.apply(WatchedIndex(before=before), bench.plan([make_package("a"), make_package("b")]))
    assert [error.message.partition(" (")[0] for error in applied.errors] == [
        "The index did not store a",
        "The index did not store b",
    ]


def test_a_page_that_shows_other_bytes_fails_the_package_and_holds_its_dependents(bench: Bench) -> None:
    class Swapping(MemoryIndex):
        def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
            answer = super().upload(artifact, sent)
            content, digests = self.store.files[artifact.distribution][artifact.filename]
            other = type(digests)(size=digests.size, sha256="0" * 64, sha1=digests.sha1, md5=digests.md5)
            self.store.files[artifact.distribution][artifact.filename] = (content, other)
            return answer

    applied = bench.apply(Swapping(), bench.plan(CHAIN[:2]))
    assert outcomes(applied) == {"core-logging": ["failed", "failed"], "resilience": ["held", "held"]}
    assert [each.code for each in applied.errors] == ["PB06"]
    assert any(line.startswith("core-logging: The index serves") for line in bench.journal.lines)


def test_a_stale_page_is_healed_before_a_dependent_starts(bench: Bench) -> None:
    """Others read the page between its project's two files, on a server that keeps what they saw."""

    def read_by_others(artifact: Artifact) -> None:
        if artifact.kind == "sdist":
            index.store.pages[artifact.distribution] = index._page(artifact.distribution)

    class Keeping(WatchedIndex):
        def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
            self.before(artifact)
            page = dict(self.store.pages.get(artifact.distribution, {}))
            answer = MemoryIndex.upload(self, artifact, sent)
            if page:
                self.store.pages[artifact.distribution] = page
            return answer

    index = Keeping(before=read_by_others)
    applied = bench.apply(index, bench.plan(CHAIN[:2]))
    assert set(map(tuple, outcomes(applied).values())) == {("uploaded", "uploaded")}
    assert "core-logging: its stale page was healed." in bench.journal.lines
    healed = index.calls.index(("heal", "maestro-core-logging"))
    assert index.calls.index(("upload", "maestro_resilience-1.0.0-py3-none-any.whl")) > healed


@pytest.mark.parametrize("parallel", [2, 4])
def test_packages_go_up_side_by_side(bench: Bench, parallel: int) -> None:
    together = threading.Barrier(parallel)
    packages = [make_package(f"p{number}") for number in range(parallel)]

    def before(_artifact: Artifact) -> None:
        together.wait(PATIENCE)

    applied = bench.apply(WatchedIndex(before=before), bench.plan(packages), parallel)
    assert applied.errors == ()


@pytest.mark.parametrize("parallel", [1, 2])
def test_never_more_packages_at_once_than_allowed(bench: Bench, parallel: int) -> None:
    """Each upload waits a moment for one too many beside it, who must not come."""
    one_too_many = threading.Barrier(parallel + 1)
    came: list[str] = []

    def before(artifact: Artifact) -> None:
        if artifact.kind == "wheel":
            try:
                one_too_many.wait(0.1)
            except threading.BrokenBarrierError:
                return
            came.append(artifact.filename)

    bench.apply(WatchedIndex(before=before), bench.plan([make_package(f"p{number}") for number in range(4)]), parallel)
    assert came == []


def test_files_of_one_package_never_overlap(bench: Bench) -> None:
    under_way: set[str] = set()

    class Counting(MemoryIndex):
        def upload(self, artifact: Artifact, sent: Callable[[int], None]) -> Answer:
            assert artifact.package not in under_way
            under_way.add(artifact.package)
            answer = super().upload(artifact, sent)
            under_way.discard(artifact.package)
            return answer

    assert bench.apply(Counting(), bench.plan([make_package(f"p{number}") for number in range(6)])).errors == ()


def test_a_dependent_starts_although_an_unrelated_package_is_still_on_its_way(bench: Bench) -> None:
    dependent_came = threading.Event()

    def before(artifact: Artifact) -> None:
        if artifact.package == "resilience":
            dependent_came.set()
        if artifact.package == "cache":
            assert dependent_came.wait(PATIENCE), "the wave waited for a package that nothing needs"

    applied = bench.apply(WatchedIndex(before=before), bench.plan([LOG, RESILIENCE, CACHE]))
    assert applied.errors == ()


class TestStop:
    """The user wants out: what is on its way may arrive, nothing else is begun."""

    def test_the_file_on_its_way_arrives_and_no_other_is_begun(self, bench: Bench) -> None:
        index = WatchedIndex(before=lambda _artifact: bench.stop.set())
        applied = bench.apply(index, bench.plan(CHAIN[:3]))
        assert outcomes(applied) == {
            "core-logging": ["uploaded", "held"],
            "resilience": ["held", "held"],
            "core-api": ["held", "held"],
        }
        assert applied.packages[1].files[0].detail == "waits for core-logging, which was stopped"
        assert [method for method, _ in index.calls] == ["upload"]
        assert applied.stopped

    def test_it_is_one_thing_to_report_however_many_packages_it_cut_off(self, bench: Bench) -> None:
        bench.stop.set()
        applied = bench.apply(MemoryIndex(), bench.plan([make_package(f"p{number}") for number in range(5)]))
        (error,) = applied.errors
        assert isinstance(error, StoppedError)
        assert error.code == "PB09"
        assert "Run it again" in error.hint

    def test_a_package_whose_last_file_arrived_is_still_verified(self, bench: Bench) -> None:
        def before(artifact: Artifact) -> None:
            if artifact.kind == "sdist":
                bench.stop.set()

        applied = bench.apply(WatchedIndex(before=before), bench.plan([LOG]))
        assert outcomes(applied) == {"core-logging": ["uploaded", "uploaded"]}
        assert applied.errors == ()

    def test_a_package_that_could_not_be_verified_any_more_is_uploaded_and_said_to_be_unverified(
        self, bench: Bench
    ) -> None:
        def before(artifact: Artifact) -> None:
            if artifact.kind == "sdist":
                bench.stop.set()

        applied = bench.apply(WatchedIndex(before=before, lag=3, may_heal=False), bench.plan(CHAIN[:2]))
        assert outcomes(applied) == {"core-logging": ["uploaded", "uploaded"], "resilience": ["held", "held"]}
        assert {each.detail for each in applied.packages[0].files} == {"sent, not verified: the run was stopped"}
        assert [each.code for each in applied.errors] == ["PB09"]

    def test_a_failure_beside_it_is_reported_as_well(self, bench: Bench) -> None:
        def before(_artifact: Artifact) -> Fault:
            bench.stop.set()
            return GONE

        applied = bench.apply(WatchedIndex(before=before), bench.plan([CACHE, LOG]), parallel=1)
        assert [each.code for each in applied.errors] == ["IX21", "PB09"]


FAULTS = st.sampled_from([LOST, LOST_AFTER_STORING, Fault(status=503), Fault(status=503, stored=True), GONE])


@settings(max_examples=30)
@given(faults=st.dictionaries(st.integers(1, 16), FAULTS, max_size=8), dialect=st.sampled_from(["datastore", "orient"]))
def test_whatever_happens_nothing_is_stored_twice_no_page_is_read_too_early_and_a_second_run_completes_it(
    tmp_path_factory: pytest.TempPathFactory, faults: dict[int, Fault], dialect: str
) -> None:
    bench = Bench(tmp_path_factory.mktemp("dist"))
    index = MemoryIndex(uploads=faults, dialect=dialect)  # type: ignore[arg-type]
    plan = bench.plan(CHAIN)
    applied = bench.apply(index, plan)
    assert_no_page_was_read_while_its_project_was_uploaded_to(index, CHAIN)
    for package in applied.packages:
        needs = next(each.after for each in plan.packages if each.name == package.name)
        good = {each.name for each in applied.packages if each.outcome in {Outcome.UPLOADED, Outcome.PRESENT}}
        if package.outcome is not Outcome.HELD:
            assert set(needs) <= good
    assert bool(applied.errors) == any(each.outcome is Outcome.FAILED for each in applied.packages)
    index.uploads = {}
    assert bench.apply(index, plan).errors == ()
    assert {name for files in index.store.files.values() for name in files} == {
        file.artifact.filename for package in plan.packages for file in package.files
    }
