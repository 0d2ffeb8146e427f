"""Where we publish and as whom: one table of settings, read from four places, of which the later wins.

`[tool.maestro]` in the root `pyproject.toml` -> `.env` -> environment -> flag. The file in the repository holds
addresses and names only; a password there is an error. Passwords are taken in pairs with the user they belong to
(`_PAIRS`), place by place, so that one person's name is never sent with another's password.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from tooling.errors import Place, UsageError, raise_all
from tooling.model.document import read_document
from tooling.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tooling.model.document import Document

Route = Literal["pypi", "components"]
IndexKind = Literal["nexus", "simple"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting: its key in `[tool.maestro]`, its environment variable, default, and permitted values if few."""

    key: str
    variable: str
    default: str | None
    meaning: str
    choices: tuple[str, ...] = ()


TABLE = (
    Setting(key="url", variable="NEXUS_URL", default=None, meaning="root of the server, or a repository's URL"),
    Setting(key="repository", variable="NEXUS_REPOSITORY", default="pypi-hosted", meaning="hosted repository to fill"),
    Setting(key="group", variable="NEXUS_GROUP", default="pypi-group", meaning="repository installers read"),
    Setting(key="username", variable="NEXUS_USERNAME", default=None, meaning="who publishes"),
    Setting(
        key="kind",
        variable="NEXUS_KIND",
        default="nexus",
        meaning="`simple`: any PEP 503 index with the classic upload route",
        choices=("nexus", "simple"),
    ),
    Setting(
        key="route",
        variable="NEXUS_ROUTE",
        default="pypi",
        meaning="upload route: classic (needs add) or Components API (needs edit)",
        choices=("pypi", "components"),
    ),
    Setting(key="parallel", variable="MAESTRO_PARALLEL", default="4", meaning="packages uploaded at once, 1 to 16"),
    Setting(key="cache", variable="MAESTRO_CACHE_DIR", default=".maestro/cache", meaning="folder of built files"),
    Setting(key="data", variable="MAESTRO_INDEX_DATA", default=".nexus", meaning="folder of the embedded index"),
    Setting(key="branch", variable="MAESTRO_BRANCH", default="main", meaning="branch that releases are made from"),
    Setting(key="remote", variable="MAESTRO_REMOTE", default="origin", meaning="git remote that releases go to"),
    Setting(
        key="patience",
        variable="MAESTRO_PATIENCE",
        default="300",
        meaning="seconds that a git command, its hooks included, may take, 1 to 86400",
    ),
)
_BY_KEY = {setting.key: setting for setting in TABLE}
_NOT_SETTINGS = frozenset({"exceptions", "versions"})  # read by the rules and by `bump`
_RANGES = {"parallel": (1, 16), "patience": (1, 86400)}

# (variables of the user, user when none is set, variable of the password); the first pair with a password counts.
# All but the first names are those of the shell scripts that came before.
_PAIRS: tuple[tuple[tuple[str, ...], str | None, str], ...] = (
    (("NEXUS_USERNAME", "NEXUS_USER"), None, "NEXUS_PASSWORD"),
    (("NEXUS_DEPLOY_USER",), None, "NEXUS_DEPLOY_PASSWORD"),
    (("NEXUS_USER",), "admin", "NEXUS_ADMIN_PASSWORD"),
)
_SECRET_WORDS = ("password", "passwd", "passphrase", "token", "secret", "credential", "api_key", "apikey")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The resolved settings; `url` None means the embedded index; `origins` tells where each value came from.

    The address is not shown with the others: people put a password into it.
    """

    url: str | None = field(repr=False)
    repository: str
    group: str
    username: str | None
    password: Secret | None
    kind: IndexKind
    route: Route
    parallel: int
    cache: Path
    data: Path
    branch: str
    remote: str
    patience: int
    origins: Mapping[str, str]


def read_settings(root: Path, environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Resolve the settings of the workspace at `root`.

    Args:
        root: the workspace's folder; relative folders among the settings are taken below it, `~` is the home folder.
        environ: the environment; empty values count as not set.
        flags: what the command line said, by key; None where it said nothing.

    Raises:
        UsageError: unknown key, value that is not allowed, a secret in `pyproject.toml`, unreadable `.env`.
    """
    file = _from_pyproject(root / "pyproject.toml")
    dotenv = _from_dotenv(root / ".env")
    values: dict[str, str | None] = {}
    origins: dict[str, str] = {}
    for setting in TABLE:
        values[setting.key], origins[setting.key] = _resolve(setting, file, dotenv, environ, flags or {})
    raise_all(_faults(values, origins))
    username, password = _credentials((environ, dotenv), values["username"], (flags or {}).get("username"))
    return Settings(
        url=values["url"],
        repository=str(values["repository"]),
        group=str(values["group"]),
        username=username,
        password=password,
        kind=cast("IndexKind", values["kind"]),
        route=cast("Route", values["route"]),
        parallel=int(values["parallel"] or 0),
        cache=root / Path(str(values["cache"])).expanduser(),
        data=root / Path(str(values["data"])).expanduser(),
        branch=str(values["branch"]),
        remote=str(values["remote"]),
        patience=int(values["patience"] or 0),
        origins=origins,
    )


def _resolve(
    setting: Setting,
    file: Mapping[str, str],
    dotenv: Mapping[str, str],
    environ: Mapping[str, str],
    flags: Mapping[str, str | None],
) -> tuple[str | None, str]:
    candidates = (
        (flags.get(setting.key), f"--{setting.key}"),
        (environ.get(setting.variable), setting.variable),
        (dotenv.get(setting.variable), f"{setting.variable} in .env"),
        (file.get(setting.key), f"[tool.maestro] {setting.key}"),
    )
    for value, origin in candidates:
        if value:
            return value, origin
    return setting.default, "default"


def _faults(values: Mapping[str, str | None], origins: Mapping[str, str]) -> list[UsageError]:
    faults = []
    for key, value in values.items():
        choices = _BY_KEY[key].choices
        if choices and value not in choices:
            faults.append(_bad_value(key, value, origins[key], f"Use one of {', '.join(choices)}."))
    for key, (least, most) in _RANGES.items():
        value = values[key] or ""
        if not (value.isdecimal() and least <= int(value) <= most):
            faults.append(_bad_value(key, value, origins[key], f"Use a number from {least} to {most}."))
    return faults


def _bad_value(key: str, value: object, origin: str, hint: str) -> UsageError:
    return UsageError("ST02", f"The setting {key} cannot be {value!r} (from {origin}).", hint, facts={"setting": key})


def _credentials(
    places: Sequence[Mapping[str, str]], username: str | None, flag: str | None
) -> tuple[str | None, Secret | None]:
    """Pick a user and a password; of `places` the first counts most.

    A password belongs to the user named beside it. Where a place that counts more, or the `flag`, names another user,
    that password is passed over. Without any name beside it, it goes to the user the settings resolve to.
    """
    for position, place in enumerate(places):
        for users, default, variable in _PAIRS:
            below = () if flag else _named(places, users)[:1]
            beside = _named(places[: position + 1], users) or below or (default,)
            owners = {owner for owner in (*beside, flag) if owner} or {username}
            user = owners.pop() if len(owners) == 1 else None
            if place.get(variable) and user:
                return user, Secret(place[variable])
    further = _named(places, ("NEXUS_DEPLOY_USER", "NEXUS_USER"))
    return username or (further[0] if further else None), None


def _named(places: Sequence[Mapping[str, str]], variables: Sequence[str]) -> tuple[str, ...]:
    """Return whom the first of the variables that is set anywhere names: several where the places differ."""
    each = (tuple(place[variable] for place in places if place.get(variable)) for variable in variables)
    return next((found for found in each if found), ())


def _from_pyproject(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    document = read_document(path)
    table = document.get("tool", "maestro")
    if table is None:
        return {}
    if not isinstance(table, dict):
        hint = f"Write it as a table with the keys {', '.join(_BY_KEY)}."
        raise UsageError("ST01", "[tool.maestro] is not a table.", hint, place=document.place("tool", "maestro"))
    raise_all(fault for key, value in table.items() if (fault := _fault_of(key, value, document)) is not None)
    return {key: str(value) for key, value in table.items() if key in _BY_KEY}


def _fault_of(key: str, value: object, document: Document) -> UsageError | None:
    """What is wrong with one entry; the line of a secret is named and not shown."""
    place = document.place("tool", "maestro", key)
    if key in _NOT_SETTINGS:
        return None
    if any(word in key.lower() for word in _SECRET_WORDS) or (key == "url" and "@" in str(value)):
        hint = "Remove it, change that password, and set NEXUS_PASSWORD in the environment or in .env instead."
        message = f"[tool.maestro] has a secret in {key!r}, which is in the repository."
        return UsageError("ST03", message, hint, place=Place(file=place.file, line=place.line))
    if key not in _BY_KEY:
        near = difflib.get_close_matches(key, [*_BY_KEY, *_NOT_SETTINGS], n=1)
        meant = f"Did you mean {near[0]!r}?" if near else f"Known settings are {', '.join(_BY_KEY)}."
        return UsageError("ST01", f"[tool.maestro] has an unknown setting {key!r}.", meant, place=place)
    if not isinstance(value, str | int) or isinstance(value, bool):
        return _bad_value(key, value, f"[tool.maestro] {key}", "Give a text or a number.")
    return None


def _from_dotenv(path: Path) -> dict[str, str]:
    """Read `.env` without interpolation: a `$` in a password is a `$`. No line of it is ever shown."""
    if not path.is_file():
        return {}
    from dotenv.parser import parse_stream

    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = tuple(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        # Not chained: a decoding error carries the bytes it stumbled over.
        raise UsageError("ST04", f"{path} cannot be read: {reason}.", "Correct the file or its permissions.") from None
    raise_all(_bad_line(path, binding.original.line) for binding in bindings if binding.error)
    return {binding.key: binding.value for binding in bindings if binding.key and binding.value}


def _bad_line(path: Path, line: int) -> UsageError:
    hint = "Write NAME=value; put a value with a space, a quote or a # into single quotes."
    return UsageError("ST04", f"Line {line} of {path} is no setting.", hint, place=Place(file=path, line=line))
