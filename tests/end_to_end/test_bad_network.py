"""Servers that fail now and then, and connections that break, also after a file was taken and before that was said."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from observed_index import observed_index

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from originals import Original
    from warm_invoke import WarmInvoke

    from tooling.localnexus import Faults

dialects = pytest.mark.parametrize("dialect", ["datastore", "orient"])
routes = pytest.mark.parametrize("route", ["pypi", "components"])
BAD = {"unavailable_share": 0.10, "reset_before_share": 0.025, "reset_after_share": 0.025}


@dialects
@routes
def test_everything_lands_once_although_requests_fail(
    *,
    dialect: str,
    route: str,
    thirteen: Original,
    warm: WarmInvoke,
    user: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    """One request in ten answers 503, one in twenty is reset."""
    with observed_index(tmp_path / "index", BAD, dialect=dialect, write_policy="ALLOW") as index:
        environment = user(NEXUS_ROUTE=route, **index.variables)
        done = warm.run(thirteen.built, "publish", "--all", environment=environment)
        assert done.code == 0, done.said
        _end_the_trouble(index.faults)
        assert index.pages() == thirteen.pages
        assert index.traffic.accepted == thirteen.files


@dialects
@routes
def test_no_file_is_sent_twice_when_the_answers_to_uploads_are_lost(
    *, dialect: str, route: str, three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The file itself is asked for before another attempt, so the server never has to refuse one."""
    uploads = count(1)
    faults = {"reset_after_share": 1.0, "touches": lambda method, _: method == "POST" and next(uploads) <= three.files}
    with observed_index(tmp_path / "index", faults, dialect=dialect) as index:
        environment = user(NEXUS_ROUTE=route, **index.variables)
        done = warm.run(three.built, "publish", "--all", environment=environment)
        assert done.code == 0, done.said
        assert index.pages() == three.pages
        assert index.traffic.accepted == three.files
        assert index.traffic.statuses["POST", 400] == 0


@dialects
@routes
def test_two_publishers_on_a_bad_network_recognise_each_others_files(
    *, dialect: str, route: str, three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    with observed_index(tmp_path / "index", {**BAD, "upload_seconds": 0.1}, dialect=dialect) as index:
        environment = user(NEXUS_ROUTE=route, **index.variables)
        runs = [warm.start(three.built, "publish", "--all", environment=environment) for _ in range(2)]
        done = [run.wait() for run in runs]
        assert [each.code for each in done] == [0, 0], [each.said for each in done]
        _end_the_trouble(index.faults)
        assert index.pages() == three.pages
        assert index.traffic.accepted == three.files


def _end_the_trouble(faults: Faults) -> None:
    faults.unavailable_share = faults.reset_before_share = faults.reset_after_share = 0.0
