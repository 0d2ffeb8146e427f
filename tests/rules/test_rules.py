"""Every rule passes on a package of the house's shape, and finds each thing it is there to find."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version
from workspaces import PackageSpec, make_workspace

from tooling import rules
from tooling.model.broken_api import BrokenApi
from tooling.model.changelog_text import override_line
from tooling.model.workspace import find_workspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FAMILY = {
    "core-a": PackageSpec(version="1.1.0", extras={"fast": ("orjson>=3.10",)}),
    "core-b": PackageSpec(needs=("core-a",), extras={"redis": ("core-c", "redis>=5")}),
    "core-c": PackageSpec(),
}
B = "packages/core-b"
MANIFEST = f"{B}/pyproject.toml"
INIT = f"{B}/src/maestro_core_b/__init__.py"
NEIGHBOURS = f"{B}/src/maestro_core_b/_neighbours.py"


LAZY_INIT = """
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from maestro_core_b._neighbours import X

__all__ = ["X", "greet", "lazy", "part"]
_LAZY = {"lazy": "maestro_core_b._neighbours"}
"""


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A repository that was right until something was changed in it, and what has to be found there."""

    code: str
    says: str
    swap: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    write: Mapping[str, str] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    package: str | None = "core-b"
    excerpt: str = ""

    def __str__(self) -> str:
        return f"{self.code}-{self.says}"

    def apply(self, root: Path) -> None:
        for path in self.remove:
            (root / path).unlink()
        for path, text in self.write.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        for path, (old, new) in self.swap.items():
            text = (root / path).read_text(encoding="utf-8")
            assert old in text, f"{old!r} is not in {path}"
            (root / path).write_text(text.replace(old, new), encoding="utf-8")


def manifest(old: str, new: str) -> dict[str, tuple[str, str]]:
    return {MANIFEST: (old, new)}


NAMES = [
    Wrong(
        code="PK01",
        says="The project is called maestro-core-x; its folder asks for maestro-core-b.",
        swap=manifest('"maestro-core-b"', '"maestro-core-x"'),
        excerpt='name = "maestro-core-x"',
    ),
    Wrong(
        code="PK01", says="its folder asks for maestro-core-b", swap=manifest('"maestro-core-b"', '"Maestro_Core.B"')
    ),
    Wrong(code="PK01", says="There is no src/maestro_core_b/__init__.py.", remove=(INIT,)),
    Wrong(code="PK01", says="src/ holds other besides", write={f"{B}/src/other/__init__.py": ""}),
    Wrong(
        code="PK01",
        says="The folder Core_D is not lower case",
        write={"packages/Core_D/pyproject.toml": '[project]\nname = "maestro-core-d"\nversion = "1"\n'},
        package="Core_D",
    ),
    Wrong(code="PK02", says="`license` is None", swap=manifest('license = "MIT"\n', "")),
    Wrong(
        code="PK02",
        says="`license` is 'Apache-2.0'; the repository's is 'MIT'.",
        swap=manifest('license = "MIT"', 'license = "Apache-2.0"'),
        excerpt='license = "Apache-2.0"',
    ),
    Wrong(code="PK02", says="`license-files` is not", swap=manifest('license-files = ["LICENSE"]\n', "")),
    Wrong(
        code="PK02",
        says="PEP 639 forbids both",
        swap=manifest('"Typing :: Typed"', '"Typing :: Typed", "License :: OSI Approved :: MIT License"'),
    ),
    Wrong(code="PK03", says="There is no LICENSE.", remove=(f"{B}/LICENSE",)),
    Wrong(code="PK03", says="differs from the root's", swap={f"{B}/LICENSE": ("2026", "2025")}),
    Wrong(code="PK04", says="names no lowest version", swap=manifest('requires-python = ">=3.11"\n', "")),
    Wrong(code="PK04", says="`<4` in `requires-python`", swap=manifest('">=3.11"', '">=3.11,<4"')),
    Wrong(code="PK04", says="is 3.11, in `requires-python` it is 3.12", swap=manifest('">=3.11"', '">=3.12"')),
    Wrong(
        code="PK04", says="the classifiers is none", swap=manifest("Programming Language :: Python :: ", "Topic :: ")
    ),
    Wrong(
        code="PK04",
        says="core-c, which it needs, does not run on Python 3.11.",
        swap={"packages/core-c/pyproject.toml": ('">=3.11"', '">=3.12"')},
    ),
    Wrong(code="PK05", says="There is no `description`.", swap=manifest("description", "# description")),
    Wrong(
        code="PK05",
        says="more than one line",
        swap=manifest('"Greets as core-b would."', '"""Greets.\nOften."""'),
    ),
    Wrong(
        code="PK06",
        says="The build backend is flit_core.buildapi.",
        swap=manifest("hatchling.build", "flit_core.buildapi"),
    ),
    Wrong(code="PK06", says="other than hatchling alone", swap=manifest('"hatchling>=1.27"', '"hatchling", "cython"')),
    Wrong(
        code="PK07",
        says="There is a [tool.ruff] table.",
        swap=manifest("[dependency-groups]", "[tool.ruff]\nline-length = 100\n\n[dependency-groups]"),
        excerpt="[tool.ruff]",
    ),
]

CONTENTS = [
    Wrong(code="PK10", says='`readme` is not "README.md".', swap=manifest('readme = "README.md"\n', "")),
    Wrong(
        code="PK10",
        says="There is no README.md.",
        swap=manifest('"README.md"', '"README.rst"'),
        write={f"{B}/README.rst": "words"},
        remove=(f"{B}/README.md",),
    ),
    Wrong(
        code="PK10",
        says="no line that installs the package",
        swap={f"{B}/README.md": ("pip install maestro-core-b", "pip install maestro-core-bb")},
    ),
    Wrong(code="PK10", says="no ```python block", swap={f"{B}/README.md": ("```python", "```text")}),
    Wrong(code="PK11", says="There is no CHANGELOG.md.", remove=(f"{B}/CHANGELOG.md",)),
    Wrong(
        code="PK11",
        says="Neither 1.0.0 nor anything unreleased",
        swap={f"{B}/CHANGELOG.md": ("## [1.0.0]", "## [0.9.0]")},
    ),
    Wrong(
        code="PK11",
        says="The changelog has 2.0.0, pyproject.toml is at 1.0.0.",
        swap={f"{B}/CHANGELOG.md": ("## [1.0.0]", "## [2.0.0]\n\n## [1.0.0]")},
    ),
    Wrong(
        code="PK12",
        says="There is no src/maestro_core_b/py.typed.",
        remove=(f"{B}/src/maestro_core_b/py.typed",),
    ),
    Wrong(code="PK12", says='"Typing :: Typed" is missing', swap=manifest(', "Typing :: Typed"', "")),
    Wrong(code="PK13", says="A test folder is no package.", write={f"{B}/tests/__init__.py": ""}),
    Wrong(code="PK13", says="shipped in the wheel", write={f"{B}/src/maestro_core_b/test_x.py": ""}),
    Wrong(code="PK13", says="No tests/test_readme.py", remove=(f"{B}/tests/test_readme.py",)),
    Wrong(
        code="PK13",
        says="No tests/test_readme.py",
        write={f"{B}/tests/test_readme.py": "# check_md_file\ndef test_it() -> None: ...\n"},
    ),
    Wrong(
        code="PK14",
        says="_broken.py is not valid Python",
        write={f"{B}/src/maestro_core_b/_broken.py": "x = 1\ndef (:\n"},
        excerpt="def (:",
    ),
]

INTERFACE = [
    Wrong(code="PK20", says="has no `__all__`", swap={INIT: ('__all__ = ["greet"]', "")}),
    Wrong(code="PK20", says="not a plain list", swap={INIT: ('["greet"]', 'sorted(["greet"])')}),
    Wrong(code="PK20", says="not a plain list", swap={INIT: ('["greet"]', '["greet"]\n__all__ += ["part"]')}),
    Wrong(code="PK20", says="names greet twice", swap={INIT: ('["greet"]', '["greet", "greet"]')}),
    Wrong(
        code="PK20",
        says="names part, which maestro_core_b does not have",
        swap={INIT: ('["greet"]', '["greet", "part"]')},
        excerpt='__all__ = ["greet", "part"]',
    ),
    Wrong(
        code="PK20", says="LIMIT, part are public", swap={INIT: ("def greet", "LIMIT = 3\ndef part(): ...\ndef greet")}
    ),
    Wrong(
        code="PK20",
        says="Part is public but",
        swap={INIT: ('__all__ = ["greet"]', 'from maestro_core_b._part import Part\n\n__all__ = ["greet"]')},
        write={f"{B}/src/maestro_core_b/_part.py": "class Part: ..."},
    ),
    Wrong(
        code="PK20",
        says="hides which names are public",
        swap={INIT: ('__all__ = ["greet"]', 'from maestro_core_b._neighbours import *\n\n__all__ = ["greet"]')},
    ),
    Wrong(
        code="PK20",
        says="names Gone, which maestro_core_b.part does not have",
        write={f"{B}/src/maestro_core_b/part.py": '__all__ = ["Gone"]\n'},
    ),
    Wrong(
        code="PK21", says="`__version__` is assigned.", swap={INIT: ("def greet", '__version__ = "1.0.0"\n\ndef greet')}
    ),
    Wrong(
        code="PK21",
        says="`__version__` is assigned.",
        write={f"{B}/src/maestro_core_b/_version.py": '__version__: str = "1.0.0"'},
    ),
    Wrong(code="PK21", says="does not answer for `__version__`", swap={INIT: ('"__version__"', '"__wersion__"')}),
    Wrong(
        code="PK21",
        says="`__version__` is that of maestro-core-a.",
        swap={INIT: ('version("maestro-core-b")', 'version("maestro-core-a")')},
    ),
]

REQUIREMENTS = [
    Wrong(
        code="PK30",
        says="`maestro-gone>=1` is not in the",
        swap=manifest('"maestro-core-a>=1.1.0"', '"maestro-gone>=1"'),
    ),
    Wrong(
        code="PK30",
        says="not satisfied by core-a 1.1.0",
        swap=manifest('"maestro-core-a>=1.1.0"', '"maestro-core-a>=2"'),
        excerpt='dependencies = ["maestro-core-a>=2"]',
    ),
    Wrong(code="PK30", says="names no lowest version", swap=manifest("maestro-core-a>=1.1.0", "maestro-core-a<2")),
    Wrong(
        code="PK30", says="there is no core-a 1.0.5", swap=manifest("maestro-core-a>=1.1.0", "maestro-core-a>=1.0.5")
    ),
    Wrong(
        code="PK30",
        says="not satisfied by core-c 1.0.0",
        swap=manifest("maestro-core-c>=1.0.0", "maestro-core-c>=1.5"),
        excerpt='redis = ["maestro-core-c>=1.5", "redis>=5"]',
    ),
    Wrong(
        code="PK30",
        says="In the group `test`, `maestro-core-c>=1.5` is not satisfied by core-c 1.0.0",
        swap=manifest("test = [", 'test = ["maestro-core-c>=1.5", '),
    ),
    Wrong(
        code="PK31",
        says="core-a has no extra quick.",
        swap=manifest("maestro-core-a>=", "maestro-core-a[fast,quick]>="),
    ),
    Wrong(
        code="PK32",
        says="is an address",
        swap=manifest('"redis>=5"', '"redis @ https://me:hunter2@example.org/redis.whl"'),
    ),
    Wrong(code="PK32", says="is an address", swap=manifest('"redis>=5"', '"redis @ file:///tmp/redis"')),
    Wrong(
        code="PK32",
        says="in the group `test` is an address",
        swap=manifest('"pytest>=9"', '"pytest @ git+https://example.org/pytest"'),
    ),
    Wrong(
        code="PK33",
        says="maestro_core_b._part imports maestro-core-x, which is not declared.",
        write={f"{B}/src/maestro_core_b/_part.py": "def f():\n    from maestro_core_x.y import z\n    return z\n"},
        excerpt="from maestro_core_x.y import z",
    ),
    Wrong(
        code="PK33",
        says="imports maestro-core-a, which is not declared",
        swap=manifest('"maestro-core-a>=1.1.0"', ""),
    ),
    Wrong(
        code="PK33",
        says="imports maestro-core-x, which is not declared",
        write={NEIGHBOURS: 'import importlib\nimportlib.import_module("maestro_core_x")\n'},
    ),
    Wrong(
        code="PK33",
        says="Importing maestro_core_b imports maestro-core-c, which only an extra brings.",
        write={f"{B}/src/maestro_core_b/_part.py": "import maestro_core_c\n"},
        swap={INIT: ('__all__ = ["greet"]', 'from . import _part\n\n__all__ = ["greet"]')},
    ),
    Wrong(
        code="PK34",
        says="Nothing under src/ imports maestro_core_a.",
        swap={NEIGHBOURS: ("maestro_core_a", "typing")},
        excerpt='dependencies = ["maestro-core-a>=1.1.0"]',
    ),
    Wrong(
        code="PK35", says="test_x.py imports tooling.errors.", write={f"{B}/tests/test_x.py": "import tooling.errors\n"}
    ),
    Wrong(code="PK35", says="imports tooling.", swap={INIT: ("def greet", "import tooling\n\ndef greet")}),
]

REPOSITORY = [
    Wrong(code="PK40", says="has no table of packages", write={"README.md": "# Words\n"}, package=None),
    Wrong(code="PK40", says="has no table of packages", remove=("README.md",), package=None),
    Wrong(
        code="PK40",
        says="not what the packages say",
        swap={"README.md": ("1.1.0", "1.0.0")},
        package=None,
        excerpt="| [maestro-core-a](packages/core-a) | 1.0.0 | Greets as core-a would. |",
    ),
    Wrong(
        code="PK40", says="not what the packages say", swap={"README.md": ("core-c would", "core-c did")}, package=None
    ),
    Wrong(code="PK41", says="packages/lost has no", write={"packages/lost/src/x.py": ""}, package=None),
    Wrong(
        code="PK43",
        says=".gitlab-ci.yml is not what is generated.",
        write={".gitlab-ci.yml": "test:\n  script: [pytest]\n"},
        package=None,
        excerpt="test:",
    ),
    Wrong(
        code="PK43",
        says="There is no .github/workflows/change.yml.",
        write={".github/workflows/release.yml": "on: push\n"},
        package=None,
    ),
]
WRONG = [*NAMES, *CONTENTS, *INTERFACE, *REQUIREMENTS, *REPOSITORY]


def checked(root: Path) -> rules.Report:
    workspace = find_workspace(root)
    return rules.check(workspace, tuple(workspace.packages.values()))


def test_a_repository_of_the_house_passes_every_rule(tmp_path: Path) -> None:
    report = checked(make_workspace(tmp_path, FAMILY))
    assert report.findings == ()
    assert report.packages == ("core-a", "core-b", "core-c")


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_what_is_wrong_is_found_where_it_is(tmp_path: Path, wrong: Wrong) -> None:
    root = make_workspace(tmp_path, FAMILY)
    wrong.apply(root)
    found = [each for each in checked(root).findings if (each.code, each.package) == (wrong.code, wrong.package)]
    assert [each.message for each in found if wrong.says in each.message], [each.message for each in found]
    assert all(each.fix and each.place is not None for each in found)
    if wrong.excerpt:
        excerpts = [each.place.excerpt for each in found if each.place and wrong.says in each.message]
        assert wrong.excerpt in excerpts


def test_a_break_that_the_version_does_not_tell_is_found_once_the_wheels_were_looked_at(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    workspace = find_workspace(root)
    packages = tuple(workspace.packages.values())
    broke = BrokenApi(since=Version("0.9.0"), least=Version("1.0.0"), what=("maestro_core_b.greet: it was removed",))
    assert rules.check(workspace, packages, broken={}).ok
    (found,) = rules.check(workspace, packages, broken={"core-b": broke}).findings
    assert (found.code, found.package, found.place and found.place.excerpt) == ("PK22", "core-b", 'version = "1.0.0"')
    assert found.message.startswith("maestro_core_b.greet: it was removed, against the published 0.9.0;")
    changelog = root / B / "CHANGELOG.md"
    line = override_line("Nobody used it.", ["maestro_core_b.greet"])
    changelog.write_text(changelog.read_text(encoding="utf-8") + f"- {line}\n", encoding="utf-8")
    assert rules.check(workspace, packages, broken={"core-b": broke}).ok


def test_every_rule_has_something_it_finds() -> None:
    assert {wrong.code for wrong in WRONG} | {"PK22", "PK42"} == set(rules.catalogue())


def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    next(each for each in REQUIREMENTS if each.code == "PK32").apply(root)
    assert "hunter2" not in repr(checked(root).findings)


@pytest.mark.parametrize(
    "right",
    [
        Wrong(
            code="PK11",
            says="unreleased words count while the version is being prepared",
            swap={f"{B}/CHANGELOG.md": ("## [Unreleased]\n\n## [1.0.0]", "## [Unreleased]\n\n- More.\n\n## [0.9.0]")},
        ),
        Wrong(
            code="PK20",
            says="what is bound for type checkers only, and answered for lazily, exists",
            swap={
                INIT: (
                    '__all__ = ["greet"]\n',
                    LAZY_INIT,
                )
            },
            write={f"{B}/src/maestro_core_b/part.py": ""},
        ),
        Wrong(
            code="PK20",
            says="private names and imported tools are not public",
            swap={INIT: ("def greet", "import json\nfrom os import path\n_HIDDEN = 1\n\ndef greet")},
        ),
        Wrong(
            code="PK20",
            says="a module may share names with its neighbours that are not for users",
            write={f"{B}/src/maestro_core_b/part.py": '__all__ = ["part"]\nLIMIT = 3\ndef part(): ...\n'},
        ),
        Wrong(
            code="PK33",
            says="an import whose failure is caught needs no requirement at import time",
            swap={
                INIT: ("def greet", "try:\n    import maestro_core_c\nexcept ImportError:\n    pass\n\ndef greet"),
            },
        ),
        Wrong(
            code="PK33",
            says="a module for an extra may import what the extra brings",
            write={f"{B}/src/maestro_core_b/redis.py": "import maestro_core_c\n"},
        ),
        Wrong(
            code="PK34",
            says="a module named in a string counts as used",
            write={NEIGHBOURS: 'NAMES = ("maestro_core_a.part:greet", "maestro_core_c")\n'},
        ),
        Wrong(
            code="PK30",
            says="an earlier release of the changelog is a floor that exists",
            swap={
                MANIFEST: ("maestro-core-a>=1.1.0", "maestro-core-a>=1.0.2"),
                "packages/core-a/CHANGELOG.md": ("## [1.1.0]", "## [1.0.2] - 2026-01-01\n\n## [1.1.0]"),
            },
        ),
        Wrong(
            code="PK40",
            says="padding and separators in the table are the editor's affair",
            swap={"README.md": ("| 1.1.0 |", "|   1.1.0   |")},
        ),
        Wrong(code="PK41", says="what a build or a test left behind", write={"packages/lost/__pycache__/x.pyc": ""}),
    ],
    ids=str,
)
def test_what_is_right_is_not_objected_to(tmp_path: Path, right: Wrong) -> None:
    root = make_workspace(tmp_path, FAMILY)
    right.apply(root)
    assert [each.message for each in checked(root).findings if each.code == right.code] == []


def test_with_an_index_asked_a_floor_has_to_be_published_or_in_the_workspace(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, {**FAMILY, "core-b": PackageSpec(needs=("core-a>=1.0.2",))})
    workspace = find_workspace(root)
    for published, objections in ((["1.0.2"], 0), (["1.0.1"], 1), ([], 1)):
        versions = {"maestro-core-a": [Version(each) for each in published]}
        report = rules.check(workspace, tuple(workspace.packages.values()), published=versions)
        assert [each.code for each in report.findings] == ["PK30"] * objections


def test_the_table_to_paste_makes_the_readme_true(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    (root / "README.md").write_text("# Words\n")
    (finding,) = checked(root).findings
    (root / "README.md").write_text(f"# Words\n\n{finding.paste}\n\nMore words.\n")
    assert checked(root).findings == ()


def test_some_packages_alone_are_checked_without_the_repository(tmp_path: Path) -> None:
    root = make_workspace(tmp_path, FAMILY)
    (root / "README.md").unlink()
    workspace = find_workspace(root)
    report = rules.check(workspace, (workspace.packages["core-c"],))
    assert (report.packages, report.findings) == (("core-c",), ())
