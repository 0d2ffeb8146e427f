"""How many bytes a value occupies, as the allocator sees it."""

from __future__ import annotations

import gc
import sys
import types
from typing import Any

__all__ = ["size_of"]

_SHARED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType, types.MethodType)
_ATOMS = frozenset({str, bytes, int, float, bool, complex, bytearray, type(None)})
_SMALL = range(-5, 257)


def size_of(*roots: Any) -> int:
    """Bytes of these objects and of all they refer to, each counted once.

    Code, classes and modules are left out: they are there without the value. Objects that the value shares with the
    rest of the program are counted, so the sum errs on the large side.
    """
    seen: set[int] = set()
    waiting = list(roots)
    total = 0
    while waiting:
        each = waiting.pop()
        kind = type(each)
        if id(each) in seen or each is None or kind is bool or (kind is int and each in _SMALL):
            continue
        seen.add(id(each))
        if isinstance(each, _SHARED):
            continue
        total += (sys.getsizeof(each) + 15) & ~15  # what the allocator hands out
        if kind not in _ATOMS:
            total += 16  # what a container holds lies in a second piece
            waiting.extend(gc.get_referents(each))
    return total
