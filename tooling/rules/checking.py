"""Every rule on every package: what was found, what is excused, and what a rule's code means."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tooling.rules import contents, identity, interface, published_api, repository, requirements
from tooling.rules.exceptions import Excused, Ledger, exceptions_justified, excused
from tooling.rules.subject import House

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from packaging.version import Version

    from tooling.model.broken_api import BrokenApi
    from tooling.model.package import Package
    from tooling.model.workspace import Workspace
    from tooling.rules.rule import Finding, Rule
    from tooling.rules.subject import Subject

PACKAGE_RULES: tuple[Rule[Subject], ...] = (
    *identity.RULES,
    *contents.RULES,
    *interface.RULES,
    *published_api.RULES,
    *requirements.RULES,
)
REPOSITORY_RULES: tuple[Rule[House], ...] = repository.RULES


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a rule's code means: its `title`, and the `remedy`."""

    title: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The outcome of a check: `packages` by folder name, and how many times a rule was applied to something."""

    packages: tuple[str, ...]
    findings: tuple[Finding, ...]
    excused: tuple[Excused, ...]
    applied: int

    @property
    def ok(self) -> bool:
        """Whether nothing was found that is not excused."""
        return not self.findings


def catalogue() -> dict[str, Meaning]:
    """Every rule's meaning by its code, sorted."""
    rules: tuple[Rule[Any], ...] = (*PACKAGE_RULES, *REPOSITORY_RULES, exceptions_justified)
    return {each.code: Meaning(title=each.title, remedy=each.fix) for each in rules}


def check(
    workspace: Workspace,
    packages: Sequence[Package],
    *,
    published: Mapping[str, Collection[Version]] | None = None,
    broken: Mapping[str, BrokenApi] | None = None,
) -> Report:
    """Apply every rule to the packages, and, when they are all there are, those about the repository.

    Args:
        workspace: where the packages stand.
        packages: the ones to look at.
        published: the versions an index has, by distribution name; None when no index was asked.
        broken: the packages whose version does not tell what broke; None when no published wheel was looked at.
    """
    house = House(workspace=workspace, published=published, broken=broken)
    names = tuple(package.name for package in packages)
    with _no_collection():
        answers = list(_answers(house, names))
    found = tuple(each for answer in answers if answer is not None for each in answer)
    ledger = Ledger(
        house=house, codes=tuple(r.code for r in PACKAGE_RULES), judged=_judged(house, names), findings=found
    )
    unjustified = exceptions_justified.findings(ledger, None) or ()
    excuses = excused(house, found)
    forgiven = {id(each.finding) for each in excuses}
    return Report(
        packages=names,
        findings=(*(each for each in found if id(each) not in forgiven), *unjustified),
        excused=excuses,
        applied=sum(answer is not None for answer in answers) + 1,
    )


@contextmanager
def _no_collection() -> Iterator[None]:
    """Syntax trees hold no cycles, and looking for some after every few hundred nodes takes as long as parsing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _judged(house: House, names: tuple[str, ...]) -> frozenset[tuple[str, str]]:
    """The rules and packages, by code and name, of which this run knows all findings there are."""
    subjects = {name: house.subject(name) for name in names}
    return frozenset(
        (each.code, name) for name, subject in subjects.items() for each in PACKAGE_RULES if each.informed(subject)
    )


def _answers(house: House, names: tuple[str, ...]) -> Iterator[tuple[Finding, ...] | None]:
    for name in names:
        subject = house.subject(name)
        yield from (each.findings(subject, name) for each in PACKAGE_RULES)
    if set(names) == set(house.workspace.packages):
        yield from (each.findings(house, None) for each in REPOSITORY_RULES)
