"""Context belongs to the work at hand: inherited by tasks, shared with nobody, gone afterwards."""

from __future__ import annotations

import asyncio
import contextvars
import random
import threading
from typing import TYPE_CHECKING

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from conftest import Lines


def test_200_concurrent_tasks_never_mix_their_contexts(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger()
    rng = random.Random(7)
    pauses = [[rng.randrange(3) for _ in range(5)] for _ in range(200)]

    async def step(number: int, turn: int) -> None:
        log.info("step", number=number, turn=turn)

    async def request(number: int) -> None:
        async with mcl.LogContext(request_id=f"r{number}"):
            for turn, pause in enumerate(pauses[number]):
                mcl.update_context(turn_of=f"{number}.{turn}")
                for _ in range(pause):
                    await asyncio.sleep(0)
                await asyncio.create_task(step(number, turn))

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(200):
                group.create_task(request(number))

    asyncio.run(main())
    records = lines.records()
    assert len(records) == 1000
    for record in records:
        assert record["request_id"] == f"r{record['number']}"
        assert record["turn_of"] == f"{record['number']}.{record['turn']}"
    assert mcl.get_context() == {}


def test_threads_do_not_share_context(logged: Callable[..., Lines]) -> None:
    lines = logged()
    both_in = threading.Barrier(8)

    def work(number: int) -> None:
        with mcl.LogContext(request_id=f"t{number}"):
            both_in.wait()
            mcl.get_logger().info("in", number=number)
            both_in.wait()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {record["request_id"]: record["number"] for record in lines.records()} == {f"t{n}": n for n in range(8)}


def test_blocks_nest_and_the_outer_values_come_back(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger()
    with mcl.LogContext(a=1, b=1):
        with mcl.LogContext(b=2, c=2):
            log.info("inner")
        log.info("outer")
    log.info("outside")
    seen = [{key: record[key] for key in "abc" if key in record} for record in lines.records()]
    assert seen == [{"a": 1, "b": 2, "c": 2}, {"a": 1, "b": 1}, {}]


def test_a_logger_made_before_the_context_shows_it_and_a_field_wins_over_it(logged: Callable[..., Lines]) -> None:
    lines = logged()
    log = mcl.get_logger("early", tenant="bound")
    with mcl.LogContext(tenant="context", user_id="u"):
        log.info("x")
        log.info("x", tenant="call")
    assert [(record["tenant"], record["user_id"]) for record in lines.records()] == [("bound", "u"), ("call", "u")]


def test_set_context_replaces_with_a_mapping_and_adds_with_keywords() -> None:
    mcl.set_context(mcl.LogContext(request_id="r", operation="pay"))
    mcl.set_context(user_id="u")
    assert dict(mcl.get_context()) == {"request_id": "r", "operation": "pay", "user_id": "u"}
    mcl.set_context({"tenant": "t"})
    assert mcl.get_context().to_dict() == {"tenant": "t"}
    mcl.clear_context()
    assert not mcl.get_context()


def test_what_is_set_inside_a_block_ends_with_it() -> None:
    mcl.set_context(region="eu")
    with mcl.LogContext(request_id="r"):
        mcl.set_context(user_id="u")
        mcl.clear_context()
        mcl.set_context(only="this")
        assert dict(mcl.get_context()) == {"only": "this"}
    assert dict(mcl.get_context()) == {"region": "eu"}


def test_update_reaches_the_lines_of_the_block_at_once(logged: Callable[..., Lines]) -> None:
    lines = logged()
    with mcl.LogContext(request_id="r") as context:
        context.update(user_id="u", cart=3)
        mcl.get_logger().info("x")
    assert (lines.last()["user_id"], lines.last()["cart"]) == ("u", 3)
    assert context.extra == {"cart": 3}


def test_one_object_can_be_entered_by_many_at_once() -> None:
    shared = mcl.LogContext(release="7")

    async def enter(number: int) -> dict[str, object]:
        async with shared:
            mcl.set_context(number=number)
            await asyncio.sleep(0)
            return dict(mcl.get_context())

    async def main() -> list[dict[str, object]]:
        return await asyncio.gather(*(enter(number) for number in range(5)))

    assert asyncio.run(main()) == [{"release": "7", "number": number} for number in range(5)]


def test_a_block_left_in_another_context_than_it_was_entered_in_does_no_harm() -> None:
    context = mcl.LogContext(request_id="r")
    contextvars.copy_context().run(context.__enter__)
    mcl.set_context(mine=1)
    context.__exit__(None, None, None)
    assert dict(mcl.get_context()) == {"mine": 1}


def test_an_async_generator_with_a_block_can_be_abandoned() -> None:
    async def numbers() -> AsyncIterator[int]:
        async with mcl.LogContext(stream="s"):
            for number in range(3):
                yield number

    async def main() -> None:
        async for _ in numbers():
            break
        with mcl.LogContext(request_id="r"):
            await asyncio.sleep(0)

    asyncio.run(main())


def test_an_exception_logged_outside_still_names_its_request(logged: Callable[..., Lines]) -> None:
    lines = logged()
    try:
        with mcl.LogContext(request_id="r-9"), mcl.LogContext(order=4):
            _ = 1 // 0
    except ZeroDivisionError:
        mcl.get_logger().exception("unhandled")
    assert (lines.last()["request_id"], lines.last()["order"]) == ("r-9", 4)


def test_new_request_makes_ids_and_keeps_those_given() -> None:
    fresh = mcl.LogContext.new_request(user_id="u")
    assert fresh.request_id is not None
    assert fresh.correlation_id == fresh.request_id
    assert mcl.LogContext.new_request().request_id != fresh.request_id
    given = mcl.LogContext.new_request(request_id="r", correlation_id="c")
    assert (given.request_id, given.correlation_id) == ("r", "c")


def test_get_current_is_get_context() -> None:
    with mcl.LogContext(user_id="u", colour="red"):
        current = mcl.LogContext.get_current()
    assert current.user_id == "u"
    assert current.extra == {"colour": "red"}


def test_request_context_and_log_context_are_blocks() -> None:
    with mcl.request_context("r-1", user_id="u") as request, mcl.log_context(step=1):
        assert request.correlation_id == "r-1"
        assert mcl.get_context()["step"] == 1
    assert mcl.get_context() == {}


def test_a_context_does_not_print_its_values() -> None:
    assert repr(mcl.LogContext(user_id="secret-person", token="t")) == "LogContext(token, user_id)"


def test_a_secret_in_the_context_is_redacted_also_when_it_changes_later(logged: Callable[..., Lines]) -> None:
    lines = logged()
    basket: dict[str, str] = {"item": "book"}
    with mcl.LogContext(basket=basket):
        mcl.get_logger().info("one")
        basket["token"] = "S3cr3t"
        mcl.get_logger().info("two")
    assert [record["basket"] for record in lines.records()] == [{"item": "book"}, {"item": "book", "token": "***"}]


@pytest.mark.parametrize("name", ["extra", "context", "fields"])
def test_field_names_that_look_like_parameters_are_fields(name: str) -> None:
    with mcl.log_context(**{name: "value"}):
        assert mcl.get_context()[name] == "value"
