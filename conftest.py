"""What the tests of every package may ask for: real servers, by the fixtures of `tests/services`; and Ctrl-C."""

from __future__ import annotations

import signal

pytest_plugins = ("services.plugin",)


def pytest_configure() -> None:
    """Let Ctrl-C reach what tests start: in the background of a shell it is ignored, and that is inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
