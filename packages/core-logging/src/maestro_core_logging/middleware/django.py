"""Request context for Django, under WSGI and ASGI, by its middleware protocol."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, ClassVar

from maestro_core_logging.context import LogContext

from .request_fields import CORRELATION_ID, REQUEST_ID, request_fields, with_user
from .wsgi import RequestContext

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["DjangoLoggingMiddleware"]


class DjangoLoggingMiddleware:
    """List it first in `MIDDLEWARE`: each request gets its own context and its ids in the response.

    Sync and async views are both served natively. A subclass may define `extract_user_id`.
    """

    sync_capable: ClassVar[bool] = True
    async_capable: ClassVar[bool] = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self.get_response = get_response
        self._is_async = inspect.iscoroutinefunction(get_response) or hasattr(get_response, "_is_coroutine")
        if self._is_async:
            _mark_coroutine_function(self)

    def extract_user_id(self, request: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Return what `user_id` is to be on the request's lines; None leaves it out."""
        return None

    def __call__(self, request: Any) -> Any:
        """Answer a request, or return the coroutine that will."""
        fields = request_fields(lambda name: request.META.get("HTTP_" + name.upper().replace("-", "_")))
        chosen = with_user(fields, self.extract_user_id, request)
        if self._is_async:
            return self._answer_later(request, fields, LogContext(**chosen))
        with RequestContext(**chosen):
            return _answered(self.get_response(request), fields)

    async def _answer_later(self, request: Any, fields: dict[str, Any], context: LogContext) -> Any:
        with context:
            return _answered(await self.get_response(request), fields)


def _answered(response: Any, fields: dict[str, Any]) -> Any:
    for name, field in ((REQUEST_ID, "request_id"), (CORRELATION_ID, "correlation_id")):
        if name not in response:
            response[name] = fields[field]
    return response


def _mark_coroutine_function(instance: Any) -> None:
    """Say that calling an object gives a coroutine, the way each Python version asks for it."""
    mark = getattr(inspect, "markcoroutinefunction", None)
    if mark is not None:
        mark(instance)
    else:
        instance._is_coroutine = asyncio.coroutines._is_coroutine  # type: ignore[attr-defined]  # noqa: SLF001
