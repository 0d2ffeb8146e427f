"""A password with everything in it that shells, files and addresses stumble over, and a search for it."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import shlex
import tarfile
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SECRET = """pl@nted:s/cr%t"wi$th'a space"""
_PAUSE = 0.01


def forms_of(secret: str) -> dict[bytes, str]:
    """How the secret may appear, and what to call that."""
    raw = secret.encode()
    forms = {
        secret: "as it is",
        quote(secret, safe=""): "percent-encoded",
        quote(secret): "percent-encoded, slashes kept",
        quote_plus(secret): "form-encoded",
        json.dumps(secret)[1:-1]: "as JSON",
        repr(secret)[1:-1]: "as Python",
        shlex.quote(secret): "as a shell has it",
        html.escape(secret): "as HTML",
        base64.urlsafe_b64encode(raw).decode().rstrip("="): "in base64 for addresses",
        raw.hex(): "in hexadecimal",
    }
    # In base64 it depends on how many bytes stand before (here `user:`), and the neighbours blur both ends.
    for before, blurred in enumerate((0, 2, 3)):
        encoded = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        forms[encoded[blurred:-2]] = "in base64"
    return {form.encode(): name for form, name in forms.items()}


def found_in(texts: Iterable[tuple[str, bytes]], secret: str = SECRET) -> set[str]:
    """Where the secret is, in whatever form: `place: form`."""
    forms = forms_of(secret)
    return {f"{place}: {name}" for place, text in texts for form, name in forms.items() if form in text}


def files_in(*folders: Path, but: Iterable[Path] = ()) -> Iterator[tuple[str, bytes]]:
    """Every file below the folders by its path, names included; archives also by what they hold."""
    spared = frozenset(but)
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        yield f"the name of {path}", str(path).encode()
        if path in spared or not path.is_file():
            continue
        content = path.read_bytes()
        yield str(path), content
        yield from ((f"{path}: {member}", text) for member, text in _members(path.name, content))


def _members(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    if name.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            yield from ((member, wheel.read(member)) for member in wheel.namelist())
    if name.endswith(".tar.gz"):
        with tarfile.open(fileobj=io.BytesIO(content)) as sdist:
            for entry in sdist:
                if file := sdist.extractfile(entry):
                    yield entry.name, file.read()


@contextmanager
def command_lines() -> Iterator[dict[str, bytes]]:
    """Look at the command lines of all our descendants, again and again beside the block; by command line."""
    seen: dict[str, bytes] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_PAUSE):
            for pid in _descendants(os.getpid()):
                try:
                    line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                except OSError:  # it has ended
                    continue
                seen[f"the command line {line!r}"] = line

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _descendants(ancestor: int) -> set[int]:
    parents: dict[int, int] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                stat = Path(entry.path, "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {ancestor}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {ancestor}
