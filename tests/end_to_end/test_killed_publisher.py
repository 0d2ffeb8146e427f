"""A publisher that is killed, at whichever of its steps, leaves nothing that the next run does not put right.

Steps are counted, never timed: for n = 1, 2, 3 … a publisher is killed at its n-th step, until one survives.
"""

from __future__ import annotations

import hashlib
import os
import signal
from concurrent.futures import Future
from typing import TYPE_CHECKING, Literal, TypeAlias

import pytest
from observed_index import observed_index, stored_in
from originals import copied
from steps import KILLED, at_every_step, lives

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from observed_index import ObservedIndex
    from originals import Original
    from publishers import Finished
    from warm_invoke import WarmInvoke

Moment: TypeAlias = Literal["before it is carried out", "before its answer leaves"]

PATIENCE = 30.0


@pytest.mark.parametrize("moment", ["before it is carried out", "before its answer leaves"])
def test_killed_at_any_request_the_next_run_ends_as_if_nothing_had_happened(
    moment: Moment, three: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """The index would take a file twice; it is the publisher who does not send it twice."""

    def attempt(request: int) -> Finished:
        with observed_index(tmp_path / f"index-{request}", write_policy="ALLOW") as index:
            environment = user(**index.variables)
            doomed: Future[int] = Future()
            _kill_at(request, moment, doomed, index)
            running = warm.start(three.built, "publish", "--all", environment=environment)
            doomed.set_result(running.pid)
            first = running.wait()
            index.traffic.before = index.traffic.after = None
            if first.code == KILLED:
                index.traffic.settle()
                second = warm.run(three.built, "publish", "--all", environment=environment)
                assert second.code == 0, f"after a kill at request {request}: {second.said}"
            assert index.pages() == three.pages
            assert index.traffic.accepted == three.files, f"a file was accepted twice after a kill at {request}"
        return first

    kills = at_every_step(attempt)
    assert kills > three.files


def test_killed_at_any_step_on_its_own_disk_the_next_run_ends_as_if_nothing_had_happened(
    one: Original, warm: WarmInvoke, user: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    """Build, cache, `dist/`, and the embedded index, which dies with its publisher."""

    def attempt(step: int) -> Finished:
        workspace = copied(one.source, tmp_path / f"workspace-{step}")
        first = warm.run(workspace, "publish", "--all", environment=user(), die_at=step)
        if first.code == KILLED:
            second = warm.run(workspace, "publish", "--all", environment=user())
            assert second.code == 0, f"after a kill before step {step}: {second.said}"
        assert stored_in(workspace / ".nexus") == one.pages
        assert _published_from(workspace) == one.pages["maestro-core-logging"]
        assert not list((workspace / ".nexus" / "incoming").iterdir())
        return first

    kills = at_every_step(attempt)
    assert kills > one.files


def _kill_at(request: int, moment: Moment, doomed: Future[int], index: ObservedIndex) -> None:
    """Have the server's thread kill the process `doomed`, and go on only when it is dead."""

    def kill(number: int, _method: str, _path: str) -> None:
        if number == request:
            pid = doomed.result(PATIENCE)
            os.kill(pid, signal.SIGKILL)
            while lives(pid):
                pass

    if moment == "before it is carried out":
        index.traffic.before = kill
    else:
        index.traffic.after = kill


def _published_from(workspace: Path) -> dict[str, str]:
    """File name to SHA-256 of what stands in `dist/`; files that were never finished have a dot before their name."""
    files = [file for file in (workspace / "dist").iterdir() if not file.name.startswith(".")]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
