"""What several test files lean on."""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from maestro_resilience.testing import VirtualClock

settings.register_profile("package", deadline=None, max_examples=60)
settings.load_profile("package")


class MiddleOfTheRange(random.Random):
    """Jitter that always lands in the middle, so that +-10 % is exactly the nominal time."""

    def random(self) -> float:
        return 0.5


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_000)


@pytest.fixture
def no_jitter() -> random.Random:
    return MiddleOfTheRange()
