"""The package as a whole: its public names, its errors, what importing it does."""

from __future__ import annotations

import importlib
import importlib.metadata
import pickle
import pkgutil
import subprocess
import sys
from pathlib import Path

import maestro_monitoring
import pytest
from maestro_monitoring import MissingExtraError, MonitoringError, PortInUseError, errors
from maestro_monitoring.extras import found, required


def test_all_is_sorted_as_ruff_does_and_every_name_is_there() -> None:
    assert all(getattr(maestro_monitoring, name) is not None for name in maestro_monitoring.__all__)
    assert len(set(maestro_monitoring.__all__)) == len(maestro_monitoring.__all__)


def test_every_module_imports() -> None:
    for module in pkgutil.walk_packages(maestro_monitoring.__path__, "maestro_monitoring."):
        importlib.import_module(module.name)


def test_the_version_is_that_of_the_installed_distribution() -> None:
    assert maestro_monitoring.__version__ == importlib.metadata.version("maestro-monitoring")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = maestro_monitoring.nothing


def test_importing_it_starts_nothing_registers_nothing_and_loads_no_extra() -> None:
    program = (
        "import os, sys, threading, prometheus_client\n"
        "before = set(prometheus_client.REGISTRY._collector_to_names)\n"
        "files = set(os.listdir('.'))\n"
        "import maestro_monitoring\n"
        "assert set(prometheus_client.REGISTRY._collector_to_names) == before\n"
        "assert set(os.listdir('.')) == files\n"
        "print(threading.active_count(), sorted({'opentelemetry', 'psutil', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1 []\n"


@pytest.mark.parametrize("kind", [MonitoringError, MissingExtraError, PortInUseError])
def test_every_error_carries_what_a_server_needs_and_survives_pickling(kind: type[MonitoringError]) -> None:
    error = kind("a sentence", retry_after=1.5, name="db")
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    for each in (error, copy):
        assert isinstance(each, MonitoringError)
        assert (str(each), each.extra, each.retry_after) == ("a sentence", {"name": "db"}, 1.5)
        assert (each.code.islower(), each.http_status) == (True, 500)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [getattr(errors, name).code for name in errors.__all__]
    assert len(set(codes)) == len(codes)


def test_it_says_that_it_is_typed() -> None:
    assert Path(maestro_monitoring.__file__).with_name("py.typed").is_file()


def test_a_missing_extra_names_the_command_that_installs_it() -> None:
    with pytest.raises(MissingExtraError) as caught:
        required("no_such_library.part", "system")
    assert str(caught.value) == 'pip install "maestro-monitoring[system]"'
    assert caught.value.extra == {"module": "no_such_library.part", "extra_name": "system"}


def test_what_is_missing_inside_an_installed_library_is_not_taken_for_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_installed.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        found("half_installed")
