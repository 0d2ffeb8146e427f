"""`invoke release` from end to end: everything checked, then one commit, one tag for each package, one push.

By tag: the tags are made and pushed, and a workflow publishes what they name. Index first: the packages are published
and proven before any tag is made, so that no tag ever names what cannot be installed. Either way the repository and the
index are the memory: a run that was cut short is finished by the same command.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from tooling.effects.checkout import checkout
from tooling.effects.release_tree import finish_edits, release_tree, write_edits
from tooling.errors import FailedError, MaestroError, RefusedError, StoppedError, raise_all
from tooling.model.changelog import parse_changelog
from tooling.model.workspace import find_workspace
from tooling.plan.bump_edits import CHANGELOG
from tooling.plan.release_report import CommitResult, ReleaseReport
from tooling.plan.release_texts import commit_message, notes_in, shown
from tooling.plan.releases import Candidate, TagState, Wish, is_tagged, plan_release, stale_files
from tooling.plan.repository import Relation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.effects.progress import Watcher
    from tooling.effects.proven_publication import ProvenPublication
    from tooling.effects.release_tree import BumpWish, ReleaseTree
    from tooling.effects.repository import Repository
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.plan.outcomes import Report
    from tooling.plan.releases import PlannedTag, ReleasePlan


class Check(Protocol):
    """Holds packages to the rules of the house; each breach is an error."""

    def __call__(self, workspace: Workspace, packages: Sequence[Package]) -> Sequence[MaestroError]:
        """Check them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRequest:
    """What was asked for.

    `packages` are folder names, `named` those that the user gave one by one; `bump` None: the versions that stand;
    `changed`: without a bump, only what is not tagged yet; `publish`: index first; `ask_index` False: what the index
    has is left to whoever publishes.
    """

    packages: frozenset[str]
    named: frozenset[str] = frozenset()
    bump: BumpWish | None = None
    changed: bool = False
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
        if request.bump is not None:
            finish_edits(self.workspace.root, dry_run=request.dry_run)
        facts = self.repository.facts()
        with release_tree(self.workspace, self.repository, facts, request.packages, request.bump) as tree:
            plan, rehearsal = self._prepared(request, tree)
            report = self._foreseen(request, tree, plan, rehearsal)
            if not request.dry_run and tree.edits:
                report = self._committed(report, tree)
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

    def _prepared(self, request: ReleaseRequest, tree: ReleaseTree) -> tuple[ReleasePlan, Report | None]:
        """Plan, check and rehearse; whatever is wrong is raised together.

        One after the other: rules and rehearsal are both work for the interpreter, and as threads they take longer.
        """
        candidates = self._candidates(request, tree)
        wish = Wish(branch=self.repository.branch, push=request.push, commits=bool(tree.edits))
        plan = plan_release(tree.facts, candidates, wish)
        current = [each.package for each in candidates if not each.changed]
        errors = [*plan.refusals, *tree.refusals, *self.check(tree.workspace, current)]
        rehearsal: Report | None = None
        if request.ask_index and current:
            try:
                rehearsal = self.publication.rehearse(tree.workspace, current, uploading=request.publish)
                errors += [_refusal(each) for each in rehearsal.problems]
            except StoppedError:
                raise
            except MaestroError as error:
                errors.append(error)
        raise_all(errors)
        return plan, rehearsal

    def _candidates(self, request: ReleaseRequest, tree: ReleaseTree) -> list[Candidate]:
        facts, edited = tree.facts, tree.bumped
        named = request.named | edited
        found = [Candidate(package=each, notes=notes_of(each), named=each.name in named) for each in tree.packages]
        if request.changed and request.bump is None:
            found = [each for each in found if not is_tagged(facts, each.tag)]
        tagged = {each.package.name: tag.commit for each in found if (tag := facts.tags.get(each.tag)) and tag.commit}
        pairs = [(commit, f"packages/{name}") for name, named in tagged.items() for commit in (facts.head, named)]
        trees = self.repository.trees(pairs)
        moved = {
            name
            for name, commit in tagged.items()
            if name in edited or trees.get((facts.head, f"packages/{name}")) != trees.get((commit, f"packages/{name}"))
        }
        return [replace(each, changed=each.package.name in moved) for each in found]

    def _foreseen(
        self, request: ReleaseRequest, tree: ReleaseTree, plan: ReleasePlan, rehearsal: Report | None
    ) -> ReleaseReport:
        dist = self.workspace.root / "dist"
        lying = sorted(path.name for path in dist.iterdir()) if dist.is_dir() else []
        stale = stale_files(lying, tree.workspace.packages.values())
        warnings = list(plan.warnings)
        if stale:
            warnings.append(f"dist/ holds files of other versions, which are left alone: {shown(stale)}.")
        for warning in warnings:
            self.watcher.says(f"warning: {warning}")
        pushed = (*((self.repository.branch,) if plan.push_branch else ()), *plan.to_push) if request.push else ()
        announced = [tag for tag in plan.tags if tag.state is TagState.PLANNED]
        message = commit_message([tag.package for tag in announced], [tag.name for tag in announced])
        files = tuple(edit.path for edit in tree.edits)
        return ReleaseReport(
            exit_code=0,
            dry_run=request.dry_run,
            head=tree.facts.head,
            bump=tree.bump,
            commit=CommitResult(id=None, message=message, files=files) if tree.edits else None,
            tags=plan.tags,
            remote=tree.facts.remote.name if tree.facts.remote else None,
            pushed=pushed,
            publication=rehearsal,
            warnings=(*warnings, *(rehearsal.warnings if rehearsal else ())),
        )

    def _committed(self, report: ReleaseReport, tree: ReleaseTree) -> ReleaseReport:
        assert report.commit is not None
        write_edits(self.workspace.root, tree)
        head = self.repository.commit(report.commit.files, report.commit.message)
        self.watcher.says(f"committed {head[:12]} {report.commit.message.splitlines()[0]}")
        return replace(report, head=head, commit=replace(report.commit, id=head))

    def _published(self, request: ReleaseRequest, report: ReleaseReport, plan: ReleasePlan) -> ReleaseReport:
        """Publish what the release's commit has, and nothing that was edited meanwhile; prove what is to be tagged.

        The commit is pushed first, so that nobody can come between it and its tags; the tags follow when all is proven.
        """
        if request.push and plan.push_branch:
            self._push((), report.head, branch=True)
        with checkout(self.repository.git, report.head) as tree:
            workspace = find_workspace(tree)
            published = self.publication.run(
                workspace,
                [workspace.packages[tag.package.name] for tag in plan.tags if tag.current],
                [workspace.packages[tag.package.name] for tag in plan.tags if tag.state is TagState.PLANNED],
            )
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
