"""Where we publish and as whom: one table of settings, read from four places, of which the later wins.

`[tool.maestro]` in the root `pyproject.toml` -> `.env` -> environment -> flag. The file in the repository holds
addresses and names only; a password there is an error. Passwords are taken in pairs with the user they belong to
(`_PAIRS`), so that one person's name is never sent with another's password.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from tooling.errors import Place, UsageError, raise_all
from tooling.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
)
_BY_KEY = {setting.key: setting for setting in TABLE}
_NOT_SETTINGS = frozenset({"exceptions"})  # read by the rules
_MOST_PARALLEL = 16

# (variable of the user, user when that is not set, variable of the password); the first pair with a password counts.
# The later three are the names of the shell scripts that came before.
_PAIRS = (
    ("NEXUS_USERNAME", None, "NEXUS_PASSWORD"),
    ("NEXUS_DEPLOY_USER", None, "NEXUS_DEPLOY_PASSWORD"),
    ("NEXUS_USER", "admin", "NEXUS_ADMIN_PASSWORD"),
    ("NEXUS_USER", None, "NEXUS_PASSWORD"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The resolved settings; `url` None means the embedded index; `origins` tells where each value came from."""

    url: str | None
    repository: str
    group: str
    username: str | None
    password: Secret | None
    kind: IndexKind
    route: Route
    parallel: int
    cache: Path
    data: Path
    origins: Mapping[str, str]


def read_settings(root: Path, environ: Mapping[str, str], flags: Mapping[str, str | None] | None = None) -> Settings:
    """Resolve the settings of the workspace at `root`.

    Args:
        root: the workspace's folder; relative folders among the settings are taken below it.
        environ: the environment; empty values count as not set.
        flags: what the command line said, by key; None where it said nothing.

    Raises:
        UsageError: unknown key, value that is not allowed, a secret in `pyproject.toml`, unreadable `.env`.
    """
    file = _from_pyproject(root / "pyproject.toml")
    dotenv = _from_dotenv(root / ".env")
    variables = {**dotenv, **{name: value for name, value in environ.items() if value}}
    values: dict[str, str | None] = {}
    origins: dict[str, str] = {}
    for setting in TABLE:
        values[setting.key], origins[setting.key] = _resolve(setting, file, dotenv, environ, flags or {})
    raise_all(_faults(values, origins))
    username, password = _credentials(variables, values["username"], explicit=bool((flags or {}).get("username")))
    return Settings(
        url=values["url"],
        repository=str(values["repository"]),
        group=str(values["group"]),
        username=username,
        password=password,
        kind=cast("IndexKind", values["kind"]),
        route=cast("Route", values["route"]),
        parallel=int(values["parallel"] or 0),
        cache=root / str(values["cache"]),
        data=root / str(values["data"]),
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
    parallel = values["parallel"] or ""
    if not (parallel.isdecimal() and 1 <= int(parallel) <= _MOST_PARALLEL):
        faults.append(
            _bad_value("parallel", parallel, origins["parallel"], f"Use a number from 1 to {_MOST_PARALLEL}.")
        )
    return faults


def _bad_value(key: str, value: object, origin: str, hint: str) -> UsageError:
    return UsageError("ST02", f"The setting {key} cannot be {value!r} (from {origin}).", hint, facts={"setting": key})


def _credentials(
    variables: Mapping[str, str], username: str | None, *, explicit: bool
) -> tuple[str | None, Secret | None]:
    """Pick the first pair that has a password; a user named by flag takes that pair's password whatever its user."""
    for user_variable, default_user, password_variable in _PAIRS:
        password = variables.get(password_variable)
        user = variables.get(user_variable) or default_user or (username if user_variable == "NEXUS_USERNAME" else None)
        if password and (user or username):
            return (username if explicit else user or username), Secret(password)
    named = username or variables.get("NEXUS_DEPLOY_USER") or variables.get("NEXUS_USER")
    return named, None


def _from_pyproject(path: Path) -> dict[str, str]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("maestro", {})
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            "WS01", f"{path} is not valid TOML: {error}.", "Correct the file.", place=Place(file=path)
        ) from error
    raise_all(fault for key in table if (fault := _unknown_key(key, path)) is not None)
    return {key: str(value) for key, value in table.items() if key in _BY_KEY}


def _unknown_key(key: str, path: Path) -> UsageError | None:
    if key in _BY_KEY or key in _NOT_SETTINGS:
        return None
    if "password" in key or "token" in key or "secret" in key:
        hint = "Remove it, change that password, and set NEXUS_PASSWORD in the environment or in .env instead."
        return UsageError(
            "ST03", f"[tool.maestro] has {key!r}: a secret in the repository.", hint, place=Place(file=path)
        )
    near = difflib.get_close_matches(key, [*_BY_KEY, *_NOT_SETTINGS], n=1)
    meant = f"Did you mean {near[0]!r}?" if near else f"Known settings are {', '.join(_BY_KEY)}."
    return UsageError("ST01", f"[tool.maestro] has an unknown setting {key!r}.", meant, place=Place(file=path))


def _from_dotenv(path: Path) -> dict[str, str]:
    """Read `.env` without interpolation: a `$` in a password is a `$`."""
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    try:
        return {
            name: value for name, value in dotenv_values(path, interpolate=False, encoding="utf-8").items() if value
        }
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError("ST04", f"{path} cannot be read: {reason}.", "Correct the file or its permissions.") from error
