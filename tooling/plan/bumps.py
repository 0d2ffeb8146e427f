"""Which packages get which version, and why each is there: what was asked for, then whoever has to follow.

Pure, and linear in packages and edges: packages are gone through once in publishing order, so that all a package needs
has its new version when its own ranges are looked at. A dependent is touched only if its range excludes the new version
or its policy says so; lockstep groups are settled by going through again until nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from tooling.errors import MaestroError, UsageError
from tooling.model.requirement_text import in_order, lowest_of, needs_edit
from tooling.model.versions import next_version, phase_of
from tooling.plan.bump_refusals import pre_release_below, refusals_of, senseless
from tooling.plan.evidence import Standing
from tooling.plan.lockstep import behind
from tooling.plan.sizes import deciding, smallest, stands, too_small

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from packaging.version import Version

    from tooling.model.package import Need
    from tooling.model.versioning import Floor, Versioning
    from tooling.model.versions import Part
    from tooling.model.workspace import Workspace
    from tooling.plan.publishing import Refusal

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
class RangeEdit:
    """One in-house requirement that is rewritten for `version` of what it names, after the policy `floor`."""

    need: Need
    version: Version
    floor: Floor
    why: str


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
    """Bumps in publishing order; any refusal means nothing is written. `notes` are sentences."""

    bumps: tuple[Bump, ...]
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
    refusals = (*planning.refusals, *refusals_of(workspace, request.override, bumps, planning.standing))
    stays = (f"{name} stays at {why}." for name, why in planning.stays.items() if name not in bumps)
    return BumpPlan(bumps=tuple(bumps.values()), refusals=refusals, notes=(*planning.notes, *stays))


def reachable(workspace: Workspace, policy: Versioning, names: Collection[str]) -> tuple[str, ...]:
    """The packages that a bump of these may touch: whoever needs them, however far up, and lockstep groups."""
    groups = {member: members for members in policy.lockstep.values() for member in members}
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [*workspace.dependents_of(name), *groups.get(name, ())]
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
        else:
            after = smallest(current, standing)
            why = "; ".join(dict.fromkeys(each.detail for each in deciding(standing)))
            self.asked[name] = after, Reason(kind="auto", text=why or "its files differ from those published")

    def settle(self) -> dict[str, Bump]:
        """Go through all packages until no lockstep group moves; each further round settles at least one group."""
        forced: dict[str, tuple[Version, Reason]] = {}
        while True:
            bumps = self._round(forced)
            moved = behind(self.workspace, self.policy, bumps, self.standing)
            if not moved:
                return bumps
            forced |= {name: (each.version, Reason(kind="lockstep", text=each.why)) for name, each in moved.items()}

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
        ranges = [edit for need in self.workspace.needs[name] if (edit := self._edit(name, need, bumps)) is not None]
        asked, together = self.asked.get(name), forced.get(name)
        if not (ranges or asked or together):
            return None
        reasons = [each[1] for each in (asked, together) if each]
        reasons += [Reason(kind="dependent", text=why) for why in dict.fromkeys(edit.why for edit in ranges)]
        chosen = together or asked
        if chosen:
            after = chosen[0]
        else:
            label = next((phase for edit in ranges if (phase := phase_of(edit.version))), None)
            after = smallest(package.version, self.standing(name), label=label)
        if not after.is_prerelease:
            ranges += self._released_floors(name, bumps, ranges)
        return Bump(package=name, before=package.version, after=after, reasons=tuple(reasons), ranges=tuple(ranges))

    def _edit(self, name: str, need: Need, bumps: Mapping[str, Bump]) -> RangeEdit | None:
        bump = bumps.get(need.package)
        floor = self.policy.floor_of(name, need.package)
        if bump is None or not needs_edit(need.requirement, bump.after, floor):
            return None
        excluded = not need.requirement.specifier.contains(bump.after, prereleases=True)
        because = f"which excludes {bump.after}" if excluded else f'and its floor is "{floor}"'
        extra = f" for its extra {need.extra}" if need.extra else ""
        why = f"it requires {in_order(need.requirement)}{extra}, {because}"
        return RangeEdit(need=need, version=bump.after, floor=floor, why=why)

    def _released_floors(self, name: str, bumps: Mapping[str, Bump], edited: list[RangeEdit]) -> list[RangeEdit]:
        """Raise the floors of a release that still name a pre-release of what is released by now."""
        found = []
        for need in self.workspace.needs[name]:
            if any(edit.need is need for edit in edited) or not pre_release_below(lowest_of(need.requirement)):
                continue
            bump = bumps.get(need.package)
            version = bump.after if bump else self.workspace.packages[need.package].version
            if not version.is_prerelease:
                floor = self.policy.floor_of(name, need.package)
                why = f"a release does not rest on a pre-release of {need.package}"
                found.append(RangeEdit(need=need, version=version, floor=floor, why=why))
        return found
