"""The command, as a shell calls it: what it prints, its exit codes, and no secrets in either."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dotenv import dotenv_values
from maestro_core_config import ConfigEncryption
from maestro_core_config.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLANTED = "hunter2-Zq9pLx"
MODEL = """
from maestro_core_config import BaseConfig, Field, SecretStr
from pydantic_settings import SettingsConfigDict

class Database(BaseConfig):
    host: str = Field(description="name or address")
    port: int = Field(5432, reload="restart")
    password: SecretStr = SecretStr("hunter2-Zq9pLx-default")

class Settings(BaseConfig):
    model_config = SettingsConfigDict(env_prefix="SHOP_")
    database: Database
    hosts: list[str] = ["a b"]
    url: str = Field("x", env="SHOP_URL_OF_ITS_OWN")

NOT_A_MODEL = 3
"""


@pytest.fixture(autouse=True)
def _folder(write: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    write("shop_settings.py", MODEL)
    write("c.yaml", f"database:\n  host: db\n  password: {PLANTED}-1\n")
    write("c.live.yaml", f"database:\n  host: live-db\n  password: {PLANTED}-2\n")
    write("c.test.yaml", "hosts: [t]\n")
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    yield
    sys.modules.pop("shop_settings", None)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    out, err = capsys.readouterr()
    assert PLANTED not in out + err
    return code, out, err


ALL = ("shop_settings:Settings", "--file", "c.yaml")


def test_explain_tells_every_value_or_one(
    capsys: pytest.CaptureFixture[str], write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(".env", 'SHOP_HOSTS=["e"]\n')
    write("secrets/database__password", PLANTED)
    monkeypatch.setenv("SHOP_DATABASE__PORT", "1")
    more = ("--profile", "live", "--env-file", ".env", "--secrets-dir", "secrets")
    code, out, _ = run(capsys, "explain", *ALL, *more)
    assert code == 0
    assert out.splitlines() == [
        'database.host = "live-db" from c.live.yaml:2',
        '  over "db" from c.yaml:2 (file)',
        'database.port = "1" from SHOP_DATABASE__PORT (environment)',
        "  over 5432 from default (default)",
        'database.password = "***" from secrets/database__password',
        '  over "***" from c.live.yaml:3 (profile)',
        '  over "***" from c.yaml:3 (file)',
        '  over "***" from default (default)',
        'hosts = ["e"] from SHOP_HOSTS in .env:1',
        '  over ["a b"] from default (default)',
        'url = "x" from default',
    ]
    code, out, _ = run(capsys, "explain", *ALL, "--no-environment", "database.port")
    assert (code, out) == (0, "database.port = 5432 from default\n")
    code, out, _ = run(capsys, "explain", *ALL, "--json", "database.password")
    (told,) = json.loads(out)
    assert (told["secret"], told["value"], told["winner"]["line"]) == (True, "***", 3)


def test_check_lists_what_is_wrong_and_what_nobody_reads(
    capsys: pytest.CaptureFixture[str], write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "check", *ALL)[:2] == (0, "The configuration is valid.\n")
    monkeypatch.setenv("SHOP_HOSTZ", PLANTED)
    code, out, _ = run(capsys, "check", *ALL)
    assert (code, out) == (1, "the variable SHOP_HOSTZ (environment) belongs to no setting; did you mean SHOP_HOSTS?\n")
    write("c.yaml", f"database:\n  port: {PLANTED}\n")
    code, out, _ = run(capsys, "check", *ALL, "--json")
    assert (code, json.loads(out)["ok"], len(json.loads(out)["problems"])) == (1, False, 2)


def test_diff_tells_the_settings_that_differ(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "diff", *ALL, "--profile", "live", "--against-profile", "test")
    assert (code, out.splitlines()) == (
        1,
        ['database.host: "live-db" -> "db"', 'database.password: "***" -> "***"', 'hosts: ["a b"] -> ["t"]'],
    )
    assert run(capsys, "diff", *ALL, "--against-file", "c.yaml")[:2] == (0, "")
    code, out, _ = run(capsys, "diff", *ALL, "--against-file", "c.yaml", "--against-file", "c.test.yaml", "--json")
    assert (code, [each["path"] for each in json.loads(out)]) == (1, ["hosts"])
    code, _, err = run(capsys, "diff", *ALL)
    assert (code, "give --against-profile or --against-file" in err) == (2, True)


def test_encrypt_reads_from_stdin_and_prints_what_decrypts_at_that_path(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, key, _ = run(capsys, "encrypt", "--new-key")
    assert code == 0
    monkeypatch.setenv("MAESTRO_ENCRYPTION_KEY", key.strip())
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PLANTED}\n"))
    code, out, _ = run(capsys, "encrypt", "database.password")
    assert (code, ConfigEncryption().decrypt(out.strip(), "database.password")) == (0, PLANTED)


def test_encrypt_without_a_key_or_a_path_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "encrypt", "a.b")
    assert (code, "MAESTRO_ENCRYPTION_KEY" in err) == (2, True)
    code, _, err = run(capsys, "encrypt")
    assert (code, "needs the path" in err) == (2, True)


def test_the_template_has_every_variable_and_reads_back_as_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "env-template", "shop_settings:Settings")
    assert code == 0
    assert out.splitlines()[:3] == ["# name or address", "# (str, required)", "SHOP_DATABASE__HOST="]
    opened = "\n".join(line.removeprefix("# ") for line in out.splitlines() if "=" in line)
    assert dotenv_values(stream=io.StringIO(opened)) == {
        "SHOP_DATABASE__HOST": "",
        "SHOP_DATABASE__PORT": "5432",
        "SHOP_DATABASE__PASSWORD": "",
        "SHOP_HOSTS": '["a b"]',
        "SHOP_URL_OF_ITS_OWN": "x",
    }
    assert "# (int, needs a restart)" in out
    code, out, _ = run(capsys, "env-template", "shop_settings:Settings", "--prefix", "X_")
    assert "X_DATABASE__HOST=" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("check", "shop_settings"), "write it as module:Model"),
        (("check", "no_such_module:Settings"), "cannot be imported"),
        (("check", "shop_settings:Nothing"), "no configuration model Nothing"),
        (("check", "shop_settings:NOT_A_MODEL"), "no configuration model"),
        (("explain", "shop_settings:Settings", "--file", "missing.yaml"), "does not exist"),
        (("explain", *ALL, "databse.host"), "did you mean database.host"),
        (("check", *ALL, "--file", "c.ini"), "no known format"),
    ],
)
def test_what_cannot_be_done_exits_2_with_a_sentence(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("maestro-config: ")


def test_words_too_many_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["explain", *ALL, "database.port", "hosts"])
    assert caught.value.code == 2
    assert "unrecognized arguments" in capsys.readouterr().err


def test_the_command_is_installed_and_its_help_names_every_command() -> None:
    program = shutil.which("maestro-config", path=str(Path(sys.executable).parent))
    assert program is not None
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert all(name in done.stdout for name in ("explain", "check", "diff", "encrypt", "env-template"))
