"""The real server, asked by real clients: what it gives, and whom it sends away."""

from __future__ import annotations

import json
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from live.errors import SourceError
from live.page.answers import MOST_BYTES, Models
from live.page.server import is_loopback, listen

STATIC = Path(__file__).parents[3] / "live" / "page" / "static"


@pytest.fixture(scope="module")
def address(models: Models, web: Any) -> Iterator[str]:
    with web.serve(models) as started:
        yield started


def get(address: str, **headers: str) -> Any:
    return urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=60)


def test_every_file_is_served_and_guarded(address: str) -> None:
    kinds = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    for file in STATIC.iterdir():
        with get(f"{address}/{file.name}") as told:
            assert told.read() == file.read_bytes()
            assert told.headers["content-type"].startswith(kinds[file.suffix])
            assert told.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
            assert told.headers["x-content-type-options"] == "nosniff"
            assert told.headers["cache-control"] == "no-store"
            assert "set-cookie" not in told.headers
    with get(f"{address}/") as told:
        assert told.read() == (STATIC / "index.html").read_bytes()


def test_the_page_names_no_other_place_and_needs_no_inline_code() -> None:
    for file in STATIC.iterdir():
        assert set(re.findall(r"https?://[^\s\"']+", file.read_text())) <= {"http://www.w3.org/2000/svg"}, file

    class Inline(HTMLParser):
        found = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            names = {name for name, _ in attrs}
            self.found += tag == "style" or "style" in names or any(name.startswith("on") for name in names)
            self.found += tag == "script" and "src" not in names

    parser = Inline()
    parser.feed((STATIC / "index.html").read_text())
    assert parser.found == 0


def test_it_tells_of_itself(address: str) -> None:
    with get(f"{address}/about.json") as told:
        about = json.load(told)
    assert about["maps"] is False
    assert [one["name"] for one in about["expressions"]] == ["Happy", "Sad", "Surprise", "Angry", "Neutral"]
    assert about["expressions"][0]["colour"] == "rgb(227 192 64)"


@pytest.mark.parametrize("path", ["server.py", "static/page.js", "..%2fserver.py", "%2fetc%2fpasswd", "docs", "faces"])
def test_nothing_else_is_there(address: str, path: str) -> None:
    with pytest.raises(HTTPError, match="404"):
        get(f"{address}/{path}")


def test_another_name_for_this_machine_is_not_answered(address: str) -> None:
    """As when a stranger's name server sends a visitor's browser here."""
    with pytest.raises(HTTPError, match="421"):
        get(address, Host="stranger.example:80")


def test_visitors_are_apart(address: str, web: Any, draw: Any) -> None:
    pictures = [web.jpeg(draw((60, 80, 60, kind))) for kind in ("Sad", "Happy")]
    with web.visit(address) as one, web.visit(address) as other:
        for number in range(4):
            seen = [one.ask(pictures[0], number / 20), other.ask(pictures[1], number / 20)]
        assert [[(face["track"], face["expression"]) for face in told["faces"]] for told in seen] == [
            [(1, "Sad")],
            [(1, "Happy")],
        ]


@pytest.mark.parametrize("origin", [None, "http://stranger.example", "null", "http://127.0.0.1:1"])
def test_a_page_on_another_site_gets_no_conversation(address: str, web: Any, origin: str | None) -> None:
    with pytest.raises(InvalidStatus, match="403"), web.visit(address, origin):
        pass


def test_what_is_no_request_ends_the_conversation_and_a_broken_picture_does_not(
    address: str, web: Any, draw: Any
) -> None:
    with web.visit(address) as visitor:
        assert "no JPEG" in visitor.ask(b"nothing")["error"]
        assert len(visitor.ask(web.jpeg(draw((60, 80, 60, "Sad"))))["faces"]) == 1
        visitor.socket.send("hello")
        with pytest.raises(ConnectionClosed, match="1008"):
            visitor.hear()
    with web.visit(address) as visitor, pytest.raises(ConnectionClosed, match=r"1009|no close frame"):
        visitor.ask(b"0" * (MOST_BYTES + 1))
    with web.visit(address) as visitor:
        visitor.socket.send(b"a picture without its request")
        with pytest.raises(ConnectionClosed, match="1008"):
            visitor.hear()


def test_so_many_visitors_and_no_more(models: Models, web: Any, draw: Any) -> None:
    picture = web.jpeg(draw((60, 80, 60, "Sad")))
    with web.serve(models, visitors=1) as address:
        with web.visit(address) as first:
            assert first.ask(picture)["faces"]
            with web.visit(address) as second, pytest.raises(ConnectionClosed, match="1013"):
                second.hear()
            assert first.ask(picture)["faces"]
        assert _welcomed(web, address, picture)


def _welcomed(web: Any, address: str, picture: bytes) -> bool:
    """Whether a place becomes free: the server hears of a leaving a moment later."""
    for _ in range(100):
        with suppress(ConnectionClosed), web.visit(address) as visitor:
            return bool(visitor.ask(picture)["faces"])
        time.sleep(0.05)
    return False


def test_who_is_silent_is_sent_away_and_open_to_all_means_by_any_name(models: Models, web: Any) -> None:
    with web.serve(models, idle=0.3, only_here=False) as address:
        with web.visit(address) as visitor, pytest.raises(ConnectionClosed, match="4000"):
            visitor.hear()
        with get(address, Host="a.name") as told:
            assert told.status == 200


def test_addresses(address: str) -> None:
    assert [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1", "a.name")] == [
        *[True] * 3,
        *[False] * 3,
    ]
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(SourceError, match=f"port {port}, cannot be listened on: Address already in use"):
        listen("127.0.0.1", port)
    with pytest.raises(SourceError, match="from 0 to 65535"):
        listen("127.0.0.1", 99_999)


@pytest.mark.parametrize("path", ["", "page.js", "about.json"])
def test_head_is_answered_as_get_without_the_body(address: str, path: str) -> None:
    asked = urllib.request.Request(f"{address}/{path}", method="HEAD")
    with urllib.request.urlopen(asked, timeout=60) as told, get(f"{address}/{path}") as whole:
        assert told.status == 200
        assert told.read() == b""
        for name in ("content-type", "content-length", "content-security-policy"):
            assert told.headers[name] == whole.headers[name]


def test_names_that_are_none_are_strangers(address: str, web: Any) -> None:
    with pytest.raises(HTTPError, match="421"):
        get(address, Host="[::1")
    with pytest.raises(InvalidStatus, match="403"), web.visit(address, "http://["):
        pass


def test_any_finite_time_is_taken(address: str, web: Any, draw: Any) -> None:
    picture = web.jpeg(draw((60, 80, 60, "Sad")))
    with web.visit(address) as visitor:
        found = [len(visitor.ask(picture, seconds)["faces"]) for seconds in (0.0, 0.1, 1e308, -1e308, -1e307)]
    assert found == [0, 1, 0, 0, 0]


def test_who_never_takes_an_answer_loses_the_place(models: Models, web: Any, draw: Any) -> None:
    picture = web.jpeg(draw(size=(24, 24)))
    with web.serve(models, visitors=1, idle=1.0) as address:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        deaf.connect(("127.0.0.1", int(address.rsplit(":", 1)[1])))
        with web.visit(address, sock=deaf, max_queue=1) as greedy:
            deaf.settimeout(2.0)
            with suppress(TimeoutError, ConnectionClosed):
                for _ in range(30_000):
                    greedy.socket.send('{"seconds": null, "maps": false}')
                    greedy.socket.send(picture)
            assert _welcomed(web, address, web.jpeg(draw((60, 80, 60, "Sad"))))
