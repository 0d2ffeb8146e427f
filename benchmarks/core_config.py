# /// script
# requires-python = ">=3.11"
# dependencies = ["dynaconf>=3.3", "pydantic-settings>=2.15", "typed-settings>=25", "attrs>=25"]
# ///
"""Loading a TOML file and variables, explaining every value, reading an attribute, and importing, beside the peers.

Run from the repository root: `python benchmarks/core_config.py [--json DIR]`. Every contender makes its objects anew in
each call, reads the same file and variables into the same fields, and is checked to have found the same values.
Importing is measured in processes of its own, against importing what the package requires.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import dynaconf
import maestro_core_config as ours
import pydantic
import pydantic_settings
import typed_settings
from harness import Row, interleave, report, rows

if TYPE_CHECKING:
    from collections.abc import Callable

OURS = "maestro-core-config"
BARE, DYNACONF, TYPED = "pydantic-settings, bare", "dynaconf", "typed-settings"
REPEAT, ROUNDS = 40, 9
TOML = """\
name = "orders"
debug = false
tags = ["a", "b", "c"]

[database]
host = "db.example"
port = 5432
user = "orders"
password = "not-in-production"

[database.pool]
size = 10
timeout = 2.5

[cache]
url = "redis://cache:6379/0"
ttl = 60

[http]
host = "0.0.0.0"
port = 8080
workers = 4
"""
VARIABLES = {"BENCH_DATABASE__HOST": "db.internal", "BENCH_DATABASE__POOL__SIZE": "20", "BENCH_HTTP__PORT": "9090"}
WANTED = ("orders", "db.internal", 20, 9090)
REQUIREMENTS = "import pydantic, pydantic_settings, dotenv, maestro_core_logging"


class Pool(pydantic.BaseModel):
    """Fields that all pydantic contenders share."""

    size: int = 5
    timeout: float = 1.0


class Database(pydantic.BaseModel):
    """Four fields and a section."""

    host: str
    port: int = 5432
    user: str = ""
    password: pydantic.SecretStr = pydantic.SecretStr("")
    pool: Pool = Pool()


class Cache(pydantic.BaseModel):
    """Two fields."""

    url: str = ""
    ttl: int = 1


class Http(pydantic.BaseModel):
    """Three fields."""

    host: str = ""
    port: int = 80
    workers: int = 1


class OurSettings(ours.BaseConfig):
    """The fields as ours."""

    model_config = pydantic_settings.SettingsConfigDict(env_prefix="BENCH_")
    name: str
    debug: bool = True
    tags: list[str] = pydantic.Field(default_factory=list)
    database: Database
    cache: Cache = Cache()
    http: Http = Http()


@attrs.frozen
class TypedPool:
    """The fields for typed-settings."""

    size: int = 5
    timeout: float = 1.0


@attrs.frozen
class TypedDatabase:
    """Four fields and a section."""

    host: str
    port: int = 5432
    user: str = ""
    password: str = ""
    pool: TypedPool = TypedPool()


@attrs.frozen
class TypedCache:
    """Two fields."""

    url: str = ""
    ttl: int = 1


@attrs.frozen
class TypedHttp:
    """Three fields."""

    host: str = ""
    port: int = 80
    workers: int = 1


@attrs.frozen
class TypedModel:
    """The whole for typed-settings."""

    name: str
    database: TypedDatabase
    debug: bool = True
    tags: list[str] = attrs.field(factory=list)
    cache: TypedCache = TypedCache()
    http: TypedHttp = TypedHttp()


def bare_settings(file: Path) -> type[Any]:
    """Make the settings class that pydantic-settings' documentation shows for TOML and variables."""

    class Settings(pydantic_settings.BaseSettings):
        model_config = pydantic_settings.SettingsConfigDict(
            env_prefix="BENCH_", env_nested_delimiter="__", toml_file=file
        )
        name: str
        debug: bool = True
        tags: list[str] = pydantic.Field(default_factory=list)
        database: Database
        cache: Cache = Cache()
        http: Http = Http()

        @classmethod
        def settings_customise_sources(cls, settings_cls: Any, *_: Any, **sources: Any) -> tuple[Any, ...]:
            return sources["env_settings"], pydantic_settings.TomlConfigSettingsSource(settings_cls)

    return Settings


def our_load(file: Path) -> Any:
    """Load with all it takes to explain."""
    return ours.ConfigManager(OurSettings, files=[file]).load()


def our_explanation(file: Path) -> Any:
    """Load and explain every value."""
    manager = ours.ConfigManager(OurSettings, files=[file])
    config = manager.load()
    manager.origins()
    return config


def dynaconf_load(file: Path) -> Any:
    """Load as dynaconf does, which is at the first access."""
    settings = dynaconf.Dynaconf(settings_files=[str(file)], envvar_prefix="BENCH", merge_enabled=True)
    settings.get("name")
    return settings


def typed_load(file: Path) -> Any:
    """Load as typed-settings' documentation shows."""
    return typed_settings.load_settings(
        TypedModel,
        [
            typed_settings.FileLoader({"*.toml": typed_settings.TomlFormat(section=None)}, [file]),
            typed_settings.EnvLoader("BENCH_", nested_delimiter="__"),
        ],
    )


def checked(load: Callable[[], Any]) -> Callable[[], None]:
    """See once that a contender has found what it should."""
    found = load()
    values = (found.name, found.database.host, int(found.database.pool.size), int(found.http.port))
    if values != WANTED:
        raise SystemExit(f"a contender has read {values}, so the figures would compare different work.")

    def run() -> None:
        load()

    return run


def loading(file: Path) -> list[Row]:
    """Compare one load."""
    settings = bare_settings(file)
    contenders = {
        BARE: checked(settings),
        TYPED: checked(lambda: typed_load(file)),
        DYNACONF: checked(lambda: dynaconf_load(file)),
        OURS: checked(lambda: our_load(file)),
        "explained": checked(lambda: our_explanation(file)),
    }
    medians = interleave(contenders, rounds=ROUNDS, repeat=REPEAT)
    found = rows("load", medians, ours=OURS, targets={BARE: 2.0, DYNACONF: 1 / 5, TYPED: None})
    return found + rows("load and explain every value", medians, ours="explained", targets={BARE: None, DYNACONF: None})


def reading(file: Path) -> list[Row]:
    """Compare reading one attribute two sections deep."""
    manager = ours.ConfigManager(OurSettings, files=[file])
    mine, plain = manager.load(), bare_settings(file)()
    names = {OURS: mine, "plain pydantic attribute": plain}

    def reads(config: Any) -> Callable[[], None]:
        def run() -> None:
            for _ in range(10_000):
                config.database.pool.size  # noqa: B018 - reading it is the work

        return run

    medians = {
        who: each / 10_000 for who, each in interleave({n: reads(c) for n, c in names.items()}, rounds=15).items()
    }
    return rows("read an attribute", medians, ours=OURS, targets={"plain pydantic attribute": 1.1})


def importing() -> list[Row]:
    """Compare importing us with importing what we require, each in a fresh process that times itself."""
    samples: dict[str, list[float]] = {"its requirements": [], OURS: []}
    for _ in range(11):
        for name, statement in (("its requirements", REQUIREMENTS), (OURS, "import maestro_core_config")):
            timed = f"import time; start = time.perf_counter(); {statement}; print(time.perf_counter() - start)"
            samples[name].append(float(subprocess.check_output([sys.executable, "-c", timed])))
    medians = {name: statistics.median(values) for name, values in samples.items()}
    return rows("import", medians, ours=OURS, targets={"its requirements": 1.3})


def main() -> None:
    """Run all and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, default=None, metavar="DIR", help="also write DIR/core-config.json")
    into = parser.parse_args().json
    os.environ.update(VARIABLES)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.toml"
        file.write_text(TOML, encoding="utf-8")
        results = [*loading(file), *reading(file), *importing()]
    report("core-config", results, into=into)


if __name__ == "__main__":
    main()
