"""A password is seen only where it is asked for by name."""

from __future__ import annotations

import copy
import json
import logging
import traceback
from dataclasses import asdict, dataclass

import pytest

from tooling.model.secret import Secret

HIDDEN = "p@:/%\"$' hunter2"


@dataclass
class Holder:
    """Something with a secret in it."""

    secret: Secret


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        lambda secret: f"{secret} {secret!r} {secret!s}",
        lambda secret: "{} {!r}".format(secret, secret),  # noqa: UP032 - the other way to format
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the third way to format
        lambda secret: repr([secret, {"key": secret}, Holder(secret)]),
        lambda secret: str(asdict(Holder(secret))),
        lambda secret: repr(copy.deepcopy(secret)),
        lambda secret: json.dumps({"secret": secret}, default=repr),
        lambda secret: str(ValueError(secret)),
    ],
)
def test_it_shows_as_stars(show: object) -> None:
    shown = show(Secret(HIDDEN))  # type: ignore[operator]
    assert "hunter2" not in shown
    assert "***" in shown


def test_a_traceback_with_its_locals_does_not_show_it() -> None:
    def fails(secret: Secret) -> None:
        raise ValueError(secret)

    with pytest.raises(ValueError, match=r"\*\*\*") as caught:
        fails(Secret(HIDDEN))
    told = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert "***" in told
    assert "secret = ***" in told


def test_a_log_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("the password is %s", Secret(HIDDEN))
    assert caplog.messages == ["the password is ***"]


def test_json_refuses_it() -> None:
    with pytest.raises(TypeError):
        json.dumps(Secret(HIDDEN))


def test_it_has_no_attributes_to_look_through() -> None:
    assert not hasattr(Secret(HIDDEN), "__dict__")


def test_it_is_revealed_to_who_asks_and_compared_by_value() -> None:
    assert Secret(HIDDEN).reveal() == HIDDEN
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
