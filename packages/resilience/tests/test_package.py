"""The package as a whole: its public names, its errors, its events, what importing it does."""

from __future__ import annotations

import importlib.metadata
import pickle
import subprocess
import sys
import types
from pathlib import Path

import maestro_resilience
import pytest
from maestro_resilience import Event, ResilienceError, errors
from maestro_resilience.events import Subscribers


def test_all_lists_the_public_names_sorted() -> None:
    public = {
        name
        for name, value in vars(maestro_resilience).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }
    assert set(maestro_resilience.__all__) == public
    assert maestro_resilience.__all__ == sorted(maestro_resilience.__all__)


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert maestro_resilience.__version__ == importlib.metadata.version("maestro-resilience")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = maestro_resilience.nothing


def test_importing_it_starts_nothing_and_needs_the_standard_library_only() -> None:
    program = (
        "import sys, threading; import maestro_resilience, maestro_resilience.testing\n"
        "ours = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(threading.active_count(), sorted(name for name in ours if not name.startswith('_')))"
    )
    environment = {"PYTHONPATH": str(Path(maestro_resilience.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "1 ['maestro_resilience']\n"


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_carries_what_a_server_needs_and_survives_pickling(name: str) -> None:
    kind = getattr(errors, name)
    error = kind("a sentence", retry_after=1.5, name="db") if name != "RetryError" else kind("a sentence", name="db")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    for each in (error, copy):
        assert isinstance(each, ResilienceError)
        assert str(each) == "a sentence"
        assert each.extra == {"name": "db"}
        assert each.retry_after == (None if name == "RetryError" else 1.5)
        assert (each.code.islower(), 400 <= each.http_status < 600) == (True, True)


def test_it_says_that_it_is_typed() -> None:
    assert Path(maestro_resilience.__file__).with_name("py.typed").is_file()


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [getattr(errors, name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)


def test_a_callback_may_be_subscribed_twice_and_each_ends_by_itself() -> None:
    subscribers, heard = Subscribers(), []

    def hear(event: Event) -> None:
        heard.append(event)

    first, second = subscribers.subscribe(hear), subscribers.subscribe(hear)
    subscribers.publish("x.happened", "me", number=1)
    first()
    first()
    subscribers.publish("x.happened", "me")
    second()
    subscribers.publish("x.happened", "me")
    assert heard == [Event(kind="x.happened", name="me", data={"number": 1})] * 2 + [
        Event(kind="x.happened", name="me")
    ]
    with pytest.raises(TypeError, match="must be callable"):
        subscribers.subscribe("me")  # type: ignore[arg-type] # that is the point
