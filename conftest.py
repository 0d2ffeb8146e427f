"""What the tests of every package may ask for: real servers, by the fixtures of `tests/services`."""

from __future__ import annotations

pytest_plugins = ("services.plugin",)
