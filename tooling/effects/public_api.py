"""What users of a package may rely on, before and after: read from the source with griffe, nothing is imported or run.

Public is what `__all__` of the package says, and of those of its modules that its README imports from. Whether a change
breaks users is griffe's judgement; what it cannot see is found here: a function that has its module's name.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from tooling.errors import FailedError
from tooling.model.versions import Change
from tooling.plan.evidence import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import griffe

    Found = griffe.Object | griffe.Alias

_IMPORT = re.compile(
    r"^\s*(?:>>> )?(?:from|import)\s+(?P<module>[\w.]+)(?:\s+import\s+(?P<names>\([^)]*\)|[^#\n]+))?", re.MULTILINE
)


def compare(module: str, old: Path, new: Path, documents: Iterable[str]) -> tuple[Evidence, ...]:
    """Compare the module below the folder `old` with the one below `new`; `documents` are the READMEs of both.

    Raises:
        FailedError: VS13, when the source of either cannot be read.
    """
    import griffe

    try:
        before, after = _Api(old, module), _Api(new, module)
        public = [module, *sorted(_imported(documents, module) & (before.modules.keys() | after.modules.keys()))]
        return tuple(each for path in public for each in _compared(path, before, after))
    except (griffe.GriffeError, SyntaxError, ImportError, RecursionError) as error:
        message = f"The public API of {module} cannot be read: {error}."
        hint = "Correct the source; it has to parse on the Python that runs this."
        raise FailedError("VS13", message, hint, facts={"module": module}) from error


class _Api:
    """The modules of one version of a package, by dotted path."""

    def __init__(self, folder: Path, module: str) -> None:
        import griffe

        logging.getLogger("griffe").addHandler(logging.NullHandler())  # it would print what it raises
        loader = griffe.GriffeLoader(search_paths=[folder], allow_inspection=False, store_source=False)
        top = loader.load(module, try_relative_path=False)
        loader.resolve_aliases(implicit=True, external=False)
        self._collection = loader.modules_collection
        self.modules = dict(_modules(top))

    def exported(self, path: str) -> dict[str, Found | None]:
        """The public names of a module, and what each is; None where only running it would tell (`__getattr__`)."""
        module = self.modules.get(path)
        if module is None:
            return {}
        named = [name for name in module.exports or () if isinstance(name, str)]
        if module.exports is None:
            named = [name for name, each in module.members.items() if each.is_public and not _is_module(each)]
        return {name: self._named(module, name) for name in named}

    def _named(self, module: griffe.Object, name: str) -> Found | None:
        """What a name means at run time: what was imported under it rather than the submodule of that name."""
        found = module.members.get(name)
        target = module.imports.get(name)
        if found is not None and _is_module(found) and target and target != found.path:
            try:
                meant: Found = self._collection[target]
            except KeyError:
                return found
            return meant
        return found


def _modules(module: griffe.Object | griffe.Alias) -> Iterator[tuple[str, griffe.Object]]:
    if module.is_alias:
        return
    yield module.path, module  # type: ignore[misc]
    for member in module.members.values():
        if _is_module(member):
            yield from _modules(member)


def _is_module(found: Found) -> bool:
    return not found.is_alias and found.is_module


def _imported(documents: Iterable[str], module: str) -> set[str]:
    """The modules below `module` that a document imports, or imports from."""
    found = set()
    for text in documents:
        for match in _IMPORT.finditer(text):
            names = re.findall(r"\w+", re.sub(r"\bas\s+\w+", "", match["names"] or ""))
            found |= {match["module"], *(f"{match['module']}.{name}" for name in names)}
    return {each for each in found if each.startswith(f"{module}.") and not each.rpartition(".")[2].startswith("_")}


def _compared(path: str, before: _Api, after: _Api) -> Iterator[Evidence]:
    old, new = before.exported(path), after.exported(path)
    for name in sorted(old.keys() | new.keys()):
        public = f"{path}.{name}"
        if name not in new:
            yield _broke(public, "it was removed")
        elif name not in old:
            yield _came(public)
        else:
            yield from _changed(public, old[name], new[name])


def _changed(public: str, old: Found | None, new: Found | None) -> Iterator[Evidence]:
    import griffe

    before, after = _target(old), _target(new)
    if before is not None and new is not None and after is None and _leads_inside(new, public):
        yield _broke(public, "it leads to nothing that is in the package")
    if before is None or after is None:  # what comes from other distributions is theirs to keep
        return
    surfaces = []
    for found in (before, after):
        surface = griffe.Module("surface")
        surface.exports = ["name"]
        surface.set_member("name", griffe.Alias("name", found, parent=surface))
        surfaces.append(surface)
    for breakage in griffe.find_breaking_changes(*surfaces):
        yield _explained(public, breakage, (before.path, after.path))
    came = _offered(public, after) - _offered(public, before)
    yield from (_came(name) for name in sorted(came) if name.partition("(")[0] not in came - {name})


def _target(found: Found | None) -> griffe.Object | None:
    import griffe

    try:
        return found.final_target if isinstance(found, griffe.Alias) else found
    except (griffe.AliasResolutionError, griffe.CyclicAliasError):
        return None


def _leads_inside(found: Found, public: str) -> bool:
    """Whether a name stands for something of its own package, such as of a module that does not parse."""
    import griffe

    top = public.partition(".")[0]
    return isinstance(found, griffe.Alias) and found.target_path.startswith(f"{top}.")


def _explained(public: str, breakage: griffe.Breakage, roots: tuple[str, str]) -> Evidence:
    """One breakage under its public name, wherever the object is defined."""
    import griffe

    path = breakage.obj.canonical_path
    root = next((each for each in roots if path == each or path.startswith(f"{each}.")), None)
    name = public + path.removeprefix(root) if root else f"{public}.{path.rpartition('.')[2]}"
    what = breakage.kind.value[0].lower() + breakage.kind.value[1:]
    values = (breakage.old_value, breakage.new_value)
    parameter = next((each for each in values if isinstance(each, griffe.Parameter)), None)
    if parameter is not None:
        name = f"{name}({parameter.name})"
    if breakage.kind is griffe.BreakageKind.PARAMETER_CHANGED_DEFAULT:
        what = f"{what} from {values[0].default} to {values[1].default}"
    return _broke(name, what)


def _offered(public: str, found: griffe.Object) -> set[str]:
    """The names below a public one: members of a class, and parameters."""
    if found.is_function:
        return {f"{public}({parameter.name})" for parameter in found.parameters}  # type: ignore[attr-defined]
    if not found.is_class:
        return set()
    names: set[str] = set()
    for name, member in found.all_members.items():
        target = _target(member)
        if member.is_public and target is not None:
            names |= {f"{public}.{name}"} | (_offered(f"{public}.{name}", target) if target.is_function else set())
    return names


def _broke(name: str, what: str) -> Evidence:
    return Evidence(change=Change.BREAKING, source="api", detail=f"{name}: {what}", name=name)


def _came(name: str) -> Evidence:
    return Evidence(change=Change.FEATURE, source="api", detail=f"{name} is new", name=name)
