"""When a module may fail to import."""

from __future__ import annotations

import pytest
from factories import make_package

from tooling.plan.extras import excused_by

CACHE = make_package("core-cache", extras={"redis": ["redis>=6"], "fast-json": ["orjson>=3"], "all": []})


@pytest.mark.parametrize(
    ("text", "installed", "asked"),
    [
        ("Redis is missing: pip install maestro-core-cache[redis]", (), {"redis"}),
        ("Redis is missing: pip install 'maestro-core-cache[redis]'.", ("redis",), set()),
        ("pip install Maestro_Core.Cache[Fast_JSON, redis]", ("redis",), {"fast-json"}),
        ("pip install maestro-core-cache[redis]", ("fast-json",), {"redis"}),
        ("No module named 'redis'", (), set()),
        ("pip install maestro-other[redis]", (), set()),
        ("pip install maestro-core-cache[nosuch]", (), set()),
        ("pip install maestro-core-cache", (), set()),
        ("", (), set()),
    ],
)
def test_only_an_error_that_asks_for_an_extra_that_is_not_there_excuses(
    text: str, installed: tuple[str, ...], asked: set[str]
) -> None:
    assert excused_by(CACHE, installed, text) == asked
