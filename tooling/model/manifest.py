"""A package's `pyproject.toml` as a `Package`: what PEP 621, PEP 735 and PEP 518 say, understood and checked.

Only what the model needs to be true is checked here; what the house wants besides is said by `tooling.rules`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from tooling.errors import MaestroError, UsageError, raise_all
from tooling.model.document import Document, masked, read_document
from tooling.model.package import Package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST = "pyproject.toml"
_STATIC = ("name", "version", "requires-python", "dependencies", "optional-dependencies", "classifiers", "readme")
_CLASSIFIER = re.compile(r"Programming Language :: Python :: (3\.\d+)")
_LEGACY_BACKEND = "setuptools.build_meta:__legacy__"  # what PEP 517 prescribes where no backend is named


def read_package(folder: Path) -> Package:
    """Read the package in `folder`; every fault of its manifest is reported at once.

    Raises:
        UsageError: one fault (a WS code). `ProblemsError`: several.
    """
    return package_of(read_document(folder / MANIFEST))


def package_of(document: Document) -> Package:
    """Understand a manifest that has been read already; raises as `read_package` does."""
    reading = _Reading(document)
    if not isinstance(document.get("project"), dict):
        reading.fault("WS04", "There is no [project] table.", "Add one as PEP 621 describes it.", "project")
        raise_all(reading.faults)
    package = reading.package()
    raise_all(reading.faults)
    return package


def groups_in(document: Document) -> dict[str, tuple[str, ...]]:
    """The texts of each dependency group, what it includes left out.

    Whoever installs a group checks it; other tools should not (PEP 735), so what is no text is passed over here.
    """
    groups = document.get("dependency-groups")
    return {
        name: tuple(each for each in members if isinstance(each, str))
        for name, members in (groups if isinstance(groups, dict) else {}).items()
        if isinstance(members, list)
    }


class _Reading:
    """One pass over a manifest: gathers faults and puts harmless values where something is wrong."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[MaestroError] = []

    def package(self) -> Package:
        self._static()
        self._readme()
        folder = self.document.path.parent
        extras = self.lists("project", "optional-dependencies")
        return Package(
            name=folder.name,
            folder=folder,
            distribution=self._name(),
            version=self._version(),
            requires_python=self._requires_python(),
            requirements=self._requirements("project", "dependencies"),
            extras={canonicalize_name(extra): self._requirements(*keys) for extra, keys in extras.items()},
            groups=groups_in(self.document),
            test_group=self._test_group(),
            pythons=self._pythons(),
            build_backend=self.string("build-system", "build-backend") or _LEGACY_BACKEND,
            build_requires=self._requirements("build-system", "requires"),
        )

    def _static(self) -> None:
        """Refuse `dynamic` for what the model lives on: it would be known only after a build."""
        for field in self.strings("project", "dynamic"):
            if field in _STATIC:
                message = f"`{field}` is declared dynamic, so it is known only after a build."
                hint = f"Write `{field}` in [project] and take it out of `dynamic`."
                self.fault("WS08", message, hint, "project", "dynamic", value=field)

    def _name(self) -> str:
        name = self.string("project", "name", required=True)
        try:
            return canonicalize_name(name, validate=bool(name))
        except InvalidName:
            message = f"`{name}` is not a project name."
            hint = "Use letters, digits and single hyphens, beginning and ending with a letter or a digit."
            self.fault("WS05", message, hint, "project", "name")
            return ""

    def _version(self) -> Version:
        dynamic = "version" in self.strings("project", "dynamic")
        text = self.string("project", "version", required=not dynamic)
        try:
            return Version(text or "0")
        except InvalidVersion:
            message = f"`{text}` is not a version."
            self.fault("WS06", message, "Write it as PEP 440 has it, such as 1.2.3 or 1.2.3rc1.", "project", "version")
            return Version("0")

    def _requires_python(self) -> SpecifierSet:
        text = self.string("project", "requires-python")
        try:
            return SpecifierSet(text)
        except InvalidSpecifier:
            message = f"`{text}` is not a version specifier."
            self.fault("WS09", message, 'Write it like ">=3.11".', "project", "requires-python")
            return SpecifierSet()

    def _requirements(self, *keys: str) -> tuple[Requirement, ...]:
        found = []
        for text in self.strings(*keys):
            try:
                found.append(Requirement(text))
            except InvalidRequirement as error:
                reason = masked(str(error).splitlines()[0])
                message = f"`{masked(text)}` is not a requirement: {reason}."
                self.fault("WS07", message, 'Write it as PEP 508 has it, like "structlog>=25".', *keys, value=text)
        return tuple(found)

    def _test_group(self) -> tuple[str, ...]:
        groups = self.document.get("dependency-groups")
        if not isinstance(groups, dict) or "test" not in groups:
            return ()
        try:
            return resolve_dependency_groups(groups, "test")
        except (ExceptionGroup, ValueError, TypeError, LookupError) as error:
            message = f"The dependency group `test` cannot be resolved: {masked('; '.join(_leaves(error)))}."
            hint = "Let it hold requirements and { include-group = … } of groups that exist (PEP 735)."
            self.fault("WS11", message, hint, "dependency-groups", "test")
            return ()

    def _pythons(self) -> tuple[str, ...]:
        matches = map(_CLASSIFIER.fullmatch, self.strings("project", "classifiers"))
        return tuple(sorted({match[1] for match in matches if match}, key=Version))

    def _readme(self) -> None:
        readme = self.document.get("project", "readme")
        name = readme.get("file") if isinstance(readme, dict) else readme
        if isinstance(name, str) and not (self.document.path.parent / name).is_file():
            message = f"The README `{name}` does not exist."
            hint = f"Write {name} beside pyproject.toml: it becomes the package's page in the index."
            self.fault("WS10", message, hint, "project", "readme")

    def string(self, *keys: str, required: bool = False) -> str:
        value = self.document.get(*keys)
        if isinstance(value, str) and (value.strip() or not required):
            return value
        if value is not None:
            self._mistyped("a non-empty string" if required else "a string", *keys)
        elif required:
            table = ".".join(keys[:-1])
            self.fault("WS04", f"`{keys[-1]}` is missing from [{table}].", f"Add it to [{table}].", *keys)
        return ""

    def strings(self, *keys: str) -> tuple[str, ...]:
        value = self.document.get(*keys)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(value)
        self._mistyped("a list of strings", *keys)
        return ()

    def lists(self, *keys: str) -> Mapping[str, tuple[str, ...]]:
        """The path of keys to each member of a table of lists, names compared as PEP 685 normalises them."""
        value = self.document.get(*keys)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._mistyped("a table of lists", *keys)
            return {}
        seen: dict[str, str] = {}
        for member in value:
            twin = seen.setdefault(canonicalize_name(member), member)
            if twin != member:
                message = f"`{twin}` and `{member}` are the same extra to an installer."
                self.fault("WS04", message, "Join them under one name.", *keys, member)
        return {member: (*keys, member) for member in value}

    def _mistyped(self, wanted: str, *keys: str) -> None:
        dotted = ".".join(keys)
        self.fault("WS04", f"`{dotted}` has to be {wanted}.", f"Write `{keys[-1]}` as {wanted}.", *keys)

    def fault(self, code: str, message: str, hint: str, *keys: str, value: str = "") -> None:
        place = self.document.place(*keys, value=value)
        fault = UsageError(code, message, hint, place=place, facts={"package": self.document.path.parent.name})
        if str(fault) not in map(str, self.faults):  # a mistyped list is asked for more than once
            self.faults.append(fault)


def _leaves(error: BaseException) -> list[str]:
    """The messages of an exception group's leaves; an exception that is no group is its own leaf."""
    if isinstance(error, BaseExceptionGroup):
        return [message for inner in error.exceptions for message in _leaves(inner)]
    return [str(error).splitlines()[0]]
