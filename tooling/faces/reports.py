"""A run's report for people: the table of what was done, what went wrong, and the lines that install the result."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tooling.errors import RefusedError, StoppedError
from tooling.faces.words import size_in_words, table
from tooling.localnexus import PORT
from tooling.plan.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tooling.plan.outcomes import IndexFacts, Report

HASH_START = 12
_TRUSTED_ANYWAY = ("127.0.0.1", "::1", "localhost")  # pip takes this machine's own addresses for secure
_IN_PLACE = (Outcome.UPLOADED, Outcome.PRESENT)


def render(report: Report) -> str:
    """Say all of a report that people want to know, in the order they ask."""
    return "\n".join(_paragraphs(report))


def _paragraphs(report: Report) -> Iterator[str]:
    yield ""
    yield table(
        ("package", "version", "kind", "outcome", "size", "sha256"),
        (
            (
                package.distribution,
                package.version,
                "wheel" if each.file.endswith(".whl") else "sdist",
                each.outcome.value,
                size_in_words(each.size),
                each.sha256[:HASH_START],
            )
            for package in report.packages
            for each in package.files
        ),
    )
    yield ""
    for each in report.problems:
        yield f"{each['code']}: {each['message']} {each['hint']}"
    if report.problems:
        yield f"More: invoke explain {report.problems[0]['code']}"
    yield _summary(report)
    if report.exit_code == 0 and not report.dry_run and report.index is not None and report.packages:
        yield from _install_lines(report, report.index)


def _summary(report: Report) -> str:
    counts = Counter(each.outcome for package in report.packages for each in package.files)
    said = ", ".join(f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome])
    more = ""
    if report.dry_run:
        more = " Nothing was sent: this was a rehearsal."
    elif report.exit_code == StoppedError.exit_code:
        more = " Stopped: run it again, it continues where this ended."
    elif report.exit_code == RefusedError.exit_code:
        more = " Nothing was sent."
    return f"{said or 'nothing to do'}, in {report.seconds:.1f} s.{more}"


def _install_lines(report: Report, index: IndexFacts) -> Iterator[str]:
    newest = {package.distribution: package.version for package in report.packages if package.outcome in _IN_PLACE}
    wanted = " ".join(f"{distribution}=={version}" for distribution, version in newest.items())
    url = index.installs_from
    if index.embedded:
        url = f"http://127.0.0.1:{PORT}{urlsplit(url).path}"
        yield "\nTo install from the embedded index, keep it up with `invoke nexus.serve`, then:"
    else:
        yield "\nTo install:"
    host = urlsplit(url)
    plain = host.scheme == "http" and host.hostname not in _TRUSTED_ANYWAY
    trusted = f" --trusted-host {host.hostname}" if plain else ""
    yield f"  pip install --index-url {url}{trusted} {wanted}"
    yield f"  uv pip install --index-url {url} {wanted}"
