"""Imports every module of a package and tells which fail; run by the Python of the environment that is proven.

Its text is handed to that Python, so it imports nothing of ours. It writes to a file: modules may print.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import traceback
import warnings
from pathlib import Path


def failures_of(name: str) -> list[dict[str, object]]:
    """Import the module and all below it, except `__main__`, which would run; below one that fails nothing is known."""
    try:
        module = importlib.import_module(name)
        get_source = getattr(module.__spec__ and module.__spec__.loader, "get_source", None)
        with warnings.catch_warnings():
            warnings.simplefilter("error", SyntaxWarning)
            compile((get_source and get_source(name)) or "", name, "exec")
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, and may end the process
        missing = isinstance(error, ImportError)
        return [{"module": name, "import_error": missing, "text": str(error), "trace": traceback.format_exc()}]
    below = pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}.")
    return [failure for each in below if not each.name.endswith(".__main__") for failure in failures_of(each.name)]


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(failures_of(sys.argv[1])), encoding="utf-8")
