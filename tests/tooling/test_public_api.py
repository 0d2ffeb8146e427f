"""What of a public API changed, by source alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import griffe
import pytest

from tooling.effects.public_api import compare
from tooling.errors import FailedError
from tooling.model.versions import Change

if TYPE_CHECKING:
    from pathlib import Path

    from tooling.plan.evidence import Evidence

Files = dict[str, str]


def compared(tmp_path: Path, old: Files, new: Files, *documents: str) -> tuple[Evidence, ...]:
    """Compare two versions of the package `pkg`, given by their files."""
    for side, files in (("old", old), ("new", new)):
        for name, text in files.items():
            path = tmp_path / side / "pkg" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return compare("pkg", tmp_path / "old", tmp_path / "new", documents)


def told(evidence: tuple[Evidence, ...]) -> list[tuple[str, str]]:
    return [(each.change.value, each.detail) for each in evidence]


def module(body: str, *names: str) -> Files:
    return {"__init__.py": f"__all__ = {list(names)}\n{body}"}


CASES: list[tuple[str, Files, Files, list[tuple[str, str]]]] = [
    ("nothing changed", module("def f(): ...", "f"), module("def f():\n    return 1", "f"), []),
    (
        "a name is gone",
        module("def f(): ...\ndef g(): ...", "f", "g"),
        module("def g(): ...", "g"),
        [("breaking", "pkg.f: it was removed")],
    ),
    (
        "a name is there and not public any more",
        module("def f(): ...\ndef g(): ...", "f", "g"),
        module("def f(): ...\ndef g(): ...", "g"),
        [("breaking", "pkg.f: it was removed")],
    ),
    (
        "a name is new",
        module("def f(): ...", "f"),
        module("def f(): ...\ndef g(): ...", "f", "g"),
        [("feature", "pkg.g is new")],
    ),
    ("what is not in __all__ is nobody's", module("def f(): ...\ndef g(): ...", "f"), module("def f(): ...", "f"), []),
    (
        "a parameter is gone",
        module("def f(a, b=1): ...", "f"),
        module("def f(a): ...", "f"),
        [("breaking", "pkg.f(b): parameter was removed")],
    ),
    (
        "a parameter is required",
        module("def f(a): ...", "f"),
        module("def f(a, b): ...", "f"),
        [("breaking", "pkg.f(b): parameter was added as required"), ("feature", "pkg.f(b) is new")],
    ),
    (
        "a parameter is optional",
        module("def f(a): ...", "f"),
        module("def f(a, *, b=None): ...", "f"),
        [("feature", "pkg.f(b) is new")],
    ),
    (
        "a default is another one",
        module("def f(a=1): ...", "f"),
        module("def f(a=2): ...", "f"),
        [("breaking", "pkg.f(a): parameter default was changed from 1 to 2")],
    ),
    (
        "a method is gone, a private one too",
        module("class C:\n    def m(self): ...\n    def _p(self): ...", "C"),
        module("class C:\n    def n(self): ...", "C"),
        [("breaking", "pkg.C.m: public object was removed"), ("feature", "pkg.C.n is new")],
    ),
    (
        "a field of a dataclass is gone",
        module(
            "from dataclasses import dataclass\n@dataclass(kw_only=True)\nclass C:\n    a: int\n    b: int = 1", "C"
        ),
        module("from dataclasses import dataclass\n@dataclass(kw_only=True)\nclass C:\n    a: int", "C"),
        [("breaking", "pkg.C.b: public object was removed"), ("breaking", "pkg.C.__init__(b): parameter was removed")],
    ),
    (
        "a name is defined elsewhere, and the same",
        {"__init__.py": "from pkg.a import f\n__all__ = ['f']\n", "a.py": "def f(x): ..."},
        {"__init__.py": "from .b import f\n__all__ = ['f']\n", "b.py": "def f(x): ..."},
        [],
    ),
    (
        "a name is defined elsewhere, and called in another way",
        {"__init__.py": "from pkg.a import f\n__all__ = ['f']\n", "a.py": "def f(x): ..."},
        {"__init__.py": "from .b import f\n__all__ = ['f']\n", "b.py": "def f(): ..."},
        [("breaking", "pkg.f(x): parameter was removed")],
    ),
    (
        "a function with the name of its module",
        {"__init__.py": "from pkg.retry import retry\n__all__ = ['retry']\n", "retry.py": "def retry(times): ..."},
        {"__init__.py": "from pkg.retry import retry\n__all__ = ['retry']\n", "retry.py": "def retry(): ..."},
        [("breaking", "pkg.retry(times): parameter was removed")],
    ),
    (
        "another kind of thing",
        module("def f(): ...", "f"),
        module("class f: ...", "f"),
        [("breaking", "pkg.f: public object points to a different kind of object")],
    ),
    (
        "what other distributions keep",
        module("from elsewhere import f", "f"),
        module("from elsewhere import g as f", "f"),
        [],
    ),
    (
        "a name that is answered for lazily",
        module("def f(): ...", "f"),
        module("def __getattr__(name): ...", "f"),
        [],
    ),
    (
        "a name whose module does not parse",
        {"__init__.py": "from pkg.a import f\n__all__ = ['f']\n", "a.py": "def f(x): ..."},
        {"__init__.py": "from pkg.a import f\n__all__ = ['f']\n", "a.py": "def f(:"},
        [("breaking", "pkg.f: it leads to nothing that is in the package")],
    ),
    (
        "a module nobody is told of",
        {**module("", "f"), "inner.py": "def f(): ..."},
        module("", "f"),
        [],
    ),
]


@pytest.mark.parametrize(("old", "new", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_changed(tmp_path: Path, old: Files, new: Files, expected: list[tuple[str, str]]) -> None:
    assert told(compared(tmp_path, old, new)) == expected


@pytest.mark.parametrize(
    "document",
    [
        "```python\nfrom pkg.testing import f\n```",
        "import pkg.testing",
        "from pkg import (f, testing as t)",
        "from pkg import (\n    f,\n    testing,\n)",
        ">>> from pkg import testing",
    ],
)
def test_a_module_that_the_readme_imports_is_public(tmp_path: Path, document: str) -> None:
    old = {**module("def f(): ...", "f"), "testing.py": "def g(): ...\ndef _h(): ..."}
    new = {**module("def f(): ...", "f"), "testing.py": ""}
    assert told(compared(tmp_path, old, new, document)) == [("breaking", "pkg.testing.g: it was removed")]


def test_source_is_read_and_never_run(tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'sprung')!r}, 'w').close()\n"
    compared(tmp_path, module(trap, "f"), module(trap + "f = 1", "f"))
    assert not (tmp_path / "sprung").exists()


def test_source_that_does_not_parse_is_an_error_and_no_break(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(FailedError) as caught:
        compared(tmp_path, module("def f(): ...", "f"), {"__init__.py": "def f(:\n"})
    assert caught.value.code == "VS13"
    assert capfd.readouterr() == ("", "")


BEYOND_GRIFFE = (
    "not public any more",
    "name of its module",
    "nobody is told of",
    "what other distributions keep",
    "does not parse",
    "lazily",
)


@pytest.mark.parametrize(
    ("old", "new"),
    [case[1:3] for case in CASES if not case[0].endswith(BEYOND_GRIFFE)],
    ids=[case[0] for case in CASES if not case[0].endswith(BEYOND_GRIFFE)],
)
def test_griffe_by_itself_finds_as_many_breaks(tmp_path: Path, old: Files, new: Files) -> None:
    """Beyond it: names taken out of `__all__`, functions behind modules of their name, modules that are not public."""
    ours = [each for each in compared(tmp_path, old, new) if each.change is Change.BREAKING]
    before, after = (
        griffe.load("pkg", search_paths=[tmp_path / side], allow_inspection=False, try_relative_path=False)
        for side in ("old", "new")
    )
    modules = {name for name, each in before.members.items() if not each.is_alias and each.is_module}
    for name in modules:
        before.members[name].public = False
    assert len(ours) == len(list(griffe.find_breaking_changes(before, after)))
