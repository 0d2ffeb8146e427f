"""What is wrong is told at once, with its place, with what was probably meant, and never with a secret."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_core_config import (
    BaseConfig,
    ConfigError,
    ConfigManager,
    DotEnvLoader,
    EnvironmentLoader,
    Field,
    Layer,
    SecretsDirLoader,
    SecretStr,
)
from maestro_core_logging import RedactionPolicy, Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Lines

PLANTED = "hunter2-Zq9pLx"


class Given:
    """A loader with values."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def load(self) -> Layer:
        return Layer("given", self.values)


class Database(BaseConfig):
    """A section with a secret."""

    host: str
    port: int = Field(5432, ge=1, le=65535)
    password: SecretStr = Field(SecretStr("changeme-default"), min_length=6)


class User(BaseConfig):
    """An item of a list."""

    name: str
    age: int = 0


class Settings(BaseConfig):
    """A configuration with a section."""

    name: str
    database: Database
    users: list[User] = Field(default_factory=list)
    mode: Literal["fast", "safe"] = "safe"


def test_one_error_lists_every_wrong_field_with_its_place(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write(
        "c.yaml", "database:\n  port: 0\n  password: abc\nusers:\n  - name: a\n  - name: b\n    age: old\nmode: slow\n"
    )
    monkeypatch.setenv("MAESTRO_DATABASE__PORT", "99999")
    with pytest.raises(ConfigError) as caught:
        ConfigManager(Settings, files=[file]).load()
    assert str(caught.value).splitlines() == [
        "6 things are wrong with the configuration; correct them and load again:",
        "  - name: is required; set it in a file, or by the variable MAESTRO_NAME",
        "  - database.host: is required; set it in a file, or by the variable MAESTRO_DATABASE__HOST",
        "  - database.port: Input should be less than or equal to 65535 [MAESTRO_DATABASE__PORT]",
        f"  - database.password: is not valid (too_short); it is a secret, so nothing more is said [{file}:3]",
        f"  - users.1.age: Input should be a valid integer, unable to parse string as an integer [{file}:7]",
        f"  - mode: Input should be 'fast' or 'safe' [{file}:8]",
    ]
    assert caught.value.extra["paths"][0] == "name"
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_field_that_an_item_lacks_is_told_at_the_items_line(write: Callable[[str, str], Path]) -> None:
    file = write("c.yaml", "name: a\ndatabase: {host: h}\nusers:\n  - name: a\n  - age: 3\n")
    with pytest.raises(ConfigError, match=rf"^users.1.name: is required \[{file}:5\]$"):
        ConfigManager(Settings, files=[file]).load()


def test_an_error_under_an_alias_is_told_under_the_name_at_its_line(write: Callable[[str, str], Path]) -> None:
    class Inside(BaseConfig):
        max_size: int = Field(1, alias="maxSize")

    class Outside(BaseConfig):
        inside: Inside = Inside()

    for key in ("maxSize", "max_size"):
        file = write("c.yaml", f"inside:\n  {key}: many\n")
        with pytest.raises(ConfigError, match=rf"^inside.max_size: .*\[{file}:2\]$"):
            ConfigManager(Outside, files=[file]).load()


def test_problems_of_several_sources_and_of_values_are_one_error(write: Callable[[str, str], Path]) -> None:
    bad, missing = write("bad.toml", "a = \n"), write("x.toml", "").with_name("missing.toml")
    with pytest.raises(ConfigError) as caught:
        ConfigManager(Settings, files=[bad, missing], overrides={"mode": 3}).load()
    sources = [each.source for each in caught.value.problems]
    assert sources[:2] == [str(bad), str(missing)]
    assert "override" in sources


def test_a_loader_that_breaks_is_a_problem_that_names_it() -> None:
    class Broken:
        def load(self) -> Layer:
            raise OSError(PLANTED)

    with pytest.raises(ConfigError, match="Broken failed with OSError") as caught:
        ConfigManager(Settings, loaders=[Broken()]).load()
    assert PLANTED not in "".join(traceback.format_exception(caught.value))


def test_unknown_keys_are_logged_with_place_and_nearest_name_and_dropped(
    write: Callable[[str, str], Path], logged: Lines
) -> None:
    file = write("c.yaml", "name: a\ndatabase:\n  host: x\n  prot: 3\ncolour: red\n")
    manager = ConfigManager(Settings, files=[file])
    assert manager.load().database.port == 5432
    said = [str(each) for each in manager.warnings]
    assert said == [
        f"the key database.prot ({file}:4) belongs to no setting; did you mean port?",
        f"the key colour ({file}:5) belongs to no setting; known here: name, database, users, mode.",
    ]
    assert "did you mean port?" in logged.text()
    assert manager.stats()["warnings"] == 2


def test_unknown_keys_are_errors_or_silent_on_request(write: Callable[[str, str], Path], logged: Lines) -> None:
    file = write("c.yaml", "name: a\ndatabase:\n  host: x\n  prot: 3\n")
    with pytest.raises(ConfigError, match="did you mean port"):
        ConfigManager(Settings, files=[file], unknown="error").load()
    quiet = ConfigManager(Settings, files=[file], unknown="ignore")
    quiet.load()
    assert len(quiet.warnings) == 1
    assert logged.text() == ""


def test_a_profile_without_files_is_told_with_the_nearest_one(write: Callable[[str, str], Path]) -> None:
    file = write("c.toml", 'name = "a"\n[database]\nhost = "x"\n')
    write("c.production.toml", 'name = "p"\n')
    manager = ConfigManager(Settings, files=[file], profile="prodution")
    assert manager.load().name == "a"
    assert str(manager.warnings[0]) == "no file belongs to the profile prodution; did you mean production?"
    with pytest.raises(ConfigError, match="no file belongs to the profile"):
        ConfigManager(Settings, files=[file], profile="prodution", unknown="error").load()


class Cat(BaseConfig):
    """One kind."""

    kind: Literal["cat"]
    lives: int = 9


class Dog(BaseConfig):
    """Another kind."""

    kind: Literal["dog"]
    tricks: int = 0


class Pets(BaseConfig):
    """A union by kind, and one without."""

    pet: Annotated[Cat | Dog, pydantic.Field(discriminator="kind")]
    other: Cat | str = "none"


def test_an_error_inside_a_union_is_told_at_its_path(write: Callable[[str, str], Path]) -> None:
    file = write("c.yaml", "pet:\n  kind: dog\n  tricks: many\nother: x\n")
    with pytest.raises(ConfigError, match=rf"pet.tricks: Input should be a valid integer.*\[{file}:3\]"):
        ConfigManager(Pets, files=[file]).load()


def leaky(value: Any) -> Any:
    raise ValueError(f"I do not like {value!r}")


class Leaky(BaseConfig):
    """A model whose validators say everything they know."""

    token: Annotated[str, pydantic.AfterValidator(leaky)] = "x"
    plain: Annotated[str, pydantic.AfterValidator(leaky)] = "x"
    odd: str = Field("x", secret=True)

    def validate_config(self) -> None:
        raise ValueError(f"odd is {self.odd!r}, whole is {self.model_dump()}")


@given(secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=8, max_size=20))
def test_no_validator_can_tell_a_secret(secret: str) -> None:
    for values in ({"token": secret}, {"odd": secret}, {"odd": secret, "plain": f"is it {secret}?"}):
        manager = ConfigManager(Leaky, loaders=[Given(values), EnvironmentLoader(environ={})])
        with pytest.raises(ConfigError) as caught:
            manager.load()
        if len(set(secret)) > 3 and secret.isalnum():
            assert secret not in "".join(traceback.format_exception(caught.value))
            assert secret not in repr(caught.value.problems)


def everything_shown(manager: ConfigManager[Any], logged: Lines) -> str:
    """Collect all that a manager and its parts can be made to say."""
    origins = manager.origins()
    config = manager.current
    parts = [
        *(str(each) for each in origins),
        *(repr(each) for each in origins),
        repr(manager),
        str(manager.dump()),
        str(manager.stats()),
        repr(config),
        str(config),
        str(config.dict()),
        str(manager.reload()),
        str(manager.warnings),
        str(manager.get_schema()),
        logged.text(),
    ]
    return "\n".join(parts)


class Secretive(BaseConfig):
    """Secrets of every kind."""

    api_key: str = PLANTED + "-default"
    typed: SecretStr = SecretStr(PLANTED + "-typed")
    marked: Annotated[str, Field(secret=True)] = PLANTED + "-marked"
    many: list[SecretStr] = Field(default_factory=list)
    credentials: dict[str, Any] = Field(default_factory=dict)
    url: str = "x"
    deep: Database = Database(host="x", password=SecretStr(PLANTED + "-deep"))
    ports: list[int] = Field(default_factory=list)


def test_a_planted_secret_is_never_shown(
    write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: Lines
) -> None:
    """In files, variables, `.env`, secret files and overrides; in values, defaults, shadowed and rejected ones."""
    file = write(
        "c.yaml",
        f"api_key: {PLANTED}-1\ntyped: {PLANTED}-2\nmany: [{PLANTED}-3]\ncredentials:\n  aws:\n    id: {PLANTED}-4\n"
        f"url: postgres://app:{PLANTED}-5@db/x\ndeep:\n  host: h\n  password: {PLANTED}-6\n",
    )
    env = write(".env", f"MAESTRO_MARKED={PLANTED}-7\n")
    write("secrets/deep__password", f"{PLANTED}-8")
    monkeypatch.setenv("MAESTRO_API_KEY", f"{PLANTED}-9")
    manager = ConfigManager(
        Secretive,
        loaders=[DotEnvLoader(env), SecretsDirLoader(tmp_path / "secrets")],
        files=[file],
        overrides={"typed": f"{PLANTED}-10"},
    )
    manager.load()
    heard: list[Any] = []
    manager.subscribe("*", lambda *change: heard.append(change))
    manager.subscribe(heard.append)
    shown = everything_shown(manager, logged)
    monkeypatch.setenv("MAESTRO_API_KEY", f"{PLANTED}-11")
    write(".env", f"MAESTRO_MARKED={PLANTED}-12\n")
    assert manager.reload().paths == ("api_key", "marked")
    write("c.yaml", f"credentials: {PLANTED}-13\nports: [{PLANTED}]\ntyped: [{PLANTED}]\nmany: {{a: {PLANTED}}}\n")
    rejected = manager.reload()
    assert rejected.status == "rejected"
    shown += f"{rejected} {rejected!r} {heard}" + everything_shown(manager, logged)
    assert PLANTED not in shown
    assert manager.dump(masked=False)["api_key"] == f"{PLANTED}-11"


def test_dicts_and_reprs_of_typed_secrets_show_stars() -> None:
    database = Database(host="h", password=SecretStr(PLANTED))
    assert (
        PLANTED not in f"{database!r} {database} {database.model_dump_json()} {database.model_dump()} {database.dict()}"
    )
    assert str(database.password) == "*" * 10
    assert str(SecretStr("")) == "*" * 10
    assert database.dict() == {"host": "h", "port": 5432, "password": "***"}
    assert database.get_secret_value("password") == PLANTED
    nested = Settings(name="a", database=database)
    assert nested.dict()["database"]["password"] == "***"
    assert nested.get_secret_value("database.password") == PLANTED
    with pytest.raises(ConfigError, match="no field nothing"):
        database.get_secret_value("nothing")


def test_direct_construction_keeps_inputs_out_of_its_error() -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Database(host="h", port=PLANTED)  # type: ignore[arg-type]
    assert PLANTED not in str(caught.value)


def test_the_policy_decides_and_may_be_changed() -> None:
    class Named(BaseConfig):
        auth: dict[str, str] = Field(default_factory=lambda: {"issuer": "https://id.example"})
        customer_ref: str = "C-17"

    manager = ConfigManager(Named)
    manager.load()
    assert manager.dump() == {"auth": {"issuer": "***"}, "customer_ref": "C-17"}
    policy = Redactor(RedactionPolicy(allow_keys=["auth"], extra_keys=["customer_ref"]))
    own = ConfigManager(Named, redactor=policy)
    own.load()
    assert own.dump() == {"auth": {"issuer": "https://id.example"}, "customer_ref": "***"}


def test_whether_a_secret_is_set_may_be_seen() -> None:
    class Optional(BaseConfig):
        token: str | None = None
        password: str = ""

    manager = ConfigManager(Optional)
    manager.load()
    assert manager.dump() == {"token": None, "password": ""}
