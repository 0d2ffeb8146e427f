"""`invoke release` from end to end: everything checked, then one commit, one tag for each package, one push.

By tag: the tags are made and pushed, and a workflow publishes what they name. Index first: the packages are published
and proven before any tag is made, so that no tag ever names what cannot be installed. Either way the repository and the
index are the memory: a run that was cut short is finished by the same command.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tooling.effects.checkout import checkout
from tooling.errors import FailedError, MaestroError, RefusedError, StoppedError, raise_all
from tooling.model.changelog import parse_changelog
from tooling.model.workspace import find_workspace
from tooling.plan.release_report import ReleaseReport
from tooling.plan.release_texts import notes_in, shown
from tooling.plan.releases import Candidate, TagState, Wish, plan_release, stale_files
from tooling.plan.repository import Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.progress import Watcher
    from tooling.effects.proven_publication import ProvenPublication
    from tooling.effects.repository import Repository
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.outcomes import Report
    from tooling.plan.releases import PlannedTag, ReleasePlan
    from tooling.plan.repository import RepositoryFacts

CHANGELOG = "CHANGELOG.md"


class Check(Protocol):
    """Holds packages to the rules of the house; each breach is an error."""

    def __call__(self, workspace: Workspace, packages: Sequence[Package]) -> Sequence[MaestroError]:
        """Check them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """What was asked for.

    `named` are the folder names that the user gave one by one; `publish`: index first; `ask_index` False: what the
    index has is left to whoever publishes.
    """

    packages: Sequence[Package]
    named: frozenset[str] = frozenset()
    push: bool = False
    publish: bool = False
    ask_index: bool = True
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """One run, in the repository that holds the workspace."""

    workspace: Workspace
    repository: Repository
    publication: ProvenPublication
    check: Check
    watcher: Watcher

    def run(self, request: ReleaseRequest) -> ReleaseReport:
        """Release, and report; all that speaks against it is raised before anything is changed."""
        facts = self.repository.facts()
        plan, rehearsal = self._prepared(request, facts)
        report = self._foreseen(request, facts, plan, rehearsal)
        if request.dry_run:
            return report
        if request.publish:
            report = self._published(request, report, plan)
            if report.exit_code != 0:
                return report
        for tag in report.tags:
            if tag.state is TagState.PLANNED:
                self.repository.tag(tag.name, report.head, tag.message)
                self.watcher.says(f"tagged    {tag.name}")
        if request.push:
            self._push(plan.to_push, report.head, branch=plan.push_branch)
        return replace(report, tags=tuple(_made(tag) for tag in report.tags))

    def _prepared(self, request: ReleaseRequest, facts: RepositoryFacts) -> tuple[ReleasePlan, Report | None]:
        """Plan, rehearse and check; whatever is wrong is raised together."""
        candidates = self._candidates(request, facts)
        plan = plan_release(facts, candidates, Wish(branch=self.repository.branch, push=request.push))
        current = [each.package for each in candidates if not each.changed]
        errors = [*plan.refusals, *self.check(self.workspace, current)]
        rehearsal: Report | None = None
        if request.ask_index and current:
            try:
                rehearsal = self.publication.rehearse(self.workspace, current)
                errors += [_refusal(each) for each in rehearsal.problems]
            except StoppedError:
                raise
            except MaestroError as error:
                errors.append(error)
        raise_all(errors)
        return plan, rehearsal

    def _candidates(self, request: ReleaseRequest, facts: RepositoryFacts) -> list[Candidate]:
        found = [
            Candidate(package=package, notes=notes_of(package), named=package.name in request.named)
            for package in request.packages
        ]
        tagged = {
            each.package.name: tag.commit
            for each in found
            if (tag := facts.tags.get(each.tag)) is not None and tag.commit not in {None, facts.head}
        }
        paths = {name: f"packages/{name}" for name in tagged}
        trees = self.repository.trees(
            [(commit, path) for name, path in paths.items() for commit in (facts.head, str(tagged[name]))]
        )
        moved = {
            name
            for name, path in paths.items()
            if trees.get((facts.head, path)) != trees.get((str(tagged[name]), path))
        }
        return [replace(each, changed=each.package.name in moved) for each in found]

    def _foreseen(
        self, request: ReleaseRequest, facts: RepositoryFacts, plan: ReleasePlan, rehearsal: Report | None
    ) -> ReleaseReport:
        dist = self.workspace.root / "dist"
        lying = sorted(path.name for path in dist.iterdir()) if dist.is_dir() else []
        stale = stale_files(lying, self.workspace.packages.values())
        warnings = list(plan.warnings)
        if stale:
            warnings.append(f"dist/ holds files of other versions, which are left alone: {shown(stale)}.")
        for warning in warnings:
            self.watcher.says(f"warning: {warning}")
        pushed = (*((self.repository.branch,) if plan.push_branch else ()), *plan.to_push) if request.push else ()
        return ReleaseReport(
            exit_code=0,
            dry_run=request.dry_run,
            head=facts.head,
            commit=None,
            tags=plan.tags,
            remote=facts.remote.name if facts.remote else None,
            pushed=pushed,
            publication=rehearsal,
            warnings=(*warnings, *(rehearsal.warnings if rehearsal else ())),
        )

    def _published(self, request: ReleaseRequest, report: ReleaseReport, plan: ReleasePlan) -> ReleaseReport:
        """Publish what the release's commit has, and nothing that was edited meanwhile.

        The commit is pushed first, so that nobody can come between it and its tags; the tags follow when all is proven.
        """
        if request.push and plan.push_branch:
            self._push((), report.head, branch=True)
        names = [tag.package.name for tag in plan.tags if tag.current]
        with checkout(self.repository, report.head) as tree:
            workspace = find_workspace(tree)
            packages = [workspace.packages[name] for name in names]
            published = self.publication.run(workspace, packages, packages)
        report = replace(report, publication=published, exit_code=published.exit_code, problems=published.problems)
        if published.exit_code == 0:
            return report
        return replace(report, tags=tuple(_held(tag) for tag in report.tags), pushed=())

    def _push(self, tags: Sequence[str], head: str, *, branch: bool) -> None:
        if not (tags or branch):
            return
        try:
            self.repository.push(tags, branch=branch)
        except FailedError as error:
            raise self._overtaken(tags, head) or error from error
        self.watcher.says(f"pushed    {', '.join([*([self.repository.branch] if branch else []), *tags])}")

    def _overtaken(self, tags: Sequence[str], head: str) -> MaestroError | None:
        """Say what a remote that did not take a push has now; git's own words are for whoever pushes by hand."""
        remote = self.repository.remote_facts(head)
        if remote is None:
            return None
        ours = self.repository.tags()
        theirs = [name for name in tags if remote.tags.get(name, ours[name].object) != ours[name].object]
        forget = f"`git tag -d {' '.join(tags)}`, " if tags else ""
        if remote.relation is Relation.BEHIND:
            message = f"{remote.name} got other commits on {self.repository.branch} meanwhile, so nothing was pushed."
            pull = f"`git pull --rebase {remote.name} {self.repository.branch}`"
            return FailedError("RL10", message, f"Run {forget}{pull}, then the same command again.")
        if theirs:
            message = f"{remote.name} got {shown(theirs)} from somebody else meanwhile, so nothing was pushed."
            fetch = f"`git fetch --tags --force {remote.name}`"
            return FailedError(
                "RL10", message, f"Run {fetch}, and see what was released; raise the version if need be."
            )
        return None


def notes_of(package: Package) -> str | None:
    """The section of the package's changelog for its version; None when there is none."""
    try:
        text = (package.folder / CHANGELOG).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    return notes_in(parse_changelog(text), package)


def _refusal(problem: object) -> MaestroError:
    assert isinstance(problem, dict)
    return RefusedError(str(problem["code"]), str(problem["message"]), str(problem["hint"]))


def _made(tag: PlannedTag) -> PlannedTag:
    return replace(tag, state=TagState.MADE) if tag.state is TagState.PLANNED else tag


def _held(tag: PlannedTag) -> PlannedTag:
    return replace(tag, state=TagState.HELD) if tag.state is TagState.PLANNED else tag
