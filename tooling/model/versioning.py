"""How the house moves versions: `[tool.maestro.versions]` of the root, edge by edge and group by group.

[tool.maestro.versions]
floor = "minimum"                           # of every edge: raise a floor only when the range excludes the version

[tool.maestro.versions.floors.core-api]     # who needs
core-config = "latest"                      # what it needs, and how that floor moves

[tool.maestro.versions.lockstep]
platform = ["core-api", "core-config"]      # one version for all of them
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal, get_args

from tooling.errors import MaestroError, UsageError, raise_all
from tooling.model.document import read_document
from tooling.model.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tooling.model.document import Document
    from tooling.model.workspace import Workspace

Floor = Literal["minimum", "latest", "exact"]
"""How a requirement follows what it names: only when it must, always as a floor, or pinned."""

FLOORS: tuple[Floor, ...] = get_args(Floor)
_TABLE = ("tool", "maestro", "versions")
_KEYS = ("floor", "floors", "lockstep")


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioning:
    """The policy: a `floor` for every edge, others by (who needs, what it needs), and `lockstep` groups by name."""

    floor: Floor = "minimum"
    floors: Mapping[tuple[str, str], Floor] = field(default_factory=dict)
    lockstep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def floor_of(self, dependent: str, needed: str) -> Floor:
        """The policy of one edge."""
        return self.floors.get((dependent, needed), self.floor)


def read_versioning(workspace: Workspace) -> Versioning:
    """Read the policy of the workspace.

    Raises:
        UsageError: VS09, one for each thing that is not understood.
    """
    reading = _Reading(workspace, read_document(workspace.root / MANIFEST))
    policy = reading.policy()
    raise_all(reading.faults)
    return policy


class _Reading:
    def __init__(self, workspace: Workspace, document: Document) -> None:
        self.workspace = workspace
        self.document = document
        self.faults: list[MaestroError] = []

    def policy(self) -> Versioning:
        for key in self._table():
            if key not in _KEYS:
                self._fault(f"[tool.maestro.versions] has an unknown setting {key!r}.", _near(key, _KEYS), key)
        floor = self.document.get(*_TABLE, "floor")
        return Versioning(
            floor="minimum" if floor is None else self._floor(floor, "floor"),
            floors=self._floors(),
            lockstep=self._groups(),
        )

    def _floors(self) -> dict[tuple[str, str], Floor]:
        found: dict[tuple[str, str], Floor] = {}
        for dependent in self._table("floors"):
            if not self._known(dependent, "floors", dependent):
                continue
            edges = (*self.workspace.needs[dependent], *self.workspace.grouped(dependent))
            needs = {need.package for need in edges}
            for needed, value in self._table("floors", dependent).items():
                if needed not in needs:
                    hint = _near(needed, needs)
                    self._fault(f"{dependent} does not need {needed!r}.", hint, "floors", dependent, needed)
                else:
                    found[dependent, needed] = self._floor(value, "floors", dependent, needed)
        return found

    def _groups(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        group_of: dict[str, str] = {}
        for name, members in self._table("lockstep").items():
            if not isinstance(members, list) or not all(isinstance(each, str) for each in members):
                hint = "Write it as a list of packages, by their folders."
                self._fault(f"The lockstep group {name!r} is no list of packages.", hint, "lockstep", name)
                continue
            found[name] = tuple(each for each in members if self._known(each, "lockstep", name))
            for member in found[name]:
                if group_of.setdefault(member, name) != name:
                    message = f"{member} is in two lockstep groups, {group_of[member]} and {name}."
                    self._fault(message, "Join them, or take it out of one.", "lockstep", name)
        return found

    def _table(self, *keys: str) -> Mapping[str, object]:
        value = self.document.get(*_TABLE, *keys)
        if value is None or isinstance(value, dict):
            return value or {}
        dotted = ".".join(("tool.maestro.versions", *keys))
        self._fault(f"[{dotted}] is not a table.", f"Write [{dotted}] and its entries below.", *keys)
        return {}

    def _floor(self, value: object, *keys: str) -> Floor:
        for floor in FLOORS:
            if value == floor:
                return floor
        self._fault(f"A floor cannot be {value!r}.", f"Use one of {', '.join(FLOORS)}.", *keys)
        return "minimum"

    def _known(self, name: str, *keys: str) -> bool:
        if name in self.workspace.packages:
            return True
        self._fault(f"There is no package {name!r}.", _near(name, self.workspace.packages), *keys)
        return False

    def _fault(self, message: str, hint: str, *keys: str) -> None:
        self.faults.append(UsageError("VS09", message, hint, place=self.document.place(*_TABLE, *keys)))


def _near(name: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = get_close_matches(name, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
