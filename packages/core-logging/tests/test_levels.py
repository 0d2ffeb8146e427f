"""Levels: by name, inherited along the dots, for stdlib too, and for a while."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import maestro_core_logging as mcl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Clock, Lines


def test_a_level_for_a_while_expires_on_time(logged: Callable[..., Lines], clock: Clock) -> None:
    lines = logged(clock=clock)
    log = mcl.get_logger("shop")
    mcl.set_level("DEBUG", for_seconds=60)
    log.debug("at the start")
    clock.advance(59.9)
    log.debug("just before")
    clock.advance(0.1)
    log.debug("on time")
    log.info("as before")
    assert lines.events() == ["at the start", "just before", "as before"]


def test_a_quieter_level_expires_too(logged: Callable[..., Lines], clock: Clock) -> None:
    lines = logged(clock=clock)
    log = mcl.get_logger("noisy")
    mcl.set_level("ERROR", "noisy", for_seconds=5)
    log.info("quiet")
    mcl.get_logger("other").info("not concerned")
    clock.advance(5)
    log.info("loud again")
    assert lines.events() == ["not concerned", "loud again"]


def test_a_level_for_a_while_holds_for_stdlib_loggers(logged: Callable[..., Lines], clock: Clock) -> None:
    lines = logged(clock=clock, capture_stdlib=True)
    library = logging.getLogger("sqlalchemy.engine")
    mcl.set_level("DEBUG", "sqlalchemy", for_seconds=10)
    library.debug("select")
    clock.advance(10)
    library.debug("late")
    mcl.get_logger().info("the clock was read")
    library.debug("later")
    assert lines.events() == ["select", "the clock was read"]
    assert not library.isEnabledFor(logging.DEBUG)


def test_a_clock_going_back_only_prolongs(logged: Callable[..., Lines], clock: Clock) -> None:
    lines = logged(clock=clock)
    mcl.set_level("DEBUG", for_seconds=10)
    clock.advance(-100)
    mcl.get_logger().debug("still")
    clock.advance(110)
    mcl.get_logger().debug("no more")
    assert lines.events() == ["still"]


def test_the_nearest_name_along_the_dots_decides(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.set_level("ERROR", "shop")
    mcl.set_level("debug", "shop.cart")
    mcl.get_logger("shop").warning("1")
    mcl.get_logger("shop.api").warning("2")
    mcl.get_logger("shop.cart.add").debug("3")
    mcl.get_logger("shopping").info("4")
    assert lines.events() == ["3", "4"]


def test_a_level_for_good_ends_one_for_a_while(logged: Callable[..., Lines], clock: Clock) -> None:
    lines = logged(clock=clock)
    mcl.set_level("DEBUG", for_seconds=10)
    mcl.set_level("WARNING")
    mcl.get_logger().debug("no")
    mcl.get_logger().info("no")
    clock.advance(20)
    mcl.get_logger().info("no")
    assert lines.events() == []


def test_a_named_level_for_good_reaches_stdlib_loggers(logged: Callable[..., Lines]) -> None:
    lines = logged(capture_stdlib=True)
    mcl.set_level("TRACE", "lib")
    logging.getLogger("lib.part").debug("heard")
    logging.getLogger("else").debug("not heard")
    assert lines.events() == ["heard"]


def test_loggers_can_say_what_would_pass(logged: Callable[..., Lines]) -> None:
    logged()
    log = mcl.get_logger("shop")
    assert (log.is_enabled_for("info"), log.is_enabled_for(logging.DEBUG)) == (True, False)
    assert log.get_effective_level() == logging.INFO


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_while_must_be_positive_and_end(seconds: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        mcl.set_level("DEBUG", for_seconds=seconds)


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="CRITICAL, ERROR, WARNING, INFO, DEBUG, TRACE"):
        mcl.set_level("chatty")


def test_shutting_down_gives_stdlib_levels_back(logged: Callable[..., Lines]) -> None:
    root, named = logging.root.level, logging.getLogger("lib.levels")
    named.setLevel(logging.ERROR)
    logged(capture_stdlib=True, log_level="DEBUG")
    mcl.set_level("TRACE", "lib.levels")
    assert logging.root.level == logging.DEBUG
    mcl.shutdown_logging()
    assert (logging.root.level, named.level) == (root, logging.ERROR)
