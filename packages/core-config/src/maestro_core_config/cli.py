"""`maestro-config`: look at a configuration, check it, compare it, encrypt a value, write a template."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from getpass import getpass
from typing import TYPE_CHECKING, Any, TypeAlias

from .core import ConfigManager
from .encryption import ConfigEncryption
from .env_template import env_template
from .errors import ConfigError, MissingExtraError
from .loaders import DotEnvLoader, EnvironmentLoader, SecretsDirLoader
from .paths import parse, render
from .shape import is_section, shape_of

if TYPE_CHECKING:
    from .layers import ConfigLoader
    from .origin import Candidate, Origin

__all__ = ["main"]

_FINE, _FOUND, _WRONG = 0, 1, 2
Command: TypeAlias = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0 when all is as wanted, 1 when it found something, 2 when it could not do its work."""
    chosen = _chosen(arguments)
    command: Command = chosen.command
    try:
        return command(chosen)
    except (ConfigError, ValueError, TypeError) as error:
        sys.stderr.write(f"maestro-config: {error}\n")
        return _WRONG


def _chosen(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Parse the arguments; a path may stand before or after the options, which argparse alone does not allow."""
    parser = _parser()
    chosen, rest = parser.parse_known_args(arguments)
    if len(rest) == 1 and not rest[0].startswith("-") and getattr(chosen, "path", "") is None:
        chosen.path = rest[0]
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return chosen


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="maestro-config", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    explain = _command(commands, "explain", _explain, "where each value comes from, and what it shadows; no secrets")
    _sources(explain)
    explain.add_argument("path", nargs="?", help="a setting, such as database.port; all of them when left out")
    check = _command(commands, "check", _check, "exit 1 unless the configuration is valid and every key is known")
    _sources(check)
    diff = _command(commands, "diff", _diff, "settings that differ between two profiles or two sets of files")
    _sources(diff)
    diff.add_argument("--against-profile", metavar="NAME", help="the other profile")
    diff.add_argument("--against-file", metavar="FILE", action="append", help="the other files")
    encrypt = _command(commands, "encrypt", _encrypt, "read a value from stdin and print it encrypted for its path")
    encrypt.add_argument("path", nargs="?", help="the setting it is for")
    encrypt.add_argument("--new-key", action="store_true", help="print a new key instead")
    template = _command(commands, "env-template", _env_template, "all variables as the text of a .env file")
    _model(template)
    return parser


def _command(commands: Any, name: str, run: Command, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.set_defaults(command=run)
    return parser


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODULE:MODEL", help="such as orders.settings:Settings")
    parser.add_argument("--prefix", help="of the variables; the model's own when left out")


def _sources(parser: argparse.ArgumentParser) -> None:
    _model(parser)
    parser.add_argument("--file", action="append", default=[], metavar="FILE", help="a base file; may be repeated")
    parser.add_argument("--profile", metavar="NAME", help="whose files are read on top")
    parser.add_argument("--env-file", action="append", default=[], metavar="FILE", help="a .env file")
    parser.add_argument("--secrets-dir", action="append", default=[], metavar="DIR", help="a folder of secrets")
    parser.add_argument("--no-environment", action="store_true", help="leave this process's environment out")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _manager(chosen: argparse.Namespace, *, files: Sequence[str], profile: str | None) -> ConfigManager[Any]:
    loaders: list[ConfigLoader] = [SecretsDirLoader(each) for each in chosen.secrets_dir]
    loaders += [DotEnvLoader(each, required=True) for each in chosen.env_file]
    if chosen.no_environment:
        loaders.append(EnvironmentLoader(environ={}))
    return ConfigManager(_named(chosen.model), loaders, files, profile, prefix=chosen.prefix, unknown="ignore")


def _named(text: str) -> Any:
    """Return what `module:name` names; the working directory is looked at first, as by `python -m`."""
    module, _, name = text.partition(":")
    if not name:
        raise ValueError(f"{text!r} names no model; write it as module:Model.")
    if "" not in sys.path:
        sys.path.insert(0, "")
    try:
        found: Any = importlib.import_module(module)
    except ImportError as error:
        raise ValueError(f"{module} cannot be imported: {error}; run this where Python finds it.") from None
    for part in name.split("."):
        found = getattr(found, part, None)
    if not is_section(found):
        raise ValueError(f"{module} has no configuration model {name}; correct the name.")
    return found


def _explain(chosen: argparse.Namespace) -> int:
    manager = _manager(chosen, files=chosen.file, profile=chosen.profile)
    manager.load()
    origins = [manager.explain(chosen.path)] if chosen.path else list(manager.origins())
    if chosen.json:
        _print_json([_origin(each) for each in origins])
    else:
        _say("\n".join(map(str, origins)))
    return _FINE


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "path": origin.path,
        "value": origin.value,
        "secret": origin.secret,
        "winner": _candidate(origin.winner),
        "shadowed": [_candidate(each) for each in origin.shadowed],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {**asdict(candidate), "precedence": candidate.precedence.name.lower()}


def _check(chosen: argparse.Namespace) -> int:
    manager = _manager(chosen, files=chosen.file, profile=chosen.profile)
    problems: list[str] = []
    try:
        manager.load()
        problems += [str(each) for each in manager.warnings]
    except MissingExtraError:
        raise
    except ConfigError as error:
        problems += [str(each) for each in error.problems]
    if chosen.json:
        _print_json({"ok": not problems, "problems": problems})
    else:
        _say("\n".join(problems) or "The configuration is valid.")
    return _FOUND if problems else _FINE


def _diff(chosen: argparse.Namespace) -> int:
    if chosen.against_profile is None and not chosen.against_file:
        raise ValueError("diff needs another side; give --against-profile or --against-file.")
    one = _manager(chosen, files=chosen.file, profile=chosen.profile)
    other_files = chosen.against_file or chosen.file
    other = _manager(chosen, files=other_files, profile=chosen.against_profile or chosen.profile)
    one.load()
    other.load()
    changes = one.compare(other).changes
    if chosen.json:
        _print_json([asdict(each) for each in changes])
    else:
        for each in changes:
            _say(f"{each.path}: {_short(each.old)} -> {_short(each.new)}")
    return _FOUND if changes else _FINE


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _print_json(value: Any) -> None:
    _say(json.dumps(value, indent=2, ensure_ascii=False))


def _encrypt(chosen: argparse.Namespace) -> int:
    if chosen.new_key:
        _say(ConfigEncryption.generate_key())
        return _FINE
    if not chosen.path:
        raise ValueError("encrypt needs the path of the setting, such as database.password; it binds the text to it.")
    encryption = ConfigEncryption()
    if sys.stdin.isatty():
        text = getpass(f"{render(parse(chosen.path))}: ")
    else:
        text = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    _say(encryption.encrypt(text, chosen.path))
    return _FINE


def _env_template(chosen: argparse.Namespace) -> int:
    _say(env_template(shape_of(_named(chosen.model), chosen.prefix)).rstrip("\n"))
    return _FINE
