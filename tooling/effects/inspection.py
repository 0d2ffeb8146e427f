"""What every artifact must be before it is used: true to its name, to its package's declarations, and to itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tooling.effects.metadata_inspection import metadata_faults
from tooling.effects.sdist_inspection import sdist_faults
from tooling.effects.wheel_inspection import wheel_faults
from tooling.errors import MaestroError, Place, RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.effects.fault import Fault
    from tooling.model.package import Package


def inspect(package: Package, wheel: Path, sdist: Path) -> list[MaestroError]:
    """Check the two files of one build; an empty list means that they may be used."""
    wheel_metadata, found = wheel_faults(package, wheel)
    errors = [_error(package, wheel, fault) for fault in found]
    sdist_metadata, found = sdist_faults(package, sdist)
    errors += [_error(package, sdist, fault) for fault in found]
    if wheel_metadata is not None:
        errors += [_error(package, wheel, fault) for fault in metadata_faults(package, wheel_metadata)]
    if sdist_metadata is not None and sdist_metadata != wheel_metadata:
        errors += [_error(package, sdist, fault) for fault in metadata_faults(package, sdist_metadata)]
    return errors


def _error(package: Package, file: Path, fault: Fault) -> MaestroError:
    message = f"{file.name} of {package.name} is not fit for use: {fault.what}."
    place = Place(file=package.folder / "pyproject.toml")
    facts = {"package": package.name, "file": file.name}
    return RefusedError(fault.code, message, fault.remedy, place=place, facts=facts)
