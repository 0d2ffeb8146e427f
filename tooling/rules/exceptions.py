"""The findings the house lives with: `[tool.maestro.exceptions]` of the root, by code and package, each with a reason.

[tool.maestro.exceptions]
PK34 = { core-api = "the extra is taken by duck typing" }
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from tooling.rules.rule import Fault, Finding, rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tooling.rules.subject import House

_TABLE = ("tool", "maestro", "exceptions")


@dataclass(frozen=True, slots=True, kw_only=True)
class Excused:
    """A finding that is not counted, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What was looked at and found, for judging the exceptions.

    `judged` are the codes and packages of which all findings are known; of others nobody knows what there is to excuse.
    """

    house: House
    codes: Collection[str]
    judged: Collection[tuple[str, str]]
    findings: Collection[Finding]


def excused(house: House, findings: Collection[Finding]) -> tuple[Excused, ...]:
    """The findings that the table excuses, with their reasons."""
    reasons = {(code, name): reason for code, name, reason in _entries(house) if reason}
    return tuple(
        Excused(finding=each, reason=reasons[each.code, each.package])
        for each in findings
        if each.package is not None and (each.code, each.package) in reasons
    )


@rule("PK42")
def exceptions_justified(ledger: Ledger) -> Iterator[Fault]:
    """Exceptions are known, needed and explained.

    Keep in [tool.maestro.exceptions] only `CODE = { package = "reason" }` for package rules that find something
    there; take out what is no longer needed. Exceptions to PK22 are judged by `invoke check --api` only.
    """
    found = {(each.code, each.package) for each in ledger.findings}
    packages = ledger.house.workspace.packages
    for code, name, reason in _entries(ledger.house):
        place = ledger.house.document.place(*_TABLE, code)
        if code not in ledger.codes:
            message = f"{code} is not the code of a package rule.{_near(code, ledger.codes)}"
            yield Fault(message=message, place=place)
        elif name is None:
            yield Fault(
                message=f'{code} is not a table of packages and reasons: {{ package = "reason" }}.', place=place
            )
        elif name not in packages:
            yield Fault(message=f"{code} excuses {name}, which is no package.{_near(name, packages)}", place=place)
        elif not reason:
            yield Fault(message=f"{code} excuses {name} without a reason.", place=place)
        elif (code, name) in ledger.judged and (code, name) not in found:
            yield Fault(message=f"{code} excuses {name}, where the rule finds nothing.", place=place)


def _near(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _entries(house: House) -> Iterator[tuple[str, str | None, str]]:
    """Code, package and reason of each entry; no package where the value has another shape."""
    table = house.document.get(*_TABLE)
    for code, value in (table if isinstance(table, dict) else {}).items():
        if not isinstance(value, dict) or not value:
            yield code, None, ""
            continue
        for name, reason in value.items():
            yield code, name, reason.strip() if isinstance(reason, str) else ""
