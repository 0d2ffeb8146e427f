"""The order in which packages may start, against a naive reading of the same rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tooling.plan.schedule import Schedule

Graph = dict[str, tuple[str, ...]]
NAMES = tuple("abcdefgh")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A graph without circles, its packages in any order."""
    names = NAMES[: draw(st.integers(0, len(NAMES)))]
    graph = {
        name: tuple(draw(st.lists(st.sampled_from(names[:number]), unique=True))) if number else ()
        for number, name in enumerate(names)
    }
    order = draw(st.permutations(names))
    return {name: graph[name] for name in order}


def everything_before(graph: Graph, name: str) -> set[str]:
    """All that goes before a package, directly or not."""
    return set(graph[name]).union(*(everything_before(graph, each) for each in graph[name]))


def test_an_empty_graph_is_done_at_once() -> None:
    assert Schedule({}).done
    assert Schedule({}).take() == []


def test_what_waits_for_nothing_starts_in_the_order_given() -> None:
    assert Schedule({"b": (), "a": (), "c": ("a",)}).take() == ["b", "a"]


def test_a_package_starts_once_all_it_waits_for_are_verified() -> None:
    schedule = Schedule({"a": (), "b": (), "c": ("a", "b")})
    assert schedule.take() == ["a", "b"]
    schedule.verified("a")
    assert schedule.take() == []
    schedule.verified("b")
    assert schedule.take() == ["c"]
    assert not schedule.done
    schedule.verified("c")
    assert schedule.done


def test_a_failure_holds_what_depends_on_it_and_lets_the_rest_go_on() -> None:
    schedule = Schedule({"a": (), "b": ("a",), "c": ("b",), "x": (), "y": ("x",)})
    assert schedule.take() == ["a", "x"]
    assert schedule.failed("a") == ("b", "c")
    assert schedule.take() == []
    schedule.verified("x")
    assert schedule.take() == ["y"]


def test_what_waits_for_a_failed_and_for_a_running_package_is_held_once() -> None:
    schedule = Schedule({"a": (), "b": (), "c": ("a", "b")})
    schedule.take()
    assert schedule.failed("a") == ("c",)
    assert schedule.failed("b") == ()
    assert schedule.done


@given(graphs(), st.data())
def test_it_does_what_a_naive_scheduler_does_whatever_happens(graph: Graph, data: st.DataObject) -> None:
    schedule = Schedule(graph)
    running: list[str] = []
    verified: set[str] = set()
    failed: set[str] = set()
    held: set[str] = set()
    while not schedule.done:
        taken = schedule.take()
        settled = {*verified, *failed, *held, *running}
        assert taken == [name for name in graph if name not in settled and set(graph[name]) <= verified]
        running += taken
        assert running, "something must be on its way while not all is done"
        name = running.pop(data.draw(st.integers(0, len(running) - 1)))
        if data.draw(st.booleans()):
            schedule.verified(name)
            verified.add(name)
            continue
        failed.add(name)
        newly = tuple(each for each in graph if each not in held and name in everything_before(graph, each))
        assert schedule.failed(name) == newly
        held |= set(newly)
    assert running == []
    assert verified | failed | held == set(graph)
    assert len(verified) + len(failed) + len(held) == len(graph)
    assert held == {name for name in graph if everything_before(graph, name) & failed}
