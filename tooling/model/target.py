"""Where uploads go and pages are read, made from the one address a user gives.

Nexus serves a repository R of its root BASE at `BASE/repository/R/` and its pages at `BASE/repository/R/simple/`; both
need the trailing slash. Users give the root, a repository's address, a simple index, a REST address or what their
browser shows; all say which server is meant, so all are understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from tooling.errors import UsageError
from tooling.model.secret import Secret

if TYPE_CHECKING:
    from tooling.model.settings import IndexKind

_REPOSITORY_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")  # what Nexus accepts when one is made
_NEXUS_TAIL = re.compile(
    r"/(?:repository(?:/(?P<repository>[^/]+)(?:/.*)?|/?)|(?:service/rest|swagger-ui|static)(?:/.*)?)?"
)
_HINT = "Set NEXUS_URL to the root of the server, such as http://nexus.example.com:8081."


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who asks: a user's name and the password that goes with it."""

    username: str
    password: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One index to publish to.

    `base` is the server's root (kind `nexus`) or the index's own (kind `simple`), without user info and without a
    trailing slash. `repository` and `group` are names on a Nexus server, where installers read the group if there is
    one; they are None for any other index.
    """

    kind: IndexKind
    base: str
    repository: str | None = None
    group: str | None = None

    @property
    def upload_url(self) -> str:
        """Where the classic route posts to."""
        return f"{self.base}/repository/{self.repository}/" if self.kind == "nexus" else f"{self.base}/"

    @property
    def simple_url(self) -> str:
        """The simple index (PEP 503) of what was uploaded."""
        return f"{self.upload_url}simple/"

    @property
    def rest_url(self) -> str | None:
        """The root of the REST API; None where there is none."""
        return f"{self.base}/service/rest/v1/" if self.kind == "nexus" else None

    @property
    def install_url(self) -> str:
        """The simple index that installers read: the group's where there is one."""
        return f"{self.base}/repository/{self.group}/simple/" if self.group else self.simple_url


def shown(url: str) -> str:
    """Return an address fit for eyes: whatever stands before its last `@` is left out, as it may be a password."""
    head, found, tail = url.rpartition("@")
    if not found:
        return url
    scheme, separator, _ = head.partition("://")
    return f"{scheme}://{tail}" if separator else tail


def read_target(
    url: str, *, repository: str, group: str | None, kind: IndexKind, repository_is_default: bool = False
) -> tuple[Target, Credentials | None]:
    """Understand the address of an index; user info in it comes back separately.

    Args:
        url: server root (with or without a context path), a repository's address, its simple index, a REST address.
        repository: the hosted repository to fill; one that the address names wins if this is only the default.
        group: what installers read; None or empty if there is none.
        kind: `nexus`, or `simple` for any PEP 503 index that takes classic uploads at its root.
        repository_is_default: whether nobody chose `repository`.

    Raises:
        UsageError: IX01, when the address or a name in it cannot be meant.
    """
    parts = _split(url)
    credentials = _userinfo(parts)
    root = urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2].lower(), "", "", ""))
    if kind == "simple":
        path = re.sub(r"/simple/*$", "", parts.path.rstrip("/"))
        return Target(kind=kind, base=root + path.rstrip("/")), credentials
    context, named = _nexus_path(parts.path)
    if named and named != repository and not repository_is_default:
        raise UsageError(
            "IX01",
            f"The address {shown(url)} names repository {named!r}, the settings name {repository!r}.",
            f"Set NEXUS_URL to {root}{context}, or NEXUS_REPOSITORY to the one repository meant.",
        )
    for name in filter(None, (named, repository, group)):
        _check_name(name)
    return Target(kind=kind, base=root + context, repository=named or repository, group=group or None), credentials


def _split(url: str) -> SplitResult:
    visible = shown(url)
    if re.search(r"[\s\x00-\x1f\\]", url):
        raise UsageError("IX01", f"The address {visible!r} holds a space or a control character.", _HINT)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        # The reason is left out where it could quote a piece of a password.
        raise UsageError("IX01", f"{visible!r} is not an address: its host or port is malformed.", _HINT) from (
            None if "@" in url else error
        )
    if parts.scheme.lower() not in {"http", "https"}:
        guess = "" if "://" in visible else f" Did you mean http://{visible}?"
        raise UsageError("IX01", f"{visible!r} does not begin with http:// or https://.{guess}", _HINT)
    if not parts.hostname:
        raise UsageError("IX01", f"The address {visible!r} names no host.", _HINT)
    if "@" in parts.path + parts.query + parts.fragment:
        hint = "Give user and password as NEXUS_USERNAME and NEXUS_PASSWORD, and the address without them."
        raise UsageError("IX01", f"The address of {visible!r} holds an @ after its host.", hint)
    return parts


def _userinfo(parts: SplitResult) -> Credentials | None:
    if parts.username is None or parts.password is None:
        return None
    return Credentials(username=unquote(parts.username), password=Secret(unquote(parts.password)))


def _nexus_path(path: str) -> tuple[str, str | None]:
    """Split an address's path into context path and repository name: `/nexus/repository/r/` -> `/nexus`, `r`."""
    path = path.rstrip("/") + "/"
    for start in (place.start() for place in re.finditer("/", path)):
        found = _NEXUS_TAIL.fullmatch(path, start)
        if found:
            return path[:start], found["repository"]
    return "", None


def _check_name(name: str) -> None:
    if not _REPOSITORY_NAME.fullmatch(name):
        raise UsageError(
            "IX01",
            f"{name!r} cannot be the name of a Nexus repository.",
            "Names hold letters, digits, underscores, hyphens and dots; see NEXUS_REPOSITORY and NEXUS_GROUP.",
        )
