"""The text of every file of a package at birth: the smallest that passes every rule, with an example to be replaced."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tooling.model.package import distribution_of, import_name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tooling.plan.new_package import NewPackage

FIRST_VERSION = "1.0.0"
_LONGEST_SENTENCE = 110  # what fits into a line of a docstring


def files_of(new: NewPackage) -> dict[str, str]:
    """The text of every file by its path inside the package's folder."""
    words = {
        "distribution": distribution_of(new.name),
        "module": import_name_of(new.name),
        "sentence": new.description,
        "docstring": _docstring(new),
        "version": FIRST_VERSION,
        "born": new.born.isoformat(),
    }
    source = f"src/{words['module']}"
    return {
        "pyproject.toml": _manifest(new),
        "README.md": _README.format(**words),
        "CHANGELOG.md": _CHANGELOG.format(**words),
        "LICENSE": new.license_text,
        f"{source}/__init__.py": _INIT.format(**words),
        f"{source}/py.typed": "",
        f"{source}/versions.py": _versions(new),
        "tests/test_readme.py": _TEST_README,
        "tests/test_versions.py": _TEST.format(**words),
    }


def _docstring(new: NewPackage) -> str:
    """The description, where it can stand in a docstring as it is."""
    plain = len(new.description) <= _LONGEST_SENTENCE and not set('"\\') & set(new.description)
    sentence = new.description if plain else f"The package {distribution_of(new.name)}"
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def _manifest(new: NewPackage) -> str:
    requirements = sorted(f"{need.distribution}>={need.version}" for need in new.needs)
    pythons = [f"Programming Language :: Python :: {python}" for python in new.pythons]
    return _MANIFEST.format(
        name=_toml(distribution_of(new.name)),
        version=_toml(FIRST_VERSION),
        sentence=_toml(new.description),
        floor=new.pythons[0],
        license=_toml(new.license),
        classifiers=_array([*pythons, "Typing :: Typed"]),
        dependencies=_array(requirements) if requirements else "[]",
        test=_array(new.test_group),
    )


def _toml(text: str) -> str:
    """A basic string of TOML, which for one line of text is written as JSON writes it."""
    return json.dumps(text, ensure_ascii=False)


def _array(items: Sequence[str]) -> str:
    return "[\n" + "".join(f"    {_toml(item)},\n" for item in items) + "]"


def _versions(new: NewPackage) -> str:
    """The example: it uses each need, so that none is required for nothing."""
    needs = sorted(new.needs, key=lambda need: need.import_name)
    distribution = distribution_of(new.name)
    return _VERSIONS.format(
        imports="".join(f"import {need.import_name}\n" for need in needs) + ("\n" if needs else ""),
        entries="".join(
            f"        {name},\n"
            for name in [
                f'"{distribution}": version("{distribution}")',
                *(f'"{need.distribution}": {need.import_name}.__version__' for need in needs),
            ]
        ),
    )


_MANIFEST = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = {name}
version = {version}
description = {sentence}
readme = "README.md"
requires-python = ">={floor}"
license = {license}
license-files = ["LICENSE"]
classifiers = {classifiers}
dependencies = {dependencies}

[dependency-groups]
test = {test}
"""

_README = """\
# {distribution}

{sentence}

```console
pip install {distribution}
```

```python
from {module} import installed_versions

assert "{distribution}" in installed_versions()
```
"""

_CHANGELOG = """\
# Changelog

All notable changes to this package are written here, after [Keep a Changelog](https://keepachangelog.com/en/1.1.0/);
versions follow [Semantic Versioning](https://semver.org/).

## [Unreleased]

## [{version}] - {born}

### Added

- First version.
"""

_INIT = '''\
"""{docstring}"""

from __future__ import annotations

from {module}.versions import installed_versions

__all__ = ["installed_versions"]


def __getattr__(name: str) -> str:
    if name == "__version__":
        from importlib.metadata import version

        return version("{distribution}")
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
'''

_VERSIONS = '''\
"""Which versions work together here: an example, to be replaced."""

from __future__ import annotations

from importlib.metadata import version

{imports}
def installed_versions() -> dict[str, str]:
    """Return the version of this package and of each `maestro-*` package it needs, by distribution name."""
    return {{
{entries}    }}
'''

_TEST = '''\
"""The example says what is installed."""

from __future__ import annotations

import {module} as package


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert package.installed_versions()["{distribution}"] == package.__version__
'''

_TEST_README = '''\
"""The README runs, from top to bottom."""

from __future__ import annotations

from pathlib import Path

from mktestdocs import check_md_file  # type: ignore[import-untyped]

README = Path(__file__).parents[1] / "README.md"


def test_every_python_block_of_the_readme_runs() -> None:
    check_md_file(str(README), memory=True)
'''
