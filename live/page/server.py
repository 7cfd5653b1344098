"""The web page's server: fixed files, and a WebSocket for each visitor. Nothing is stored, nothing is logged.

A page on another site must not use it: a WebSocket is taken from our own page alone (`Origin`), and where only this
machine may come, only under its own names (`Host`), whatever a stranger's name server says.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

import uvicorn
from annotated_types import Ge, Gt
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from starlette.datastructures import Headers

from live.errors import SourceError
from live.page import answers
from live.page.answers import MOST_BYTES, Models, RequestError
from runs.parameters import Parameters

_TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FULL, _IDLE, _WRONG = 1013, 4000, 1008
"""Why the server ends a conversation: too many visitors; nothing was asked for long; no request of ours."""
_PARTING = 2.0
"""Seconds for which a goodbye may take: who does not listen does not hear it either."""
_READING = ["GET", "HEAD"]
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), display-capture=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, kw_only=True)
class PageParams(Parameters):
    """How many may come, and for how long."""

    visitors: Annotated[int, Ge(1)] = 8
    """Visitors at once, at most; each has an engine of their own."""
    idle: Annotated[float, Gt(0)] = 60.0
    """A conversation in which nothing is asked, or no answer taken, for so many seconds ends; the page begins another
    when it needs one."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises
    ------
    SourceError
        There is no such address here, or the port is taken.
    """
    if not 0 <= port <= 65_535:  # the system would take the remainder
        raise SourceError(f"`port` must be from 0 to 65535. Got {port}.")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(
            f"{host}, port {port}, cannot be listened on: {reason}. Give another `--host` or `--port`."
        ) from error


def is_loopback(host: str) -> bool:
    """Whether a host is this machine's own, which no other machine reaches.

    >>> is_loopback("localhost"), is_loopback("127.0.0.1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def new_server(app: FastAPI) -> uvicorn.Server:
    """A server for `make_app`'s app; run it on the socket of `listen`."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            limit_concurrency=200,
            timeout_graceful_shutdown=2,
            ws="websockets-sansio",  # it reads no message before the one before is taken
            ws_max_size=MOST_BYTES,
            ws_per_message_deflate=False,
        )
    )


def make_app(models: Models, params: PageParams = PageParams(), *, only_here: bool = True) -> FastAPI:
    """The page.

    Parameters
    ----------
    models
        What finds and reads faces.
    params
        See `PageParams`.
    only_here
        Answer only those who call this machine by one of its own names, such as ``localhost``.
    """
    app = FastAPI(openapi_url=None)
    _guard(app, only_here)
    _serve_files(app, models.about())
    _serve_visitors(app, _Visitors(models, params), only_here)
    return app


def _guard(app: FastAPI, only_here: bool) -> None:
    @app.middleware("http")
    async def guard(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        told = await call_next(request) if _known(request.headers, only_here) else Response(status_code=421)
        told.headers.update(_HEADERS)
        return told


def _serve_files(app: FastAPI, about: dict[str, Any]) -> None:
    pages = _static_files()

    @app.api_route("/about.json", methods=_READING)
    async def tell_about() -> dict[str, Any]:
        return about

    @app.api_route("/{name:path}", methods=_READING)
    async def page(name: str) -> Response:
        found = pages.get(name or "index.html")
        return Response(status_code=404) if found is None else Response(found[0], media_type=found[1])


def _serve_visitors(app: FastAPI, visitors: _Visitors, only_here: bool) -> None:
    @app.websocket("/faces")
    async def faces(visitor: WebSocket) -> None:
        if _known(visitor.headers, only_here) and _from_our_page(visitor.headers):
            await visitors.welcome(visitor)
        else:
            await visitor.close()


class _Visitors:
    def __init__(self, models: Models, params: PageParams) -> None:
        self._models, self._params, self._here = models, params, 0

    async def welcome(self, visitor: WebSocket) -> None:
        await visitor.accept()
        if self._here >= self._params.visitors:
            await _part(visitor, _FULL, "full")
            return
        self._here += 1
        try:
            await self._converse(visitor)
        except TimeoutError:
            await _part(visitor, _IDLE, "idle")
        except RequestError as error:
            await _part(visitor, _WRONG, str(error))
        except WebSocketDisconnect:
            pass
        finally:
            self._here -= 1

    async def _converse(self, visitor: WebSocket) -> None:
        engine = await asyncio.to_thread(self._models.new_engine)
        while True:
            request = answers.Request.read(await self._next(visitor, "text"))
            picture = await self._next(visitor, "bytes")
            told = await asyncio.to_thread(answers.answer, self._models, engine, request, picture)
            async with asyncio.timeout(self._params.idle):  # for who asks and never takes the answers
                await _send(visitor, told)

    async def _next(self, visitor: WebSocket, kind: str) -> Any:
        async with asyncio.timeout(self._params.idle):
            message = await visitor.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        if message.get(kind) is None:
            raise RequestError("A request is followed by its picture.")
        return message[kind]


async def _send(visitor: WebSocket, told: dict[str, Any]) -> None:
    try:
        await visitor.send_json(told)
    except RuntimeError as error:  # what came meanwhile broke the protocol, and uvicorn has said goodbye
        raise WebSocketDisconnect(1002) from error


async def _part(visitor: WebSocket, code: int, why: str) -> None:
    with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):  # whoever has gone is not told
        async with asyncio.timeout(_PARTING):
            await visitor.close(code, why)


def _known(headers: Headers, only_here: bool) -> bool:
    return not only_here or is_loopback(_parts(f"//{headers.get('host', '')}").hostname or "")


def _from_our_page(headers: Headers) -> bool:
    origin = _parts(headers.get("origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == headers.get("host")


def _parts(address: str) -> SplitResult:
    """An address's parts; all empty where it is none, such as one with half a bracket."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")


def _static_files() -> dict[str, tuple[bytes, str]]:
    folder = files("live.page") / "static"
    return {
        file.name: (file.read_bytes(), kind)
        for file in folder.iterdir()
        for ending, kind in _TYPES.items()
        if file.name.endswith(ending)
    }
