"""`invoke explain CODE`: what an error or rule code means, and how to get past it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from tooling.faces.program import JSON, command, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tooling.explanations import Explanation


EVERY = "all"
_RULE = (
    "A rule of the house, held by `invoke check`. "
    'An exception needs a reason: CODE = { package = "reason" } under [tool.maestro.exceptions] in the root.'
)


@command(flags={"code": f"such as WS03 or PK20; `{EVERY}` lists every code", **JSON}, positional=("code",))
def explain(_context: object, code: str, *, json: bool = False) -> None:
    """Say what an error or rule code means, and how to get past it; `invoke explain all` lists every code."""
    known = every_code()
    chosen = known if code == EVERY else {code.upper(): find(known, code)}
    if json:
        print_json({"command": "explain", "codes": {key: _as_json(entry) for key, entry in chosen.items()}})
    elif code == EVERY:
        print("\n".join(f"{key}  {entry.title}" for key, entry in chosen.items()))
    else:
        print("\n".join(line for key, entry in chosen.items() for line in _page(key, entry)))


def every_code() -> dict[str, Explanation]:
    """Errors and rules by code: families in the catalogue's order, then the rules, sorted within each."""
    from tooling import explanations, rules

    meant = {
        code: explanations.Explanation(title=rule.title, meaning=_RULE, remedy=rule.remedy)
        for code, rule in rules.catalogue().items()
    }
    return explanations.catalogue() | meant


def find(known: Mapping[str, Explanation], code: str) -> Explanation:
    """The entry of a code, in either case.

    Raises:
        UsageError: WS16, with the nearest code there is.
    """
    from tooling.errors import UsageError

    if code.upper() in known:
        return known[code.upper()]
    near = get_close_matches(code.upper(), known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"`invoke explain {EVERY}` lists every code."
    raise UsageError("WS16", f"There is no code `{code}`.", hint, facts={"code": code, "suggestions": near})


def _page(code: str, entry: Explanation) -> list[str]:
    from textwrap import fill

    return [f"{code}: {entry.title}", "", fill(entry.meaning, 100), "", fill(entry.remedy, 100)]


def _as_json(entry: Explanation) -> dict[str, str]:
    return {"title": entry.title, "meaning": entry.meaning, "remedy": entry.remedy}
