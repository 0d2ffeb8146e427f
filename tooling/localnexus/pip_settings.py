"""Which index pip on this machine is set to use, as pip itself says."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Final

from tooling.errors import FailedError

_SECONDS: Final = 60

_ASK_PIP: Final = """
import importlib.util, json, pathlib, sys
if importlib.util.find_spec("pip") is None:
    import ensurepip
    sys.path += map(str, (pathlib.Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
from pip._internal.commands import create_command
options, _ = create_command("download").parse_args([])
print(json.dumps({"index_url": options.index_url, "certificates": options.cert}))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipSettings:
    """What pip would use: the simple index, which may carry credentials, and a file of certificates, or None."""

    index_url: str = field(repr=False)
    certificates: str | None


def pip_settings() -> PipSettings:
    """Ask pip, in a process of its own: its environment variables, its files and its own default all count.

    Where no pip is installed the one that comes with Python is asked.

    Raises:
        FailedError: SV06, there is no pip to ask.
    """
    command = [sys.executable, "-c", _ASK_PIP]
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=_SECONDS)
        told = json.loads(done.stdout.strip().splitlines()[-1])
        return PipSettings(index_url=str(told["index_url"]), certificates=told["certificates"] or None)
    except (OSError, subprocess.SubprocessError, ValueError, LookupError) as error:
        raise FailedError(
            "SV06",
            "The public index to fetch from is unknown, because pip could not be asked.",
            "Install pip beside this program, or name the upstream index in the settings of the server.",
        ) from error
