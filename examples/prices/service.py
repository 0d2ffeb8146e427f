# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "httpx2>=2.16",
#     "maestro-cache[redis]",
#     "maestro-core-config",
#     "maestro-core-logging",
#     "maestro-monitoring",
#     "maestro-resilience",
#     "starlette>=1.8",
#     "uvicorn>=0.40",
# ]
# ///
"""Prices over HTTP: five libraries of the house in one small service.

A supplier knows the prices. It is asked behind a policy of timeouts, retries and a circuit breaker; a cache in Redis
stands in front of it. Without Redis every price is asked for anew; without the supplier the last known ones are given
out. Either way requests are answered, `/health` says what is missing, `/metrics` how much, and the log why.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx2
import uvicorn
from maestro_cache import CacheService
from maestro_core_config import ConfigManager
from maestro_core_logging import configure_logging, flush, get_logger, logging_system, set_level
from maestro_core_logging.middleware import ASGILoggingMiddleware
from maestro_monitoring import HealthStatus, MetricsMiddleware, MonitoringManager, instrument
from maestro_resilience import Bulkhead, CircuitBreaker, CircuitBreakerOpenError, Policy, retry
from settings import PricesConfig
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from maestro_cache import CacheInterface
    from starlette.requests import Request

NAME = "prices"
FILE = Path(__file__).with_name("prices.toml")


class Supplier:
    """Who knows the prices: over HTTP, with as much patience as the policy has."""

    def __init__(self, client: httpx2.AsyncClient, timeout: float) -> None:
        self.breaker = CircuitBreaker(failure_threshold=5, timeout=1.0, name="supplier")
        self.places = Bulkhead(50, name="supplier")
        self._client = client
        self._policy = Policy(
            deadline=4 * timeout,
            bulkhead=self.places,
            retry=retry(3, delay=0.05, on=(httpx2.HTTPError, TimeoutError)),
            breaker=self.breaker,
            timeout=timeout,
            name="supplier",
        )

    async def price(self, item: str) -> float:
        """Ask for a price; raises when the supplier does not answer in time, or the breaker is open."""
        return await self._policy.call(self._ask, item)

    async def _ask(self, item: str) -> float:
        answer = await self._client.get(f"/{item}")
        answer.raise_for_status()
        return float(answer.json()["price"])


class Prices:
    """The service: what its endpoints do."""

    def __init__(self, config: PricesConfig, cache: CacheInterface, supplier: Supplier) -> None:
        self._keep = config.cache
        self._cache = cache
        self._supplier = supplier
        self._log = get_logger(NAME)

    async def price(self, request: Request) -> JSONResponse:
        """`GET /prices/{item}`: the price, or 503 and when to come back."""
        item = request.path_params["item"]
        try:
            price = await self._cache.get_or_set(
                f"price:{item}",
                lambda: self._supplier.price(item),
                self._keep.fresh_for,
                stale_for=self._keep.stale_for,
            )
        except (httpx2.HTTPError, TimeoutError, CircuitBreakerOpenError) as error:
            self._log.warning("no price", item=item, reason=str(error))
            seconds = max(1, round(getattr(error, "retry_after", None) or 1))
            return JSONResponse({"error": "no price for now"}, 503, {"Retry-After": str(seconds)})
        return JSONResponse({"item": item, "price": price})


async def _cache_answers(cache: CacheInterface) -> HealthStatus:
    return HealthStatus.HEALTHY if await cache.health_check() else HealthStatus.DEGRADED


@asynccontextmanager
async def application(config: PricesConfig) -> AsyncIterator[Any]:
    """The ASGI application with everything it needs, which ends with the block."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(base_url=config.supplier.url, trust_env=False))
        url = config.cache.url.get_secret_value()
        cache = await stack.enter_async_context(CacheService(url, key_prefix=f"{NAME}:"))
        monitoring = await stack.enter_async_context(MonitoringManager(NAME, enable_system_metrics=False))
        supplier = Supplier(client, config.supplier.timeout)
        for each in (cache, supplier.breaker, supplier.places, logging_system):
            stack.callback(instrument(each))
        monitoring.add_health_check("cache", lambda: _cache_answers(cache), critical=False)

        async def health(_request: Request) -> JSONResponse:
            report = await monitoring.health.acheck_health()
            return JSONResponse(report.to_dict(), report.http_status)

        routes = [
            Route("/prices/{item}", Prices(config, cache, supplier).price),
            Route("/health", health),
            Route("/metrics", monitoring.endpoint),
        ]
        yield ASGILoggingMiddleware(MetricsMiddleware(Starlette(routes=routes), exclude=("/metrics",)))


async def serve(manager: ConfigManager[PricesConfig]) -> None:
    """Serve until SIGINT or SIGTERM; requests under way are answered first."""
    config = manager.current
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((config.host, config.port))
        async with application(config) as app, manager:
            server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
            get_logger(NAME).info("listening", host=config.host, port=listener.getsockname()[1])
            await server.serve(sockets=[listener])


def main() -> None:
    """Read the settings, then serve."""
    manager = ConfigManager(PricesConfig, files=[FILE], prefix="PRICES_")
    config = manager.load()
    configure_logging(NAME, log_level=config.log_level, format="json")
    manager.subscribe("log_level", lambda _path, _old, new: set_level(new))
    asyncio.run(serve(manager))
    flush()


if __name__ == "__main__":
    main()
