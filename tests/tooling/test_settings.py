"""Where each value comes from, whose password is sent, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tooling.errors import MaestroError, ProblemsError, UsageError, singles
from tooling.model.secret import Secret
from tooling.model.settings import TABLE, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tooling.model.settings import Settings

ODD = "p@:/%\"$' \\#{x}`!"
PAIR = "NEXUS_USERNAME=a\nNEXUS_PASSWORD=apw"
VALUES = {
    "kind": ("nexus", "simple"),
    "route": ("pypi", "components"),
    "parallel": ("1", "2", "3", "16"),
    "patience": ("1", "2", "3", "86400"),
}


def written(root: Path, pyproject: str = "", dotenv: str = "") -> Path:
    (root / "pyproject.toml").write_text(f"[project]\nname = 'x'\n[tool.maestro]\n{pyproject}\n", encoding="utf-8")
    (root / ".env").write_text(dotenv, encoding="utf-8")
    return root


def user_of(settings: Settings) -> tuple[str | None, str | None]:
    return settings.username, settings.password.reveal() if settings.password else None


def problems(root: Path, environ: Mapping[str, str] | None = None) -> list[MaestroError]:
    with pytest.raises(UsageError) as caught:
        read_settings(root, environ or {})
    return list(singles(caught.value))


def test_without_any_place_the_defaults_hold(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {})
    assert settings.url is None
    assert (settings.repository, settings.group, settings.kind) == ("pypi-hosted", "pypi-group", "nexus")
    assert (settings.route, settings.parallel) == ("pypi", 4)
    assert (settings.cache, settings.data) == (tmp_path / ".maestro/cache", tmp_path / ".nexus")
    assert user_of(settings) == (None, None)
    assert set(settings.origins.values()) == {"default"}


@pytest.mark.parametrize("setting", TABLE, ids=lambda setting: setting.key)
@pytest.mark.parametrize("present", range(16))
def test_later_places_win(tmp_path: Path, setting: object, present: int) -> None:
    """Every subset of the four places, for every setting."""
    key, variable = setting.key, setting.variable  # type: ignore[attr-defined]
    values = [*VALUES.get(key, ("one", "two", "three", "four"))] * 2
    places = [bool(present & bit) for bit in (1, 2, 4, 8)]
    written(tmp_path, f'{key} = "{values[0]}"' if places[0] else "", f"{variable}={values[1]}" if places[1] else "")
    settings = read_settings(
        tmp_path, {variable: values[2] if places[2] else ""}, {key: values[3] if places[3] else None}
    )
    wanted = next((value for value, there in zip(values[3::-1], places[::-1], strict=True) if there), setting.default)  # type: ignore[attr-defined]
    found = getattr(settings, key)
    if key in {"cache", "data"}:
        assert found == tmp_path / wanted
    else:
        assert found == (int(wanted) if key in {"parallel", "patience"} else wanted)
    names = [f"[tool.maestro] {key}", f"{variable} in .env", variable, f"--{key}"]
    said = next((name for name, there in zip(names[::-1], places[::-1], strict=True) if there), "default")
    assert settings.origins[key] == said


def test_a_number_may_be_written_as_one(tmp_path: Path) -> None:
    assert read_settings(written(tmp_path, "parallel = 7"), {}).parallel == 7


def test_folders_may_be_absolute_or_below_the_users_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    environ = {"MAESTRO_CACHE_DIR": "~/cache", "MAESTRO_INDEX_DATA": "/srv/index"}
    settings = read_settings(tmp_path / "root", environ)
    assert settings.cache == tmp_path / "home/cache"
    assert str(settings.data) == "/srv/index"


@pytest.mark.parametrize(
    ("pyproject", "dotenv", "environ", "flag", "wanted"),
    [
        ("", "", {"NEXUS_USERNAME": "ci", "NEXUS_PASSWORD": "pw"}, None, ("ci", "pw")),
        ("", "NEXUS_USERNAME=ci\nNEXUS_PASSWORD=pw", {}, None, ("ci", "pw")),
        ('username = "ci"', "", {"NEXUS_PASSWORD": "pw"}, None, ("ci", "pw")),
        ('username = "ci"', "NEXUS_PASSWORD=pw", {}, None, ("ci", "pw")),
        ("", "NEXUS_USERNAME=ci", {"NEXUS_PASSWORD": "pw"}, None, ("ci", "pw")),
        ("", "", {"NEXUS_USER": "ci", "NEXUS_PASSWORD": "pw"}, None, ("ci", "pw")),
        ("", "", {"NEXUS_ADMIN_PASSWORD": "pw"}, None, ("admin", "pw")),
        ("", "", {"NEXUS_USER": "root", "NEXUS_ADMIN_PASSWORD": "pw"}, None, ("root", "pw")),
        ("", "", {"NEXUS_DEPLOY_USER": "dep", "NEXUS_DEPLOY_PASSWORD": "pw"}, None, ("dep", "pw")),
        ("", "", {"NEXUS_PASSWORD": "pw"}, "bob", ("bob", "pw")),
        ("", "NEXUS_USERNAME=a", {"NEXUS_PASSWORD": "pw"}, "b", ("b", "pw")),
        ("", "", {"NEXUS_PASSWORD": "pw"}, None, (None, None)),
        ("", "", {"NEXUS_USERNAME": "ci"}, None, ("ci", None)),
        ("", "", {"NEXUS_USER": "ci"}, None, ("ci", None)),
        # A pair in a later place wins over one in an earlier place, whatever their names.
        ("", PAIR, {"NEXUS_USERNAME": "b", "NEXUS_PASSWORD": "bpw"}, None, ("b", "bpw")),
        (
            "",
            PAIR,
            {"NEXUS_DEPLOY_USER": "dep", "NEXUS_DEPLOY_PASSWORD": "dpw"},
            None,
            ("dep", "dpw"),
        ),
        # One person's name never goes with another's password.
        ("", PAIR, {"NEXUS_USERNAME": "b"}, None, ("b", None)),
        ("", PAIR, {}, "b", ("b", None)),
        ("", "", {"NEXUS_ADMIN_PASSWORD": "pw"}, "b", ("b", None)),
        ("", "", {"NEXUS_DEPLOY_USER": "dep", "NEXUS_DEPLOY_PASSWORD": "pw"}, "b", ("b", None)),
        ("", PAIR, {}, "a", ("a", "apw")),
        ('username = "a"', "", {"NEXUS_USER": "ci", "NEXUS_PASSWORD": "pw"}, None, ("ci", "pw")),
    ],
)  # fmt: skip
def test_a_password_is_taken_with_the_user_it_belongs_to(
    *, tmp_path: Path, pyproject: str, dotenv: str, environ: dict[str, str], flag: str | None, wanted: tuple[str, str]
) -> None:
    settings = read_settings(written(tmp_path, pyproject, dotenv), environ, {"username": flag})
    assert user_of(settings) == wanted


class TestDotenv:
    """What `.env` may hold."""

    @pytest.mark.parametrize(
        ("line", "password"),
        [
            ("NEXUS_PASSWORD=a$b${c}%d", "a$b${c}%d"),
            ("NEXUS_PASSWORD='a b$c\"#d'", 'a b$c"#d'),
            ('NEXUS_PASSWORD="a b$c\'#d"', "a b$c'#d"),
            ("NEXUS_PASSWORD=a#b", "a#b"),
            ("NEXUS_PASSWORD=a=b:c@/", "a=b:c@/"),
            ("export NEXUS_PASSWORD=ab", "ab"),
            ("NEXUS_PASSWORD=ab # a comment", "ab"),
            ("NEXUS_PASSWORD=äß", "äß"),
        ],
    )
    def test_a_password_is_kept_as_it_is(self, tmp_path: Path, line: str, password: str) -> None:
        settings = read_settings(written(tmp_path, dotenv=f"# ours\n\nNEXUS_USERNAME=ci\n{line}\n"), {})
        assert user_of(settings) == ("ci", password)

    @given(st.text(st.characters(min_codepoint=32, exclude_characters="'\\", codec="utf-8"), min_size=1))
    def test_any_password_survives_single_quotes(self, tmp_path_factory: pytest.TempPathFactory, password: str) -> None:
        root = tmp_path_factory.mktemp("root")
        (root / ".env").write_text(f"NEXUS_USERNAME=ci\nNEXUS_PASSWORD='{password}'\n", encoding="utf-8", newline="")
        assert user_of(read_settings(root, {})) == ("ci", password)

    def test_a_mark_of_byte_order_is_no_part_of_the_first_name(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("NEXUS_URL=http://one\n", encoding="utf-8-sig")
        assert read_settings(tmp_path, {}).url == "http://one"

    @pytest.mark.parametrize("content", [b"A=b\nNEXUS_PASSWORD='hunter2\n", b"A=b\nhunter2 is the password\n"])
    def test_a_broken_line_is_named_and_not_shown(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / ".env").write_bytes(content)
        (error,) = problems(tmp_path)
        assert error.code == "ST04"
        assert "Line 2 of" in str(error)
        assert "hunter2" not in str(error)

    def test_other_bytes_than_utf8_are_said_and_not_shown(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(b"NEXUS_PASSWORD=hunter2\xff\n")
        (error,) = problems(tmp_path)
        assert error.code == "ST04"
        assert error.__cause__ is None
        assert "hunter2" not in str(error)


class TestPyproject:
    """What the file in the repository may hold."""

    @pytest.mark.parametrize("key", ["password", "NEXUS_PASSWORD", "token", "client_secret", "api_key"])
    def test_a_secret_is_refused_and_not_shown(self, tmp_path: Path, key: str) -> None:
        (error,) = problems(written(tmp_path, f'{key} = "hunter2"'))
        assert error.code == "ST03"
        assert key in error.message
        assert "hunter2" not in str(error)
        assert error.place is not None
        assert error.place.line == 4

    def test_a_secret_in_the_address_is_refused_as_well(self, tmp_path: Path) -> None:
        (error,) = problems(written(tmp_path, 'url = "https://ci:hunter2@nexus.example.com"'))
        assert error.code == "ST03"
        assert "hunter2" not in str(error)

    @pytest.mark.parametrize(("key", "meant"), [("repositry", "repository"), ("usernam", "username")])
    def test_an_unknown_key_is_met_with_the_nearest_known_one(self, tmp_path: Path, key: str, meant: str) -> None:
        (error,) = problems(written(tmp_path, f'{key} = "x"'))
        assert error.code == "ST01"
        assert error.hint == f"Did you mean {meant!r}?"

    def test_a_key_that_is_near_nothing_is_met_with_all(self, tmp_path: Path) -> None:
        (error,) = problems(written(tmp_path, 'zzzzzz = "x"'))
        assert all(setting.key in error.hint for setting in TABLE)

    @pytest.mark.parametrize("value", ["[]", "true", "1.5", "{ a = 1 }"])
    def test_a_value_of_another_type_is_refused(self, tmp_path: Path, value: str) -> None:
        (error,) = problems(written(tmp_path, f"repository = {value}"))
        assert error.code == "ST02"

    @pytest.mark.parametrize("text", ["[tool]\nmaestro = 3", "tool = 3\n"])
    def test_something_else_than_a_table_is_said(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
        if text.startswith("tool"):
            assert read_settings(tmp_path, {}).url is None
        else:
            assert [each.code for each in problems(tmp_path)] == ["ST01"]

    def test_broken_toml_is_said_with_its_line(self, tmp_path: Path) -> None:
        (error,) = problems(written(tmp_path, "url = ["))
        assert error.code == "WS03"

    def test_what_the_rules_read_is_left_to_them(self, tmp_path: Path) -> None:
        read_settings(written(tmp_path, 'exceptions = [{ code = "PK001" }]'), {})


@pytest.mark.parametrize("value", ["0", "17", "-1", "four", "4.0", " 4", "99999999999999999999"])
def test_a_number_out_of_its_range_is_refused_saying_where_it_stands(tmp_path: Path, value: str) -> None:
    (error,) = problems(tmp_path, {"MAESTRO_PARALLEL": value})
    assert error.code == "ST02"
    assert "(from MAESTRO_PARALLEL)" in error.message
    assert "1 to 16" in error.hint


def test_bad_values_are_met_together(tmp_path: Path) -> None:
    environ = {"NEXUS_ROUTE": "ftp", "NEXUS_KIND": "apt", "MAESTRO_PARALLEL": "0"}
    with pytest.raises(ProblemsError) as caught:
        read_settings(tmp_path, environ)
    assert [each.facts["setting"] for each in caught.value.errors] == ["kind", "route", "parallel"]


def test_bad_keys_are_met_together(tmp_path: Path) -> None:
    found = written(tmp_path, 'password = "x"\nrepositry = "y"\nparallel = []')
    with pytest.raises(ProblemsError) as caught:
        read_settings(found, {})
    assert [each.code for each in caught.value.errors] == ["ST03", "ST01", "ST02"]


def test_the_settings_never_show_a_password(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, {"NEXUS_USERNAME": "ci", "NEXUS_PASSWORD": ODD})
    assert settings.password == Secret(ODD)
    assert ODD not in repr(settings) + str(settings)
