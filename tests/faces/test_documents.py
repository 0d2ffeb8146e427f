"""What the documents say exists, and what exists is in the documents."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tooling.explanations import catalogue
from tooling.model.settings import TABLE
from tooling.rules import catalogue as rule_catalogue

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "RELEASING.md")
OTHERS_FLAGS = {"--index-url", "--trusted-host", "--all-packages", "--check-url", "--list"}


DESCRIBE = """
import json
from invoke.loader import FilesystemLoader
collection = FilesystemLoader(start=".").load("tasks")[0].ns
print(json.dumps({
    command: {name: argument.help for argument in collection[command].get_arguments() for name in argument.names}
    for command in collection.task_names
}))
"""


def described() -> dict[str, dict[str, str | None]]:
    """Each command's flags and what they mean; in a process of its own, as Invoke uses up the texts by reading them."""
    words = [sys.executable, "-c", DESCRIBE]
    told = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return json.loads(told)  # type: ignore[no-any-return]


COMMANDS = described()


def flags_of(command: str) -> set[str]:
    return {f"--{name}" for name in COMMANDS[command] if len(name) > 1}


def mentions(pattern: str) -> list[tuple[str, str]]:
    return [
        (name, found) for name in DOCUMENTS for found in re.findall(pattern, (ROOT / name).read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"`invoke {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_documented_command_exists() -> None:
    said = mentions(r"invoke ([a-z][a-z.]+)")
    assert said
    assert [(name, command) for name, command in said if command not in COMMANDS] == []


def test_every_documented_flag_exists() -> None:
    """A line that names a command and a flag names a flag of that command; a flag alone is a flag of some command."""
    known = {flag for command in COMMANDS for flag in flags_of(command)} | OTHERS_FLAGS
    wrong = [(name, flag) for name, flag in mentions(r"(?<![\w-])(--[a-z][a-z-]+)") if flag not in known]
    wrong += [
        (name, f"invoke {command} {flag}")
        for name, line in mentions(r"(invoke [a-z][^\n`|]*)")
        for command in [line.split()[1].rstrip(":;,.")]
        for flag in re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", line)
        if flag not in flags_of(command)
    ]
    assert wrong == []


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_flag_says_what_it_means(command: str) -> None:
    meanings = COMMANDS[command]
    explained = [name for name, meaning in meanings.items() if meaning]
    assert explained == list(meanings)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_h_is_help_and_no_short_form_of_a_flag(command: str) -> None:
    """Invoke gives each flag a letter of its name: `invoke release -h` would push."""
    assert "h" not in COMMANDS[command]


def test_every_documented_code_exists() -> None:
    known = {*catalogue(), *rule_catalogue()}
    assert [(name, code) for name, code in mentions(r"\b([A-Z]{2}\d\d)\b") if code not in known] == []


def test_the_table_of_settings_is_true() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for setting in TABLE:
        default = f"`{setting.default}`" if setting.default else "-"
        assert f"| `{setting.key}`: {setting.meaning} | `{setting.variable}` | {default} |" in readme


def test_the_ratios_in_the_readme_are_those_measured() -> None:
    words = [sys.executable, str(ROOT / "benchmarks/table.py")]
    measured = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    assert measured in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_begins_with_the_two_commands_and_ci_runs_the_second() -> None:
    first, second = re.findall(r"```sh\n(.+)\n```", (ROOT / "README.md").read_text(encoding="utf-8"))[:2]
    assert first == "pip install -e . && invoke publish --all"
    assert second == "pip install -e . && nox -s test"
    assert second.replace("pip install", "pip install --quiet") in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_the_documented_sessions_are_those_of_the_noxfile() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|", contributing, flags=re.MULTILINE)
    documented = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    words = [sys.executable, "-m", "nox", "-f", str(ROOT / "noxfile.py"), "--list"]
    listed = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    sessions = set(re.findall(r"^[*-] ([a-z_]+)", listed, flags=re.MULTILINE))
    assert documented == sessions - {"tooling"}
