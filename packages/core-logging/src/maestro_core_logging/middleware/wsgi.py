"""Request context for WSGI applications: Flask, Bottle, Pyramid, Django under WSGI."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maestro_core_logging.context import BOTTOM, FRAME, LogContext

from .request_fields import CORRELATION_ID, REQUEST_ID, request_fields, with_user

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]
    App = Callable[[Environ, StartResponse], Iterable[bytes]]

__all__ = ["FlaskLoggingMiddleware"]


class FlaskLoggingMiddleware:
    """Gives each request its own context, up to the last byte of its response, and answers with its ids.

    Plain WSGI: wrap any application (`app.wsgi_app = FlaskLoggingMiddleware(app.wsgi_app)`), or give it the Flask
    application itself, at once or later by `init_app`. `extract_user_id` gets the WSGI environment.
    """

    def __init__(self, app: Any = None, extract_user_id: Callable[[Any], Any] | None = None) -> None:
        self.extract_user_id = extract_user_id
        self._wrapped: App | None = None
        if hasattr(app, "wsgi_app"):
            self.init_app(app)
        elif app is not None:
            self._wrapped = app

    def init_app(self, app: Any) -> None:
        """Put this middleware around a Flask application."""
        self._wrapped = app.wsgi_app
        app.wsgi_app = self

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if self._wrapped is None:
            raise TypeError("this middleware has no application; give it one, or call init_app(app).")
        fields = request_fields(lambda name: environ.get("HTTP_" + name.upper().replace("-", "_")))
        context = RequestContext(**with_user(fields, self.extract_user_id, environ))
        context.__enter__()
        try:
            body = self._wrapped(environ, _answering(start_response, fields))
        except BaseException as error:
            context.__exit__(type(error), error, error.__traceback__)
            raise
        return _Body(body, context)


class RequestContext(LogContext):
    """A context that never stands on another request's: threads serve many, and a server may forget to close one."""

    __slots__ = ()

    def __enter__(self) -> Self:
        frame = FRAME.get()
        while isinstance(frame.owner, RequestContext):
            frame = frame.parent or BOTTOM
        FRAME.set(frame)
        return super().__enter__()


class _Body:
    """The response's parts; its context ends when the server closes it (PEP 3333)."""

    def __init__(self, parts: Iterable[bytes], context: RequestContext) -> None:
        self._parts = parts
        self._context = context

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        try:
            close = getattr(self._parts, "close", None)
            if close is not None:
                close()
        finally:
            self._context.__exit__(None, None, None)


def _answering(start_response: StartResponse, fields: dict[str, Any]) -> StartResponse:
    def answer(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        present = {name.lower() for name, _ in headers}
        ids = ((REQUEST_ID, fields["request_id"]), (CORRELATION_ID, fields["correlation_id"]))
        return start_response(status, [*headers, *(pair for pair in ids if pair[0] not in present)], *rest)

    return answer
