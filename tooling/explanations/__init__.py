"""The catalogue behind `invoke explain CODE`: one module per family of codes, gathered here.

Families: WS workspace · ST settings and selection · BD build · IX index · PB publish · SV embedded server · GT git ·
RL release · VS versions · CI workflows · NP a new package · IM impact.
The codes of the house rules (PK) explain themselves: `tooling.rules`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a code means (`title`, a short noun phrase; `meaning`, why it happens) and how to get past it (`remedy`)."""

    title: str
    meaning: str
    remedy: str


def catalogue() -> dict[str, Explanation]:
    """Every explanation by its code."""
    from tooling.explanations import (
        build,
        git,
        impact,
        index,
        new_package,
        publish,
        release,
        server,
        settings,
        versions,
        workflows,
        workspace,
    )

    families = (
        *(workspace, settings, build, index, publish, server, git, release, versions),
        *(workflows, new_package, impact),
    )
    return {code: entry for family in families for code, entry in family.ENTRIES.items()}
