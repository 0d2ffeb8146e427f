"""However many values the labels take, a metric stays small, and says what it folded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import maestro_monitoring as mm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from maestro_monitoring.cardinality import LabelGuard
from prometheus_client import CollectorRegistry

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.text(st.sampled_from("abcdef"), max_size=2)


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=120), st.integers(1, 6))
def test_the_guard_never_exceeds_its_bound_and_never_loses_a_sample(rows: list[tuple[str, str]], limit: int) -> None:
    registry = CollectorRegistry()
    counter = mm.counter("hits", labels=["a", "b"], max_label_values=limit, registry=registry)
    for row in rows:
        counter.labels(*row).inc()
    series = [sample for metric in registry.collect() for sample in metric.samples if sample.name == "hits_total"]
    for label in ("a", "b"):
        values = {sample.labels[label] for sample in series}
        assert len(values - {mm.OTHER}) <= limit
        kept = list(dict.fromkeys(row["ab".index(label)] for row in rows))[:limit]
        assert values - {mm.OTHER} <= set(kept)
    assert sum(sample.value for sample in series) == len(rows)
    folded = {
        label: registry.get_sample_value("maestro_monitoring_folded_samples_total", {"metric": "hits", "label": label})
        for label in ("a", "b")
    }
    for label, count in folded.items():
        kept = list(dict.fromkeys(row["ab".index(label)] for row in rows))[:limit]
        assert (count or 0) == sum(row["ab".index(label)] not in kept for row in rows)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=150), st.integers(1, 20))
def test_neither_do_combinations(rows: list[tuple[str, str, str]], most: int) -> None:
    folded: list[str] = []
    guard = LabelGuard(("a", "b", "c"), limit=100, max_series=most, folded=folded.append)
    admitted = [guard.admit(row) for row in rows]
    assert len(set(admitted)) <= most + 1
    assert {mm.OTHER} not in [set(each) for each in admitted[:most]]
    assert bool(folded) == (admitted != rows)


def test_it_is_200_values_per_label_unless_told_otherwise(registry: CollectorRegistry) -> None:
    counter = mm.counter("hits", labels=["user"], registry=registry)
    for number in range(1_000):
        counter.labels(str(number)).inc()
    series = [sample for metric in registry.collect() for sample in metric.samples if sample.name == "hits_total"]
    assert len(series) == 201
    assert registry.get_sample_value("hits_total", {"user": mm.OTHER}) == 800
    assert len(counter._children) == 201


def test_a_label_is_warned_of_once(registry: CollectorRegistry, logged: list[dict[str, Any]]) -> None:
    first = mm.counter("first", labels=["a", "b"], max_label_values=1, registry=registry)
    for number in range(10):
        first.labels(str(number), "same").inc()
    assert [(line["metric"], line["label"], line["limit"]) for line in logged] == [("first", "a", "1")]
    assert logged[0]["level"] == "warning"


def test_whoever_counts_under_the_fold_himself_is_let(registry: CollectorRegistry, value: Callable[..., Any]) -> None:
    counter = mm.counter("hits", labels=["a"], max_label_values=1, registry=registry)
    counter.labels(mm.OTHER).inc()
    counter.labels("kept").inc()
    counter.labels("lost").inc()
    assert (value("hits_total", a=mm.OTHER), value("hits_total", a="kept")) == (2, 1)


@pytest.mark.parametrize("limit", [0, -1, True])
def test_a_bound_that_admits_nothing_is_refused(limit: int, registry: CollectorRegistry) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        mm.counter("hits", labels=["a"], max_label_values=limit, registry=registry)
