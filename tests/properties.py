"""How properties are tried: the machine may be busy with other things, so no example is held to a time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
