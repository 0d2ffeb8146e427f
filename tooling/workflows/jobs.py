"""Pipelines as values that know no forge: jobs, their steps, and where the values come from that steps are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Origin = Literal["text", "matrix", "setting", "secret", "tags", "results"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """What an environment variable of a step holds.

    Attributes:
        origin: `text` as written; `matrix` what the matrix says for this job; `setting` what the forge's settings say,
            for everybody to read; `secret` what they say to the job's environment only; `tags` the flags
            that name the tags to release; `results` how each needed job ended.
        text: the text of `text`; a name for `matrix`, `setting` and `secret`.
    """

    origin: Origin
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command of the shell, under a title, with the variables it needs; no value is ever written into `run`."""

    title: str
    run: str
    env: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Steps that share a machine.

    Attributes:
        name: its key.
        title: what people see.
        steps: in order; the first that fails ends the job.
        needs: the jobs that have to succeed first.
        minutes: after which it hangs.
        source: whether the repository is needed, of which only the last commit comes unless `history` is set.
        prints_matrix: its last step prints the matrix, in the format that is added to it.
        fans_out: it runs once for each entry of the matrix.
        environment: the forge's environment whose settings and secrets it may read.
        judges: it runs whatever became of the jobs it needs.
    """

    name: str
    title: str
    steps: tuple[Step, ...]
    needs: tuple[str, ...] = ()
    minutes: int = 30
    source: bool = True
    history: bool = False
    prints_matrix: bool = False
    fans_out: bool = False
    environment: str | None = None
    judges: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipelines:
    """What runs on a change and what on a tag; the main `branch`; the Python where the matrix gives no other."""

    python: str
    branch: str
    change: tuple[Job, ...]
    release: tuple[Job, ...]
