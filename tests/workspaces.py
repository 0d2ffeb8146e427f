"""Small valid repositories of the house's shape, made in a temporary folder: every rule passes on them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LICENSE = "MIT License\n\nCopyright (c) 2026 Maestro Platform\n"
IGNORED = "__pycache__/\n*.egg-info/\nbuild/\ndist/\n.maestro/\n.nexus/\n.env\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSpec:
    """One package to write.

    `needs` and the members of `extras` are requirements: by folder name for packages of the same workspace
    (`core-logging`, with that package's version as floor, or `core-logging>=1.0`), else as PEP 508 has them.
    `files` maps paths inside the package to text that replaces or joins what is written by default.
    """

    version: str = "1.0.0"
    description: str = ""
    needs: tuple[str, ...] = ()
    extras: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    test_group: tuple[str, ...] = ("mktestdocs>=0.2.5", "pytest>=9")
    pythons: tuple[str, ...] = ("3.11", "3.12", "3.13")
    files: Mapping[str, str] = field(default_factory=dict)


def make_workspace(root: Path, packages: Mapping[str, PackageSpec | Mapping[str, object]]) -> Path:
    """Write a repository into `root` (made when absent) and return it; specs may be given as keyword mappings."""
    specs = {name: spec if isinstance(spec, PackageSpec) else PackageSpec(**spec) for name, spec in packages.items()}  # type: ignore[arg-type]
    root.mkdir(parents=True, exist_ok=True)
    _write(root, {"LICENSE": LICENSE, ".gitignore": IGNORED, "pyproject.toml": _ROOT, "README.md": _table(specs)})
    (root / "packages").mkdir(exist_ok=True)
    for name, spec in specs.items():
        _write(root / "packages" / name, package_files(name, specs) | dict(spec.files))
    return root


def package_files(name: str, specs: Mapping[str, PackageSpec]) -> dict[str, str]:
    """The default files of one package, by their path inside it."""
    spec = specs[name]
    module = _module(name)
    return {
        "pyproject.toml": _manifest(name, specs),
        "README.md": _README.format(name=name, module=module, sentence=sentence_of(name, spec)),
        "CHANGELOG.md": f"# Changelog\n\n## [Unreleased]\n\n## [{spec.version}] - 2026-11-22\n\n- First version.\n",
        "LICENSE": LICENSE,
        f"src/{module}/__init__.py": _INIT.format(name=name, module=module, sentence=sentence_of(name, spec)),
        f"src/{module}/_neighbours.py": _neighbours(spec, specs),
        f"src/{module}/py.typed": "",
        "tests/test_greet.py": _TEST.format(module=module, name=name),
        "tests/test_readme.py": _TEST_README,
    }


def sentence_of(name: str, spec: PackageSpec) -> str:
    """The package's description."""
    return spec.description or f"Greets as {name} would."


def _module(name: str) -> str:
    return f"maestro_{name.replace('-', '_')}"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _requirement(text: str, specs: Mapping[str, PackageSpec]) -> str:
    wanted = Requirement(text)
    if wanted.name not in specs:
        return text
    floor = str(wanted.specifier) or f">={specs[wanted.name].version}"
    return f"maestro-{wanted.name}{'[' + ','.join(sorted(wanted.extras)) + ']' if wanted.extras else ''}{floor}"


def _array(items: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def _manifest(name: str, specs: Mapping[str, PackageSpec]) -> str:
    spec = specs[name]
    pythons = tuple(f"Programming Language :: Python :: {version}" for version in spec.pythons)
    extras = "".join(
        f"{extra} = {_array(tuple(_requirement(each, specs) for each in members))}\n"
        for extra, members in spec.extras.items()
    )
    return _MANIFEST.format(
        name=name,
        version=spec.version,
        sentence=sentence_of(name, spec),
        floor=spec.pythons[0],
        classifiers=_array((*pythons, "Typing :: Typed")),
        dependencies=_array(tuple(_requirement(each, specs) for each in spec.needs)),
        extras=f"[project.optional-dependencies]\n{extras}\n" if extras else "",
        test=_array(spec.test_group),
    )


def _neighbours(spec: PackageSpec, specs: Mapping[str, PackageSpec]) -> str:
    """A private module that imports what is needed in house: at its top, or inside a function for extras."""
    needed = [_module(Requirement(each).name) for each in spec.needs if Requirement(each).name in specs]
    optional = {
        _module(name): extra
        for extra, members in spec.extras.items()
        for name in (Requirement(each).name for each in members)
        if name in specs and _module(name) not in needed
    }
    lines = ['"""The packages this one needs."""\n\n', "from __future__ import annotations\n"]
    lines += [f"\nimport {module}\n\nNEIGHBOUR_{module.upper()} = {module}.__name__\n" for module in needed]
    lines += [
        f'\n\ndef {module}() -> object:\n    """Import what the extra `{extra}` brings."""\n'
        f"    import {module}\n\n    return {module}\n"
        for module, extra in optional.items()
    ]
    return "".join(lines)


def _table(specs: Mapping[str, PackageSpec]) -> str:
    rows = "".join(
        f"| [maestro-{name}](packages/{name}) | {spec.version} | {sentence_of(name, spec)} |\n"
        for name, spec in sorted(specs.items())
    )
    return f"# Throw-away workspace\n\n| Package | Version | What it does |\n|---|---|---|\n{rows}"


_ROOT = """\
[project]
name = "throw-away"
version = "1.0.0"
requires-python = ">=3.11"
license = "MIT"
"""

_MANIFEST = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "maestro-{name}"
version = "{version}"
description = "{sentence}"
readme = "README.md"
requires-python = ">={floor}"
license = "MIT"
license-files = ["LICENSE"]
classifiers = {classifiers}
dependencies = {dependencies}

{extras}[dependency-groups]
test = {test}
"""

_README = """\
# maestro-{name}

{sentence}

```
pip install maestro-{name}
```

```python
from {module} import greet

assert greet("you") == "{name} greets you"
```
"""

_INIT = '''\
"""{sentence}"""

from __future__ import annotations

__all__ = ["greet"]


def greet(whom: str) -> str:
    """Return a greeting."""
    return f"{name} greets {{whom}}"


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("maestro-{name}")
    message = f"module {{__name__!r}} has no attribute {{name!r}}"
    raise AttributeError(message)
'''

_TEST = """\
from __future__ import annotations

from {module} import greet


def test_the_greeting_names_whom_it_greets() -> None:
    assert greet("you") == "{name} greets you"
"""

_TEST_README = """\
from __future__ import annotations

from pathlib import Path

from mktestdocs import check_md_file


def test_every_snippet_of_the_readme_runs() -> None:
    check_md_file(Path(__file__).parent.parent / "README.md", memory=True)
"""
