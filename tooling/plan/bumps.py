"""Which packages get which version, and why each is there: what was asked for, then whoever has to follow.

Pure, and linear in packages and edges: packages are gone through once in publishing order, so that all a package needs
has its new version when its own ranges are looked at. A dependent is touched only if its range excludes the new version
or its policy says so; lockstep groups are settled by going through again until nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tooling.errors import MaestroError, UsageError
from tooling.model.versions import next_version, phase_of
from tooling.plan.bump_refusals import refusals_of, senseless
from tooling.plan.evidence import Standing
from tooling.plan.lockstep import behind
from tooling.plan.ranges import following, group_edits, released_floors
from tooling.plan.sizes import deciding, smallest, stands, too_small

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from packaging.version import Version

    from tooling.model.versioning import Versioning
    from tooling.model.versions import Part
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import Refusal
    from tooling.plan.ranges import RangeEdit

Kind = Literal["asked", "auto", "dependent", "lockstep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpRequest:
    """What was asked for: the packages (folder names), and one of `parts`, `to` and `auto`.

    `override` is the reason for a bump that is smaller than a break of the API needs.
    """

    packages: tuple[str, ...]
    parts: tuple[Part, ...] = ()
    to: Version | None = None
    auto: bool = False
    override: str | None = None

    def __post_init__(self) -> None:
        """Refuse a request that says none of the three, or several."""
        if [bool(self.parts), self.to is not None, self.auto].count(True) != 1:
            hint = "Say one of --part PART, --to VERSION and --auto."
            raise UsageError("VS08", "It is not said how far the version goes, or said twice.", hint)
        if self.override is not None and (self.auto or not self.override.strip()):
            hint = "Give --override a sentence, with --part or --to: it is recorded in the changelog."
            raise UsageError("VS08", "An override needs a reason, and a bump that is chosen by hand.", hint)

    @property
    def words(self) -> dict[str, object]:
        """The request as JSON has it; equal for equal requests."""
        words = {"parts": list(self.parts), "to": str(self.to), "auto": self.auto, "override": self.override}
        return {"packages": sorted(self.packages), **words}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a package is in the plan: of which kind, and a clause for people."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bump:
    """One package of the plan; `overridden` are the names that break although the version does not tell it."""

    package: str
    before: Version
    after: Version
    reasons: tuple[Reason, ...]
    ranges: tuple[RangeEdit, ...] = ()
    overridden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpPlan:
    """Bumps in publishing order; any refusal means nothing is written. `notes` are sentences.

    `groups` is what is rewritten in dependency groups, by package and for the `ROOT`.
    """

    bumps: tuple[Bump, ...]
    groups: Mapping[str, tuple[RangeEdit, ...]] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()

    def of(self, package: str) -> Bump | None:
        """The bump of one package."""
        return next((bump for bump in self.bumps if bump.package == package), None)


def make_bump_plan(
    workspace: Workspace, request: BumpRequest, policy: Versioning, standing: Mapping[str, Standing]
) -> BumpPlan:
    """Decide the versions.

    Args:
        workspace: all packages, with their edges.
        request: what was asked for.
        policy: how floors move, and the lockstep groups.
        standing: what is known of each package that may be in the plan; a package without an entry is unknown to index
            and tags.
    """
    planning = _Planning(workspace, request, policy, standing)
    planning.ask()
    bumps = {name: _overriding(bump, request, planning.standing(name)) for name, bump in planning.settle().items()}
    plan = BumpPlan(bumps=tuple(bumps.values()), groups=group_edits(workspace, bumps, policy))
    refusals = (*planning.refusals, *refusals_of(workspace, request.override, plan, planning.standing))
    stays = (f"{name} stays at {why}." for name, why in planning.stays.items() if name not in bumps)
    return replace(plan, refusals=refusals, notes=(*planning.notes, *stays))


def reachable(workspace: Workspace, policy: Versioning, names: Collection[str]) -> tuple[str, ...]:
    """The packages that a bump of these may touch.

    Whoever needs them, however far up, be it in a dependency group, and lockstep groups.
    """
    groups = {member: members for members in policy.lockstep.values() for member in members}
    users: dict[str, list[str]] = {name: list(workspace.dependents_of(name)) for name in workspace.packages}
    for name in workspace.packages:
        for need in workspace.grouped(name):
            users[need.package].append(name)
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [*users[name], *groups.get(name, ())]
    return tuple(name for name in workspace.packages if name in found)


def _overriding(bump: Bump, request: BumpRequest, known: Standing) -> Bump:
    if request.override is None:
        return bump
    return replace(bump, overridden=tuple(each.name for each in too_small(bump.after, known)))


@dataclass(slots=True)
class _Planning:
    workspace: Workspace
    request: BumpRequest
    policy: Versioning
    known: Mapping[str, Standing]
    asked: dict[str, tuple[Version, Reason]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)

    def standing(self, name: str) -> Standing:
        """What is known of a package."""
        return self.known.get(name) or Standing()

    def ask(self) -> None:
        """Settle the versions of what was asked for."""
        for name in self.request.packages:
            package, standing = self.workspace.packages[name], self.standing(name)
            if standing.comparison is not None and not standing.published:
                self.notes.append(f"{name} was never published, so there is nothing to compare it with.")
            if self.request.auto:
                self._ask_auto(name, package.version, standing)
                continue
            try:
                after = self.request.to or next_version(package.version, *self.request.parts)
            except MaestroError as error:
                self.refusals.append(senseless(name, error))
                continue
            said = f"--to {self.request.to}" if self.request.to else f"--part {' --part '.join(self.request.parts)}"
            self.asked[name] = after, Reason(kind="asked", text=said)

    def _ask_auto(self, name: str, current: Version, standing: Standing) -> None:
        looked = standing.comparison
        if looked is None or not standing.published:
            self.stays[name] = f"{current}: the first version stands"
        elif stands(current, standing):
            self.stays[name] = f"{current}: it is not published yet, and far enough from {standing.since}"
        elif looked.same and not standing.unreleased:
            self.stays[name] = f"{current}: nothing changed since it was published"
        elif looked.same_wheel and not standing.unreleased:
            self.stays[name] = f"{current}: nothing that is installed changed since it was published"
        else:
            after = smallest(current, standing)
            why = "; ".join(dict.fromkeys(each.detail for each in deciding(standing)))
            self.asked[name] = after, Reason(kind="auto", text=why or "its files differ from those published")

    def settle(self) -> dict[str, Bump]:
        """Go through all packages until no lockstep group moves, and nobody follows for a dependency group.

        Each further round settles at least one package.
        """
        forced: dict[str, tuple[Version, Reason]] = {}
        while True:
            bumps = self._round(forced)
            moved = behind(self.workspace, self.policy, bumps, self.standing)
            pulled = {name: (each.version, Reason(kind="lockstep", text=each.why)) for name, each in moved.items()}
            pulled = dict(self._regrouped(bumps)) | pulled
            if not pulled:
                return bumps
            forced |= pulled

    def _regrouped(self, bumps: Mapping[str, Bump]) -> Iterator[tuple[str, tuple[Version, Reason]]]:
        """Released packages whose dependency groups are rewritten: their sdist holds them, and cannot be another."""
        for name, edits in group_edits(self.workspace, bumps, self.policy).items():
            package, known = self.workspace.packages.get(name), self.standing(name)
            if package is not None and name not in bumps and package.version in known.published | known.tagged:
                yield name, (self._next(name, edits), Reason(kind="dependent", text=edits[0].why))

    def _next(self, name: str, edits: Collection[RangeEdit]) -> Version:
        """The version of a package that only follows: a pre-release where it follows one."""
        label = next((phase for edit in edits if (phase := phase_of(edit.version))), None)
        return smallest(self.workspace.packages[name].version, self.standing(name), label=label)

    def _round(self, forced: Mapping[str, tuple[Version, Reason]]) -> dict[str, Bump]:
        bumps: dict[str, Bump] = {}
        for wave in self.workspace.waves():
            for name in wave:
                bump = self._bump(name, forced, bumps)
                if bump is not None:
                    bumps[name] = bump
        return bumps

    def _bump(self, name: str, forced: Mapping[str, tuple[Version, Reason]], bumps: Mapping[str, Bump]) -> Bump | None:
        package = self.workspace.packages[name]
        needs = self.workspace.needs[name]
        ranges = [edit for need in needs if (edit := following(name, need, bumps, self.policy)) is not None]
        asked, together = self.asked.get(name), forced.get(name)
        if not (ranges or asked or together):
            return None
        reasons = [each[1] for each in (asked, together) if each]
        reasons += [Reason(kind="dependent", text=why) for why in dict.fromkeys(edit.why for edit in ranges)]
        chosen = together or asked
        after = chosen[0] if chosen else self._next(name, ranges)
        if not after.is_prerelease:
            ranges += released_floors(self.workspace, name, bumps, self.policy, ranges)
        return Bump(package=name, before=package.version, after=after, reasons=tuple(reasons), ranges=tuple(ranges))
