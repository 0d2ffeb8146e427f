"""A disk that will not take or give a file, as an error of the package it was for."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tooling.errors import FailedError, MaestroError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.model.package import Package

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def is_full(error: BaseException) -> bool:
    """Whether the error says that there is no room: on the disk, in the quota, or under the limit for one file."""
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def disk_errors(package: Package) -> Iterator[None]:
    """Turn the operating system's errors in the block into ours: BD04 for a full disk, BD14 for any other."""
    try:
        yield
    except OSError as error:
        raise _explained(package, error) from error


def _explained(package: Package, error: OSError) -> MaestroError:
    name = error.filename or "a temporary file"
    facts = {"package": package.name}
    if is_full(error):
        message = f"There is no room on the disk for {package.name}: {error.strerror} ({name})."
        hint = "Make room, or point TMPDIR and MAESTRO_CACHE_DIR to another disk; nothing half-written was kept."
        return FailedError("BD04", message, hint, facts=facts)
    message = f"A file for {package.name} cannot be read or written: {error.strerror or error} ({name})."
    return FailedError("BD14", message, "Make it, and the folder it is in, readable and writable for you.", facts=facts)
