"""Whole runs of `publish`, with a builder and an index that do as they are told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from archives import make_sdist, make_wheel
from factories import make_artifact, make_artifacts, make_package
from fake_publication import FakeBuilder, Stage
from memory_index import LOST, Fault, MemoryIndex

from tooling.effects.progress import Silence
from tooling.errors import FailedError, ProblemsError, UsageError
from tooling.plan.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tooling.model.artifact import Artifact
    from tooling.model.package import Package
    from tooling.plan.snapshot import Project

TESTS = Path(__file__).parent.parent
LOG = make_package("core-logging")
RESILIENCE = make_package("resilience", needs=["maestro-core-logging>=1.0"])
CACHE = make_package("cache")
ALL = (LOG, RESILIENCE, CACHE)
GONE = Fault(status=410, words="Gone")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(folder=tmp_path, packages=ALL)


def publish(index: MemoryIndex, artifact: Artifact) -> None:
    index.upload(artifact, lambda _size: None)
    index.calls.clear()


def sent(index: MemoryIndex) -> list[str]:
    return [subject for method, subject in index.calls if method == "upload"]


class Unreadable(MemoryIndex):
    """An index that cannot tell anything of one project: its page, or with `pages` only the hashes of its files."""

    def __init__(self, distribution: str, *, pages: bool = False, md5_only: bool = False) -> None:
        super().__init__(md5_only=md5_only)
        self.distribution, self.pages = distribution, pages

    def project(self, distribution: str) -> Project:
        self._refuse(distribution, unless=self.pages)
        return super().project(distribution)

    def sha256_of(self, distribution: str, version: str, filename: str) -> str:
        self._refuse(distribution, unless=False)
        return super().sha256_of(distribution, version, filename)

    def _refuse(self, distribution: str, *, unless: bool) -> None:
        if distribution == self.distribution and not unless:
            raise FailedError("IX20", "It is busy.", "Run again.")


class TestOneRunAfterAnother:
    """The index is the memory (law 4)."""

    def test_the_first_run_brings_everything_there(self, stage: Stage) -> None:
        report = stage.run()
        assert report.exit_code == 0
        assert {package.outcome for package in report.packages} == {Outcome.UPLOADED}
        assert len(sent(stage.index)) == 6
        assert (stage.connect.opened, stage.connect.closed) == (1, 1)

    def test_the_second_run_sends_nothing_and_says_what_is_there(self, stage: Stage) -> None:
        stage.run()
        stage.index.calls.clear()
        report = stage.run()
        assert report.exit_code == 0
        assert {package.outcome for package in report.packages} == {Outcome.PRESENT}
        assert sent(stage.index) == []
        assert {method for method, _ in stage.index.calls} == {"probe", "project"}

    def test_hashes_are_learned_another_way_where_pages_do_not_tell_them(self, stage: Stage) -> None:
        stage.index.md5_only = True
        stage.run()
        stage.index.calls.clear()
        assert {package.outcome for package in stage.run().packages} == {Outcome.PRESENT}
        assert sent(stage.index) == []

    def test_a_run_after_a_failure_sends_what_is_missing(self, stage: Stage) -> None:
        stage.index.uploads = {2: GONE}
        assert stage.run(parallel=1).exit_code == 1
        stage.index.uploads = {}
        before = set(sent(stage.index)[:1])
        stage.index.calls.clear()
        assert stage.run().exit_code == 0
        assert not before & set(sent(stage.index))


class TestErrorsBeforeAnything:
    """Everything is checked before anything is sent (law 2)."""

    def test_what_cannot_be_built_and_what_cannot_be_reached_are_said_together(self, tmp_path: Path) -> None:
        broken = FailedError("BD01", "It does not build.", "Correct it.")
        stage = Stage(folder=tmp_path, packages=ALL, index=MemoryIndex(accepted=False), errors={"core-logging": broken})
        with pytest.raises(ProblemsError) as caught:
            stage.run("core-logging")
        assert [each.code for each in caught.value.errors] == ["IX06", "BD01"]
        assert stage.connect.closed == 1

    def test_a_probe_that_fails_ends_the_build(self, tmp_path: Path) -> None:
        class Endless(FakeBuilder):
            def build(self, packages: Sequence[Package], built: Callable[[Package, str], None]) -> list[Artifact]:
                for _ in range(10_000):
                    built(packages[0], "again")
                    threading.Event().wait(0.001)
                pytest.fail("the build went on although nobody could be reached")

        stage = Stage(folder=tmp_path, packages=ALL, index=MemoryIndex(accepted=False))
        stage.builder = Endless(tmp_path)
        with pytest.raises(UsageError) as caught:
            stage.run()
        assert caught.value.code == "IX06"

    def test_a_package_that_cannot_be_built_keeps_everything_from_being_sent(self, tmp_path: Path) -> None:
        broken = FailedError("BD01", "It does not build.", "Correct it.")
        stage = Stage(folder=tmp_path, packages=ALL, errors={"cache": broken})
        with pytest.raises(FailedError, match="does not build"):
            stage.run()
        assert "upload" not in {method for method, _ in stage.index.calls}
        assert stage.connect.closed == 1

    def test_pages_none_of_which_can_be_read_keep_everything_from_being_sent(self, stage: Stage) -> None:
        stage.index.reads = dict.fromkeys(range(1, 4), Fault(status=503))
        with pytest.raises(FailedError) as caught:
            stage.run()
        assert caught.value.code == "IX20"
        assert sent(stage.index) == []

    def test_one_reason_for_all_pages_is_said_once(self, stage: Stage) -> None:
        stage.index.reads = dict.fromkeys(range(1, 4), LOST)
        with pytest.raises(FailedError) as caught:
            stage.run()
        assert not isinstance(caught.value, ProblemsError)


class TestRefusals:
    """Exit 3, nothing is sent, all reasons together."""

    def test_other_bytes_under_a_published_version_name_package_file_and_member(self, tmp_path: Path) -> None:
        (tmp_path / "published").mkdir()

        class RealBuilder(FakeBuilder):
            def build(self, packages: Sequence[Package], built: Callable[[Package, str], None]) -> list[Artifact]:
                makers = (make_wheel, make_sdist)
                for package in packages:
                    built(package, "for a test")
                return [make(self.folder, each.distribution, "1.0.0", b"new") for each in packages for make in makers]

        stage = Stage(folder=tmp_path, packages=(LOG, CACHE))
        stage.builder = RealBuilder(tmp_path)
        published = make_wheel(tmp_path / "published", LOG.distribution, "1.0.0", b"old")
        stage.index.upload(published, lambda _size: None)
        stage.index.calls.clear()
        report = stage.run()
        assert report.exit_code == 3
        assert sent(stage.index) == []
        (problem,) = report.problems
        assert problem["code"] == "PB01"
        assert published.filename in str(problem["message"])
        assert "maestro_core_logging/__init__.py differs" in str(problem["message"])
        outcomes = {each.file: each.outcome for package in report.packages for each in package.files}
        assert outcomes == {
            published.filename: Outcome.REFUSED,
            "maestro_core_logging-1.0.0.tar.gz": Outcome.HELD,
            "maestro_cache-1.0.0-py3-none-any.whl": Outcome.HELD,
            "maestro_cache-1.0.0.tar.gz": Outcome.HELD,
        }
        assert report.packages[1].files[0].detail == problem["message"]

    def test_all_reasons_are_found_before_it_ends(self, tmp_path: Path) -> None:
        """A file that cannot be fetched for comparison is refused all the same."""

        class Withholding(MemoryIndex):
            def fetch(self, distribution: str, version: str, filename: str, into: Path) -> None:
                what = f"{distribution} {version} {filename} for {into.name}"
                raise FailedError("IX20", f"It has no time for {what}.", "Run again.")

        stage = Stage(folder=tmp_path, packages=ALL, index=Withholding())
        (tmp_path / "published").mkdir()
        stage.index.upload(make_artifact(CACHE, content=b"old", folder=tmp_path / "published"), lambda _size: None)
        report = stage.run("cache", "resilience")
        assert report.exit_code == 3
        assert [each["code"] for each in report.problems] == ["PB01", "PB03"]
        assert "could not be learned" in str(report.problems[0]["message"])
        assert [package.outcome for package in report.packages] == [Outcome.REFUSED, Outcome.REFUSED]

    def test_a_page_that_cannot_be_read_is_refused_with_all_else_that_is(self, tmp_path: Path) -> None:
        """Absent and unknown are different answers, and so are unknown and missing."""
        stage = Stage(folder=tmp_path, packages=ALL, index=Unreadable(LOG.distribution))
        (tmp_path / "published").mkdir()
        stage.index.upload(make_artifact(CACHE, content=b"old", folder=tmp_path / "published"), lambda _size: None)
        stage.index.calls.clear()
        report = stage.run("cache", "resilience")
        assert (report.exit_code, sent(stage.index)) == (3, [])
        codes = [(each["code"], str(each["message"])) for each in report.problems]
        assert [code for code, _ in codes] == ["PB01", "PB02"]
        assert "The index did not say whether it has a maestro-core-logging that satisfies" in codes[1][1]
        whole = stage.run()
        assert whole.exit_code == 3
        outcomes = {package.name: package.outcome for package in whole.packages}
        assert outcomes["core-logging"] is Outcome.REFUSED
        assert [each["code"] for each in whole.problems].count("PB02") == 2, "for each of its files"

    def test_a_hash_that_cannot_be_learned_is_refused_and_not_taken_for_another(self, tmp_path: Path) -> None:
        stage = Stage(folder=tmp_path, packages=ALL, index=Unreadable(LOG.distribution, md5_only=True, pages=True))
        for each in ALL:
            for artifact in make_artifacts([each], tmp_path):
                stage.index.upload(artifact, lambda _size: None)
        stage.index.calls.clear()
        report = stage.run()
        assert (report.exit_code, sent(stage.index)) == (3, [])
        assert {each["code"] for each in report.problems} == {"PB02"}
        assert [package.outcome for package in report.packages] == [
            Outcome.PRESENT, Outcome.REFUSED, Outcome.PRESENT,
        ]  # fmt: skip

    def test_a_prerequisite_in_the_index_is_enough(self, stage: Stage, tmp_path: Path) -> None:
        assert stage.run("resilience").exit_code == 3
        publish(stage.index, make_wheel(tmp_path, LOG.distribution))
        assert stage.run("resilience").exit_code == 0

    def test_what_is_published_of_a_prerequisite_may_exclude_what_goes_up(self, tmp_path: Path) -> None:
        """Both requirements are met, each by itself."""
        index = MemoryIndex()
        publish(index, make_wheel(tmp_path, LOG.distribution))
        publish(index, make_wheel(tmp_path, RESILIENCE.distribution, requires=["maestro-core-logging<2"]))
        log = make_package("core-logging", "2.0.0")
        resilience = make_package("resilience", "1.0.1", needs=["maestro-core-logging>=1.0"])
        cache = make_package("cache", needs=["maestro-core-logging>=2", "maestro-resilience"])
        stage = Stage(folder=tmp_path, packages=(log, resilience, cache), index=index)
        report = stage.run("core-logging", "cache")
        assert (report.exit_code, sent(index)) == (3, [])
        (problem,) = report.problems
        assert problem["code"] == "PB13"
        assert "maestro-resilience 1.0.0 needs maestro-core-logging<2" in str(problem["message"])
        assert "add --package resilience" in str(problem["hint"])
        assert stage.run("core-logging", "cache", "resilience").exit_code == 0

    def test_a_published_wheel_that_cannot_be_read_is_unknown_and_not_without_requirements(self, stage: Stage) -> None:
        assert stage.run("core-logging").exit_code == 0  # by a builder whose wheels are none
        report = stage.run("resilience")
        assert report.exit_code == 3
        (problem,) = report.problems
        assert problem["code"] == "PB02"
        assert "maestro_core_logging-1.0.0-py3-none-any.whl requires cannot be read" in str(problem["message"])


class TestRehearsal:
    """A plan that is not applied (law 7)."""

    def test_it_does_what_a_real_run_does_up_to_the_first_upload_and_no_more(self, tmp_path: Path) -> None:
        rehearsal, real = (Stage(folder=tmp_path, packages=ALL) for _ in range(2))
        for each in (rehearsal, real):
            each.run("cache")
            each.index.calls.clear()
        report = rehearsal.run(dry_run=True)
        real.run()
        first = next(number for number, (method, _) in enumerate(real.index.calls) if method == "upload")
        assert sorted(rehearsal.index.calls) == sorted(real.index.calls[:first])
        assert rehearsal.builder.built == real.builder.built
        assert report.exit_code == 0
        assert [(each.name, each.outcome) for each in report.packages] == [
            ("cache", Outcome.PRESENT),
            ("core-logging", Outcome.PLANNED),
            ("resilience", Outcome.PLANNED),
        ]

    def test_it_is_refused_as_the_real_run_would_be(self, stage: Stage) -> None:
        real, rehearsal = stage.run("resilience"), stage.run("resilience", dry_run=True)
        assert (real.exit_code, real.packages, real.problems) == (3, rehearsal.packages, rehearsal.problems)
        assert rehearsal.exit_code == 3


class TestOnlyChanged:
    """`--changed` takes of the selection what the index lacks or has different."""

    def test_what_needs_a_package_that_is_there_does_not_wait_for_it(self, stage: Stage) -> None:
        stage.run("core-logging")
        report = stage.run(changed=True)
        assert report.exit_code == 0
        assert [each.name for each in report.packages] == ["cache", "resilience"]

    def test_with_nothing_changed_there_is_nothing_to_do(self, stage: Stage) -> None:
        stage.run()
        report = stage.run(changed=True)
        assert (report.exit_code, report.packages) == (0, ())


class TestExitCodes:
    """Once something was begun, trouble is 1; 0 only when all is as wanted."""

    @pytest.mark.parametrize("status", [401, 403, 404, 410, 413])
    def test_a_refused_upload_is_a_failure_whatever_its_reason(self, stage: Stage, status: int) -> None:
        stage.index.uploads = {1: Fault(status=status, words="No")}
        report = stage.run()
        assert report.exit_code == 1
        assert not report.as_json()["ok"]
        assert len(report.problems) == 1

    def test_trouble_that_passes_is_none(self, stage: Stage) -> None:
        stage.index.uploads = {1: LOST, 2: Fault(status=503), 4: Fault(status=503, stored=True)}
        assert stage.run().exit_code == 0

    def test_a_group_that_is_not_there_is_a_warning_and_installers_are_sent_to_the_repository(
        self, stage: Stage
    ) -> None:
        stage.connect.group_problem = UsageError("IX29", "There is no such group.", "Set NEXUS_GROUP.")
        report = stage.run()
        assert report.exit_code == 0
        assert report.warnings == ("There is no such group. Set NEXUS_GROUP.",)
        assert report.index is not None
        assert report.index.installs_from == "http://nexus/repository/pypi-hosted/simple/"

    def test_an_older_version_is_a_warning_and_no_error(self, tmp_path: Path) -> None:
        index = MemoryIndex()
        Stage(folder=tmp_path, packages=[make_package("cache", "2.0.0")], index=index).run()
        said: list[str] = []

        class Watcher(Silence):
            def says(self, line: str) -> None:
                said.append(line)

        report = Stage(folder=tmp_path, packages=[CACHE], index=index, watcher=Watcher()).run()
        assert report.exit_code == 0
        assert said == [f"warning: {report.warnings[0]}"]
        assert "is older than 2.0.0" in report.warnings[0]


def test_the_report_for_programs_has_exactly_these_keys(stage: Stage) -> None:
    report = stage.run("core-logging").as_json()
    assert json.loads(json.dumps(report)) == report
    assert list(report) == [
        "command", "ok", "exit_code", "index", "dry_run", "seconds", "packages", "installs", "warnings", "problems",
    ]  # fmt: skip
    assert report["command"] == "publish"
    assert (report["ok"], report["exit_code"], report["dry_run"]) == (True, 0, False)
    assert report["index"] == {"url": "http://nexus", "repository": "pypi-hosted", "embedded": False}
    (package,) = report["packages"]  # type: ignore[misc]
    assert {key: value for key, value in package.items() if key != "artifacts"} == {  # type: ignore[has-type]
        "name": "core-logging",
        "version": "1.0.0",
        "wave": 1,
        "outcome": "uploaded",
    }
    wheel = stage.folder / "maestro_core_logging-1.0.0-py3-none-any.whl"
    artifact = make_artifact(LOG, content=wheel.read_bytes())
    assert package["artifacts"][0] == {  # type: ignore[has-type]
        "file": wheel.name,
        "sha256": artifact.sha256,
        "size": artifact.size,
        "outcome": "uploaded",
        "detail": "",
    }


@dataclass(frozen=True, slots=True)
class Program:
    """`stoppable_publication.py` in a process of its own."""

    process: subprocess.Popen[str]

    def hear(self, stream: str, beginning: str) -> None:
        """Read until a line begins like this."""
        for line in getattr(self.process, stream):
            if line.startswith(beginning):
                return
        pytest.fail(f"it ended without saying {beginning!r}")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def end(self, words: str = "") -> tuple[int, dict[str, object], str]:
        """Let it end; return exit code, report and what it said last."""
        out, err = self.process.communicate(words, timeout=60)
        return self.process.returncode, json.JSONDecoder().raw_decode(out, out.index("{"))[0], err


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Callable[[str], Program]]:
    with ExitStack() as running:

        def start(mode: str) -> Program:
            words = [sys.executable, str(TESTS / "stoppable_publication.py"), str(tmp_path), mode]
            environment = {"PYTHONPATH": f"{TESTS.parent}:{TESTS}", "NO_COLOR": "1"}
            pipe = subprocess.PIPE
            process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
            running.enter_context(process)
            running.callback(process.kill)
            return Program(process)

        yield start


class TestInterrupted:
    """A real SIGINT to a real process."""

    def test_after_the_first_the_file_on_its_way_arrives_and_the_report_says_what_is_up(
        self, program: Callable[[str], Program]
    ) -> None:
        running = program("finish")
        running.hear("stdout", "uploading")
        running.interrupt()
        running.hear("stderr", "Stopping: uploads on their way may finish")
        code, report, _ = running.end("\n")
        assert (code, report["exit_code"]) == (130, 130)
        outcomes = [each["outcome"] for package in report["packages"] for each in package["artifacts"]]  # type: ignore[attr-defined]
        assert outcomes == ["uploaded", "held", "held", "held"]
        (problem,) = report["problems"]  # type: ignore[misc]
        assert "continues where this ended" in problem["hint"]  # type: ignore[has-type]

    def test_the_second_cuts_off_what_is_on_its_way(self, program: Callable[[str], Program]) -> None:
        running = program("abandon")
        running.hear("stdout", "uploading")
        running.interrupt()
        running.hear("stderr", "Stopping: uploads on their way may finish")
        running.interrupt()
        code, report, said = running.end()
        assert code == 130
        assert "uploads on their way are abandoned" in said
        outcomes = {each["outcome"] for package in report["packages"] for each in package["artifacts"]}  # type: ignore[attr-defined]
        assert outcomes == {"held"}

    def test_while_it_only_looks_one_is_enough(self, program: Callable[[str], Program]) -> None:
        running = program("look")
        running.hear("stdout", "looking")
        running.interrupt()
        code, report, said = running.end()
        assert code == 130
        assert [each["code"] for each in report["problems"]] == ["PB09"]  # type: ignore[attr-defined]
        assert "Traceback" not in said
