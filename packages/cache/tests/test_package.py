"""The package as a whole: its public names, its errors, what importing it does and what it needs."""

from __future__ import annotations

import importlib.metadata
import pickle
import subprocess
import sys
import types
from pathlib import Path

import maestro_cache
import pytest
from maestro_cache import CacheError, MissingExtraError, RedisCache, errors


def test_all_lists_the_public_names_sorted() -> None:
    public = {
        name
        for name, value in vars(maestro_cache).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert set(maestro_cache.__all__) == public
    assert maestro_cache.__all__ == sorted(maestro_cache.__all__)


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert maestro_cache.__version__ == importlib.metadata.version("maestro-cache")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = maestro_cache.nothing


def test_importing_it_starts_nothing_and_loads_no_optional_library() -> None:
    program = (
        "import sys, threading; import maestro_cache\n"
        "print(threading.active_count(), sorted({'redis', 'orjson'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1 []\n"


def test_a_missing_library_is_answered_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(MissingExtraError) as caught:
        RedisCache("redis://localhost")
    assert str(caught.value) == "pip install 'maestro-cache[redis]'"
    assert isinstance(caught.value, ImportError)


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_carries_what_a_server_needs_and_survives_pickling(name: str) -> None:
    error = getattr(errors, name)("a sentence", retry_after=1.5, name="db")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    for each in (error, copy):
        assert isinstance(each, CacheError)
        assert str(each) == "a sentence"
        assert (each.extra, each.retry_after) == ({"name": "db"}, 1.5)
        assert (each.code.islower(), 400 <= each.http_status < 600) == (True, True)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [getattr(errors, name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)


def test_it_says_that_it_is_typed() -> None:
    assert Path(maestro_cache.__file__).with_name("py.typed").is_file()
