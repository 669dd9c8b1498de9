"""A server of live pages, as `chainrule open` starts it."""

from __future__ import annotations

import threading

import pytest

from chainrule.api.problems import problem
from chainrule.live.session import PageSession

TOKEN = "a-token-of-the-tests"


class Served:
    """Where a server is."""

    def __init__(self, port: int) -> None:
        self.port, self.host, self.token = port, f"127.0.0.1:{port}", TOKEN
        self.address = f"http://{self.host}/?token={TOKEN}"
        self.origin = f"http://{self.host}"

    def socket(self, page: str = "test", token: str = TOKEN) -> str:
        """The address of the connection of a page."""
        return f"ws://{self.host}/live?token={token}&page={page}"


@pytest.fixture(scope="module")
def served():
    """A server in a thread, on a port that is free."""
    uvicorn = pytest.importorskip("uvicorn")
    pytest.importorskip("websockets")
    from chainrule.live import server as live

    sockets = [live.listening(0)]
    port = sockets[0].getsockname()[1]
    running = uvicorn.Server(live.configured(live.application(lambda: PageSession(problem()), token=TOKEN, port=port)))
    thread = threading.Thread(target=running.run, args=(sockets,), daemon=True)
    thread.start()
    yield Served(port)
    running.should_exit = True
    thread.join(20)
    sockets[0].close()
