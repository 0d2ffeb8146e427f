"""The simple index (PEP 503) as Nexus writes it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SAFE: Final = "/+~!"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One file on a project's page.

    Attributes:
        path: where the repository serves it, without a leading slash.
        digests: hexadecimal, by algorithm; one of them becomes the fragment.
        requires_python: empty when the project does not say.
    """

    file: str
    path: str
    digests: Mapping[str, str]
    requires_python: str = ""

    def fragment(self, *, md5_only: bool) -> str:
        """`#sha256=…`, or what else there is; empty without any digest."""
        order = ("md5",) if md5_only else ("sha256", "sha512", "sha384", "sha1", "md5")
        return next((f"#{name}={self.digests[name]}" for name in order if name in self.digests), "")


def project_page(name: str, links: Iterable[Link], *, md5_only: bool = False) -> str:
    """The page of one project; its links are relative to the form with the slash."""
    anchors = "".join(f"    {_anchor(link, md5_only=md5_only)}<br/>\n" for link in links)
    title = f"Links for {escape(name)}"
    return (
        '<html lang="en">\n<head>\n'
        f'  <title>{title}</title>\n  <meta name="api-version" value="2"/>\n</head>\n'
        f"<body>\n<h1>{title}</h1>\n{anchors}</body>\n</html>\n"
    )


def root_page(names: Iterable[str]) -> str:
    """The list of all projects."""
    anchors = "".join(f'    <a href="{quote(name, SAFE)}/">{escape(name)}</a><br/>\n' for name in names)
    return f'<html lang="en">\n<head>\n  <title>Simple index</title>\n</head>\n<body>\n{anchors}</body>\n</html>\n'


def _anchor(link: Link, *, md5_only: bool) -> str:
    href = f"../../{quote(link.path, SAFE)}{link.fragment(md5_only=md5_only)}"
    python = f' data-requires-python="{escape(link.requires_python)}"' if link.requires_python else ""
    return f'<a href="{escape(href)}" rel="internal"{python}>{escape(link.file)}</a>'
