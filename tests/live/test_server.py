"""The server of live pages: it answers its own page and nobody else, ends cleanly, and goes on answering however much is asked."""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import numpy as np
import pytest

import chainrule as cr
from chainrule.cli import main
from chainrule.live.server import HEADERS, Sessions, listening
from chainrule.live.session import PageSession

pytest.importorskip("starlette")
client = pytest.importorskip("websockets.sync.client")
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402  # they may be missing


def got(served, path: str, **headers: str) -> tuple[int, dict[str, str], str]:
    """The answer to a request."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    connection.putrequest("GET", path, skip_host=True)
    for name, value in {"Host": served.host, **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read().decode()
    connection.close()
    return found


def talk(connection, **message):
    """The answer to a message; what a training tells in between is passed over."""
    connection.send(json.dumps({"id": 1, **message}))
    while True:
        answer = json.loads(connection.recv(timeout=60))
        if "id" in answer:
            return answer


# Who is answered


def test_the_page_is_one_document_with_a_strict_policy(served):
    status, headers, text = got(served, f"/?token={served.token}")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"connect-src ws://{served.host};" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert HEADERS.items() <= headers.items()
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "server" not in headers


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {}),
        ("/?token=wrong", {}),
        ("/?token=", {}),
        ("/?token=%F0%9F%94%91", {}),
        ("/?token={token}", {"Host": "evil.example"}),
        ("/?token={token}", {"Host": "127.0.0.1"}),
        ("/?token={token}", {"Host": "127.0.0.1:80"}),
        ("/?token={token}", {"Origin": "http://evil.example"}),
        ("/?token={token}", {"Origin": "null"}),
        ("/live", {}),
        ("/live?token=wrong", {}),
    ],
)
def test_whoever_comes_by_another_name_from_elsewhere_or_without_the_token_is_refused(served, path, headers):
    status, found, text = got(served, path.format(token=served.token), **headers)
    assert status == 403
    assert "token" in text
    assert HEADERS.items() <= found.items()


def test_there_is_nothing_else(served):
    for path in ("/live", "/page.js", "/../../etc/passwd", "/docs", "/openapi.json"):
        assert got(served, f"{path}?token={served.token}")[0] == 404


@pytest.mark.parametrize(
    ("token", "origin", "host"),
    [("wrong", None, None), (None, "http://evil.example", None), (None, "", None), (None, "null", None), (None, None, "evil.example")],
)
def test_a_connection_from_elsewhere_is_refused(served, token, origin, host):
    headers = {} if host is None else {"Host": host}
    with (
        pytest.raises(InvalidStatus) as refused,
        client.connect(
            served.socket(token=token or served.token),
            origin=served.origin if origin is None else origin or None,
            additional_headers=headers,
        ),
    ):
        pass
    assert refused.value.response.status_code in (400, 403)


def test_it_listens_on_this_machine_alone(served):
    with listening(0) as one:
        assert one.getsockname()[0] == "127.0.0.1"


# What is answered


def test_a_page_asks_and_is_answered_and_comes_back_to_where_it_was(served):
    with client.connect(served.socket("one"), origin=served.origin, max_size=None) as connection:
        content = talk(connection, do="begin")
        assert content["page"]["title"].startswith("Back-propagation step by step")
        assert talk(connection, do="numbers", numbers={"W1": [1, 2, 3, 4]}) == {"id": 1}
        assert "1 to 128 units" in talk(connection, do="change", change={"units": 10**9, "layer": 0})["error"]
        assert "error" in talk(connection, do="<script>")
    with client.connect(served.socket("one"), origin=served.origin, max_size=None) as connection:
        assert talk(connection, do="begin")["numbers"] == {"W1": [1, 2, 3, 4]}
    with client.connect(served.socket("other"), origin=served.origin, max_size=None) as connection:
        assert talk(connection, do="begin")["numbers"] == {}


def test_what_is_no_message_ends_no_server(served):
    for text in ("nonsense", "[" * 100_000, b"\x00\xff", "x" * 1_000_000):
        with suppress(ConnectionClosed), client.connect(served.socket("odd"), origin=served.origin, max_size=None) as connection:
            connection.send(text)
            assert "error" in json.loads(connection.recv(timeout=60))
    with suppress(ConnectionClosed, OSError), client.connect(served.socket("odd"), origin=served.origin, max_size=None) as connection:
        connection.send("x" * 30_000_000)
        connection.recv(timeout=60)
        pytest.fail("more was taken than a message may have")
    with client.connect(served.socket("after"), origin=served.origin, max_size=None) as connection:
        assert "page" in talk(connection, do="begin")


def test_sessions_that_nobody_looks_at_are_let_go_when_they_become_many():
    closed: list[PageSession] = []

    class Counted(PageSession):
        def close(self) -> None:
            closed.append(self)

    sessions = Sessions(lambda: Counted(cr.problem()))
    sessions.open["first"] = 1
    first = sessions.of("first")
    for number in range(100):
        sessions.of(str(number))
    assert len(sessions.known) <= 65
    assert len(closed) >= 36
    assert sessions.of("first") is first
    sessions.close()
    assert len(closed) == 101


# The command


@pytest.fixture
def command():
    """`chainrule open` as a process: its address, and the process."""
    running = []

    def start(*arguments: str) -> tuple[str, subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "chainrule", "open", "--no-browser", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        running.append(process)
        return process.stdout.readline(), process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C reaches a process by itself")
def test_it_says_where_it_is_and_ctrl_c_ends_it_with_a_page_open(command):
    said, process = command("2-2-1", "--seed", "3")
    address = re.search(r"http://(127\.0\.0\.1:(\d+))/\?token=([\w-]{20,})$", said)
    assert address
    host, port, token = address.groups()
    with client.connect(f"ws://{host}/live?token={token}&page=a", origin=f"http://{host}", max_size=None) as connection:
        assert talk(connection, do="begin")["page"]["stage"]["error"] >= 0
        assert main(["open", "--no-browser", "--port", port]) == 2
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "")
    listening(int(port)).close()  # the port is free again


def test_a_port_that_is_taken_is_named_with_the_way_out(capsys):
    with listening(0) as taken:
        assert main(["open", "--no-browser", "--port", str(taken.getsockname()[1])]) == 2
    assert re.search(r"port \d+ cannot be had .*--port", capsys.readouterr().err)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["784-128-10"], "up to 2,500 weights"),
        (["missing.csv"], "missing.csv"),
        (["2-2-1", "--port", "0"], "--port"),
        (["data:iris", "--hidden", "3"], "--hidden"),
        (["data:iris", "--loss", "huber"], "--loss"),
        (["1000000000-2-1"], "more than this can hold"),
    ],
)
def test_what_cannot_be_opened_is_said_before_a_server_begins(arguments, why, capsys):
    assert main(["open", "--no-browser", *arguments]) == 2
    assert why in capsys.readouterr().err


def test_without_the_extra_it_says_what_is_missing(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert main(["open", "--no-browser"]) == 2
    assert 'pip install "chainrule[page]"' in capsys.readouterr().err


# How much it bears


def memory(process: subprocess.Popen[str]) -> int:
    """Kilobytes that a process holds."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.proof)])
def test_two_hundred_changes_a_second_from_ten_clients_fail_nowhere_and_fill_no_memory(command, seconds):
    """Twenty numbers a second each, of which every two-hundredth is another network."""
    said, process = command()
    host, token = re.search(r"http://([\d.:]+)/\?token=(\S+)", said).groups()
    errors, answered, sizes = list[str](), [0] * 10, list[int]()

    def client_of(number: int) -> None:
        random = np.random.default_rng(number)
        with client.connect(f"ws://{host}/live?token={token}&page={number}", origin=f"http://{host}", max_size=None) as connection:
            talk(connection, do="begin")
            begun = time.monotonic()
            for count in range(20 * seconds):
                if count % 200 == 10 * number:
                    answer = talk(connection, do="change", change={"units": int(random.integers(1, 4)), "layer": 0})
                    units = len(answer["page"]["leaves"]["parameters"]["W1"]) // 2
                else:
                    units = units if count else 2
                    answer = talk(connection, do="numbers", numbers={"W1": random.normal(size=2 * units).tolist()})
                answered[number] += 1
                if "error" in answer:
                    errors.append(answer["error"])
                time.sleep(max(0.0, begun + count / 20 - time.monotonic()))

    threads = [threading.Thread(target=client_of, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        threads[0].join(1)
        if sum(answered) > 50 * seconds:
            sizes.append(memory(process))
        for thread in threads[1:]:
            thread.join(0.01)
    assert errors == []
    assert answered == [20 * seconds] * 10
    assert process.poll() is None
    assert max(sizes) - min(sizes) < 60_000, sizes


def test_what_was_saved_is_kept_when_the_server_is_killed(command, tmp_path):
    said, process = command()
    host, token = re.search(r"http://([\d.:]+)/\?token=(\S+)", said).groups()
    rows = np.random.default_rng(0).normal(size=(40, 2))
    content = "\n".join(["a,b,kind", *(f"{a:.3f},{b:.3f},{'yes' if a > b else 'no'}" for a, b in rows)])
    with (
        suppress(ConnectionClosed),
        client.connect(f"ws://{host}/live?token={token}&page=1", origin=f"http://{host}", max_size=None) as connection,
    ):
        talk(connection, do="open", name="t.csv", base64=base64.b64encode(content.encode()).decode())
        talk(connection, do="train", epochs=3)
        answer = talk(connection, do="model")
        while "error" in answer:
            answer = talk(connection, do="model")
        (tmp_path / "model.safetensors").write_bytes(base64.b64decode(answer["base64"]))
        process.kill()
        process.wait()
    assert cr.Model.load(tmp_path / "model.safetensors").history[-1].epoch == 3


def test_a_port_of_ones_own_is_asked_for_by_no_other_name():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(cr.InputError, match="another program has it"):
            listening(other.getsockname()[1])
