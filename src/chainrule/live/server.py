"""The live page beside a local server, which belongs to the person who started it and to nobody else.

It listens on this machine alone. Every request has to name it as its host and to come from its own page (so that no other site in the same
browser reaches it, by whatever name), and to bring the token that only the printed address has. What it takes is limited in size, in time
and in number; it keeps no file and runs no text.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import socket
import threading
import webbrowser
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chainrule.base.errors import InputError
from chainrule.document.words import Words
from chainrule.live.session import MOST_TEXT, PageSession
from chainrule.pages.file import document, page_module, page_style
from chainrule.render.html import policy

if TYPE_CHECKING:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send
    from starlette.websockets import WebSocket

HOST = "127.0.0.1"

PORT = 8365
"""Where no other is asked for, and it is free: so that a page finds the server again that was started anew."""

SECONDS = 30
"""Longer than this nobody waits for an answer."""

MOST_PAGES, MOST_SESSIONS = 32, 64
"""Pages that are open at the same time, and sessions that are kept for pages that come back."""

WORKERS = 2
"""Answers that are computed at the same time."""


def missing() -> InputError:
    """What is said where the extra is not there."""
    return InputError('a page beside a server needs starlette, uvicorn and websockets: pip install "chainrule[page]"')


def listening(port: int | None) -> socket.socket:
    """A socket on this machine alone, listening; at a port of one's own, the usual one, or else any that is free. Raises InputError."""
    for wanted in (PORT, 0) if port is None else (port,):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port of a server that has just ended is free
        try:
            server.bind((HOST, wanted))
            server.listen(128)
            return server
        except OSError as error:
            server.close()
            reason = error.strerror or str(error)
    raise InputError(
        f"port {port} cannot be had ({reason}): another program has it, perhaps another chainrule open. Choose another with «--port», or "
        "leave it out."
    )


class Sessions:
    """The sessions of all pages, by a name that each page makes up; the oldest that nobody looks at is let go where they become many."""

    def __init__(self, make: Callable[[], PageSession]) -> None:
        self.make, self.known, self.open = make, OrderedDict[str, PageSession](), dict[str, int]()

    def of(self, name: str) -> PageSession:
        """The session of a page."""
        session = self.known.get(name)
        if session is None:
            session = self.known[name] = self.make()
        self.known.move_to_end(name)
        for old in [one for one in self.known if one != name and not self.open.get(one)][: max(0, len(self.known) - MOST_SESSIONS)]:
            self.known.pop(old).close()
        return session

    def close(self) -> None:
        """The server ends."""
        for session in self.known.values():
            session.close()


def application(make: Callable[[], PageSession], *, token: str, port: int, language: str = "en") -> Starlette:
    """The application: one page, and one connection of each with its session.

    make   gives the session of a page that is opened for the first time
    token  has to stand in the address of the page, and of its connection
    """
    from starlette.applications import Starlette
    from starlette.routing import Route, WebSocketRoute

    sessions, answering = Sessions(make), asyncio.Semaphore(WORKERS)
    style, module = page_style("served"), page_module("served")
    hosts = (f"{HOST}:{port}", f"localhost:{port}")

    async def page(request: Request) -> Response:
        from starlette.responses import HTMLResponse

        host = request.headers["host"]
        text = document(
            "home", {"kind": "server", "token": token}, style, module, title="chainrule", language=language, connect=f"ws://{host}"
        )
        allowed = policy([style], [module], f"connect-src ws://{host}", "frame-ancestors 'none'")
        return HTMLResponse(text, headers={"Content-Security-Policy": allowed})

    async def live(websocket: WebSocket) -> None:
        if sum(sessions.open.values()) >= MOST_PAGES:
            await websocket.close(1013)
            return
        name = websocket.query_params.get("page", "")[:64]
        await websocket.accept()
        sessions.open[name] = sessions.open.get(name, 0) + 1
        try:
            await _Connection(websocket, sessions.of(name), answering).served()
        finally:
            sessions.open[name] -= 1
            if not sessions.open[name]:
                del sessions.open[name]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> Any:
        yield
        sessions.close()

    routes = [Route("/", page), WebSocketRoute("/live", live)]
    app = Starlette(routes=routes, lifespan=lifespan)
    app.add_middleware(_Guard, hosts=hosts, token=token, words=Words(language))
    return app


class _Connection:
    """One page that is open, and its session."""

    def __init__(self, websocket: WebSocket, session: PageSession, answering: asyncio.Semaphore) -> None:
        self.websocket, self.session, self.answering = websocket, session, answering
        self.sending = asyncio.Lock()
        self.told: dict[str, Any] | None = None
        self.telling: asyncio.Event = asyncio.Event()

    async def served(self) -> None:
        """Answers one message after the other, until the page is gone; what comes faster waits in the connection."""
        from starlette.websockets import WebSocketDisconnect

        loop = asyncio.get_running_loop()

        def tell(message: dict[str, Any]) -> None:
            with contextlib.suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._heard, message)

        self.session.tell = tell
        teller = asyncio.create_task(self._tell())
        try:
            while True:
                text = await self.websocket.receive_text()
                await self._send(await self._answered(text))
        except (WebSocketDisconnect, KeyError, RuntimeError):  # closed, bytes in place of text, or closed while something was said
            pass
        finally:
            teller.cancel()

    async def _answered(self, text: str) -> dict[str, Any]:
        async with self.answering:
            work = _in_thread(lambda: self.session.answer(text))
            done, _ = await asyncio.wait({work}, timeout=SECONDS)
        if done:
            return work.result()
        number = None
        with contextlib.suppress(ValueError, AttributeError):
            number = json.loads(text).get("id")
        return {"id": number, "error": self.session.words.plain("served.slow", seconds=SECONDS)}

    def _heard(self, message: dict[str, Any]) -> None:
        """What a training tells; where it tells more than the page takes, the last of it counts."""
        self.told = message
        self.telling.set()

    async def _tell(self) -> None:
        while True:
            await self.telling.wait()
            self.telling.clear()
            message, self.told = self.told, None
            if message is not None:
                with contextlib.suppress(RuntimeError):
                    await self._send(message)

    async def _send(self, message: dict[str, Any]) -> None:
        async with self.sending:
            await self.websocket.send_text(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


def _in_thread(work: Callable[[], dict[str, Any]]) -> asyncio.Future[dict[str, Any]]:
    """What the work gives, in a thread that keeps no process from its end."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[dict[str, Any]] = loop.create_future()

    def done(value: dict[str, Any] | None, error: Exception | None) -> None:
        if not result.cancelled():
            if error is None:
                result.set_result(value or {})
            else:
                result.set_exception(error)

    def run() -> None:
        value, failed = None, None
        try:
            value = work()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is raised where the result is awaited
            failed = error
        with contextlib.suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(done, value, failed)

    threading.Thread(target=run, name="answer", daemon=True).start()
    return result


class _Guard:
    """Lets in only requests to this host, from its own page, with the token."""

    def __init__(self, app: ASGIApp, *, hosts: tuple[str, ...], token: str, words: Words) -> None:
        self.app, self.hosts, self.token, self.words = app, hosts, token, words

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        from starlette.requests import HTTPConnection

        connection = HTTPConnection(scope)
        host, origin = connection.headers.get("host", ""), connection.headers.get("origin")
        token = connection.query_params.get("token", "")
        own = origin == f"http://{host}" if scope["type"] == "websocket" else origin in (None, f"http://{host}")
        if host in self.hosts and own and secrets.compare_digest(token.encode(), self.token.encode()):
            await self.app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            from starlette.responses import PlainTextResponse

            await PlainTextResponse(self.words.plain("served.refused"), 403)(scope, receive, _with_headers(send))


HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


def _with_headers(send: Send) -> Send:
    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *((key.encode(), value.encode()) for key, value in HEADERS.items())]
        await send(message)

    return sent


def configured(app: Starlette) -> uvicorn.Config:
    """How the application is served: quietly, within limits, and without waiting for pages that stay open."""
    import uvicorn

    return uvicorn.Config(
        app, log_level="critical", access_log=False, server_header=False, proxy_headers=False, limit_concurrency=200,
        ws="websockets-sansio", ws_max_size=2 * MOST_TEXT, timeout_graceful_shutdown=2, h11_max_incomplete_event_size=20_000,
    )  # fmt: skip


def serve(
    make: Callable[[], PageSession], *, port: int | None = None, browser: bool = True, language: str = "en", fragment: str = "",
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Serves pages until Ctrl-C. Raises InputError where the extra is missing or the port is taken.

    fragment  what stands behind the # of the address: where in the page one stands
    say       is told the address
    """
    try:
        import uvicorn
        import websockets  # noqa: F401  # what uvicorn needs to be connected with a page
        from starlette.applications import Starlette  # noqa: F401  # here, and not when the first page is asked for
    except ImportError:
        raise missing() from None
    server = listening(port)
    token = secrets.token_urlsafe(24)
    number = server.getsockname()[1]
    address = f"http://{HOST}:{number}/?token={token}{'#' if fragment else ''}{fragment}"
    app = application(make, token=token, port=number, language=language)
    say(address)
    if browser:
        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(address)
    with server:
        uvicorn.Server(configured(app)).run(sockets=[server])
