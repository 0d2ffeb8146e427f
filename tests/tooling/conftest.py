"""How properties are tried here: the machine may be busy with other things, so no example is held to a time."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("tooling", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tooling")
