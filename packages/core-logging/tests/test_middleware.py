"""Middlewares give requests their context and leave everything else about them alone."""

from __future__ import annotations

import asyncio
import inspect
import logging
import re
import socket
import threading
import urllib.request
from typing import TYPE_CHECKING, Any, NoReturn

import maestro_core_logging as mcl
import pytest
import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from conftest import Lines

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
COOKIES = [(b"set-cookie", b"a=1; Path=/"), (b"set-cookie", b"b=2; HttpOnly"), (b"set-cookie", b"c=3")]


async def shop(scope: Any, receive: Any, send: Any) -> None:
    """Log in its middle, answer with the cookies and the body it was sent."""
    body = (await receive())["body"]
    mcl.get_logger("shop").info("serving", path=scope["path"])
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), *COOKIES]})
    await send({"type": "http.response.body", "body": body})


async def nothing() -> dict[str, Any]:
    """Receive nothing of interest."""
    return {"type": "http.disconnect"}


async def drive(app: Any, headers: Iterable[tuple[bytes, bytes]] = (), path: str = "/", body: bytes = b"") -> Any:
    """Serve one request as an ASGI server does; return the status, the headers and the body."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "asgi": {"version": "3.0"}, "method": "POST", "path": path, "headers": list(headers)}
    await app(scope, receive, send)
    start = sent[0]
    return start["status"], start["headers"], b"".join(message["body"] for message in sent[1:])


def ids(headers: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    decoded = {(k.decode() if isinstance(k, bytes) else k).lower(): v for k, v in headers}
    found = {name: decoded[name] for name in ("x-request-id", "x-correlation-id") if name in decoded}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}


def test_an_inbound_request_id_is_kept_echoed_and_on_every_line(logged: Callable[..., Lines]) -> None:
    lines = logged()
    headers = [(b"x-request-id", b"abc-1"), (b"x-correlation-id", b"flow_2"), (b"traceparent", TRACE.encode())]
    status, sent, body = asyncio.run(drive(mcl.ASGILoggingMiddleware(shop), headers, body=b"hello"))
    assert (status, body) == (200, b"hello")
    assert ids(sent) == {"x-request-id": "abc-1", "x-correlation-id": "flow_2"}
    record = lines.last()
    assert (record["request_id"], record["correlation_id"]) == ("abc-1", "flow_2")
    assert record["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert record["span_id"] == "00f067aa0ba902b7"


def test_all_cookies_survive_the_middleware() -> None:
    _, sent, _ = asyncio.run(drive(mcl.FastAPILoggingMiddleware(shop)))
    assert [pair for pair in sent if pair[0] == b"set-cookie"] == COOKIES


@pytest.mark.parametrize("bad", [b"", b"a b", b"x" * 129, b"a\nb", b"\xff", b'"}', b"a;b"])
def test_an_inbound_id_that_is_no_id_is_replaced(logged: Callable[..., Lines], bad: bytes) -> None:
    lines = logged()
    _, sent, _ = asyncio.run(drive(mcl.LoggingMiddleware(shop), [(b"X-Request-ID", bad)]))
    made = ids(sent)["x-request-id"]
    assert UUID.fullmatch(made)
    assert lines.last()["request_id"] == made == lines.last()["correlation_id"]


def test_header_names_are_found_in_any_case(logged: Callable[..., Lines]) -> None:
    lines = logged()
    asyncio.run(drive(mcl.ASGILoggingMiddleware(shop), [(b"X-Request-ID", b"upper")]))
    assert lines.last()["request_id"] == "upper"


def test_100_requests_at_once_keep_their_own_ids(logged: Callable[..., Lines]) -> None:
    lines = logged()
    app = mcl.ASGILoggingMiddleware(shop)

    async def main() -> list[Any]:
        served = (drive(app, [(b"x-request-id", b"r%d" % n)], path=f"/{n}") for n in range(100))
        return await asyncio.gather(*served)

    answers = asyncio.run(main())
    assert [ids(headers)["x-request-id"] for _, headers, _ in answers] == [f"r{n}" for n in range(100)]
    assert all(record["path"] == f"/{record['request_id'][1:]}" for record in lines.records())


def test_an_id_the_application_sends_itself_is_not_doubled() -> None:
    async def own(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": [(b"X-Request-Id", b"own")]})

    _, sent, _ = asyncio.run(drive(mcl.ASGILoggingMiddleware(own)))
    assert [value for name, value in sent if name.lower() == b"x-request-id"] == [b"own"]


def test_nested_middlewares_agree_on_the_id(logged: Callable[..., Lines]) -> None:
    lines = logged()
    _, sent, _ = asyncio.run(drive(mcl.ASGILoggingMiddleware(mcl.ASGILoggingMiddleware(shop))))
    assert [name for name, _ in sent].count(b"x-request-id") == 1
    assert lines.last()["request_id"] == ids(sent)["x-request-id"]


def test_the_user_is_found_by_the_applications_function_which_may_fail(logged: Callable[..., Lines]) -> None:
    lines = logged()

    def broken(_scope: Any) -> NoReturn:
        raise RuntimeError("no user")

    asyncio.run(drive(mcl.ASGILoggingMiddleware(shop, extract_user_id=lambda scope: scope["path"][1:]), path="/ada"))
    asyncio.run(drive(mcl.ASGILoggingMiddleware(shop, broken)))
    assert [record.get("user_id") for record in lines.records()] == ["ada", None]


def test_an_exception_passes_and_still_names_its_request_when_logged_outside(logged: Callable[..., Lines]) -> None:
    lines = logged()

    async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken") as raised:
        asyncio.run(drive(mcl.ASGILoggingMiddleware(failing), [(b"x-request-id", b"r-5")]))
    mcl.get_logger("server").error("Exception in ASGI application", exc_info=raised.value)
    assert lines.last()["request_id"] == "r-5"


def test_websockets_get_a_context_and_lifespan_passes() -> None:
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        seen.append((scope["type"], dict(mcl.get_context())))
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})

    async def main() -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        for kind in ("lifespan", "websocket"):
            scope = {"type": kind, "headers": [(b"x-request-id", b"w")]}
            await mcl.ASGILoggingMiddleware(app)(scope, nothing, send)
        return sent

    (accept,) = asyncio.run(main())
    assert seen == [("lifespan", {}), ("websocket", {"request_id": "w", "correlation_id": "w"})]
    assert ids(accept["headers"]) == {"x-request-id": "w", "x-correlation-id": "w"}


def test_a_real_server_serves_with_context_on_its_access_lines(logged: Callable[..., Lines]) -> None:
    """Uvicorn sets up its own logging after ours here, as `uvicorn.run(app)` does by default."""
    lines = logged(capture_stdlib=True)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
        else:
            await shop(scope, receive, send)

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(mcl.ASGILoggingMiddleware(app)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/buy?token=S3cr3t"
        request = urllib.request.Request(url, headers={"X-Request-ID": "real-1"})
        with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
            assert response.headers["x-request-id"] == "real-1"
            assert len(response.headers.get_all("set-cookie")) == 3
        server.should_exit = True
        thread.join(60)
    access = [record for record in lines.records() if record["logger"] == "uvicorn.access"]
    assert [record["request_id"] for record in access] == ["real-1"]
    assert "/buy?token=***" in access[0]["event"]
    assert "S3cr3t" not in lines.text()
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers.clear()
        logging.getLogger(name).propagate = True


def page(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """A WSGI application that streams: its context has to last until the last part."""
    start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    for part in (b"one", b"two"):
        mcl.get_logger("page").info("part", path=environ["PATH_INFO"])
        yield part


def serve(app: Any, *, close: bool = True, **environ: str) -> tuple[list[tuple[str, str]], bytes]:
    """Serve one request as a WSGI server does."""
    answered: list[list[tuple[str, str]]] = []
    parts = app({"PATH_INFO": "/", **environ}, lambda _status, headers, *_rest: answered.append(headers))
    body = b"".join(parts)
    if close and hasattr(parts, "close"):
        parts.close()
    return answered[0], body


def test_a_wsgi_request_keeps_its_context_while_it_streams(logged: Callable[..., Lines]) -> None:
    lines = logged()
    headers, body = serve(mcl.FlaskLoggingMiddleware(page), HTTP_X_REQUEST_ID="w-1", HTTP_TRACEPARENT=TRACE)
    assert body == b"onetwo"
    assert headers[:2] == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    assert ids(headers) == {"x-request-id": "w-1", "x-correlation-id": "w-1"}
    assert [record["request_id"] for record in lines.records()] == ["w-1", "w-1"]
    assert mcl.get_context() == {}


def test_a_wsgi_server_that_forgets_to_close_does_not_mix_requests(logged: Callable[..., Lines]) -> None:
    lines = logged()
    mcl.set_context(region="eu")
    app = mcl.FlaskLoggingMiddleware(page, extract_user_id=lambda environ: environ.get("REMOTE_USER"))
    serve(app, close=False, REMOTE_USER="ada", HTTP_X_REQUEST_ID="w-1")
    serve(app, HTTP_X_REQUEST_ID="w-2")
    first, *_, last = lines.records()
    assert (first["user_id"], first["request_id"], first["region"]) == ("ada", "w-1", "eu")
    assert "user_id" not in last
    assert (last["request_id"], last["region"]) == ("w-2", "eu")
    assert dict(mcl.get_context()) == {"region": "eu"}


def test_a_wsgi_application_that_fails_leaves_no_context() -> None:
    def failing(_environ: Any, _start_response: Any) -> NoReturn:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        serve(mcl.FlaskLoggingMiddleware(failing))
    assert mcl.get_context() == {}


def test_a_flask_application_can_be_given_at_once_or_later() -> None:
    class Flask:
        def __init__(self) -> None:
            self.wsgi_app: Any = page

        def __call__(self, environ: Any, start_response: Any) -> Any:
            return self.wsgi_app(environ, start_response)

    at_once, later = Flask(), Flask()
    mcl.FlaskLoggingMiddleware(at_once)
    mcl.FlaskLoggingMiddleware().init_app(later)
    for app in (at_once, later):
        headers, body = serve(app, HTTP_X_REQUEST_ID="f")
        assert (ids(headers)["x-request-id"], body) == ("f", b"onetwo")
    with pytest.raises(TypeError, match="init_app"):
        serve(mcl.FlaskLoggingMiddleware())


class Request:
    """What a Django request shows of its headers."""

    def __init__(self, **headers: str) -> None:
        self.META = headers


def view(request: Request) -> dict[str, str]:
    mcl.get_logger("view").info("viewed", of=request.META.get("PATH"))
    return {"Content-Type": "text/plain"}


def test_a_django_view_gets_its_context_and_answers_with_the_ids(logged: Callable[..., Lines]) -> None:
    lines = logged()
    middleware = mcl.DjangoLoggingMiddleware(view)
    response = middleware(Request(HTTP_X_REQUEST_ID="d-1", PATH="/x"))
    assert response == {"Content-Type": "text/plain", "x-request-id": "d-1", "x-correlation-id": "d-1"}
    assert lines.last()["request_id"] == "d-1"
    assert mcl.get_context() == {}
    assert not inspect.iscoroutinefunction(middleware)


def test_an_async_django_view_is_awaited_in_its_context(logged: Callable[..., Lines]) -> None:
    lines = logged()

    async def later(request: Request) -> dict[str, str]:
        await asyncio.sleep(0)
        return view(request)

    class WithUser(mcl.DjangoLoggingMiddleware):
        def extract_user_id(self, request: Any) -> Any:
            return request.META["USER"]

    middleware = WithUser(later)

    async def main() -> list[Any]:
        requests = (Request(HTTP_X_REQUEST_ID=f"d{n}", USER=f"u{n}", PATH=f"{n}") for n in range(20))
        return await asyncio.gather(*(middleware(request) for request in requests))

    answers = asyncio.run(main())
    assert [answer["x-request-id"] for answer in answers] == [f"d{n}" for n in range(20)]
    for record in lines.records():
        assert (record["request_id"], record["user_id"]) == (f"d{record['of']}", f"u{record['of']}")
    assert asyncio.iscoroutinefunction(middleware)
