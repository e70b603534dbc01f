"""Connections that are kept between requests: what is used again, and what is never sent twice."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import format_datetime

import pytest
from django.db import transaction

from developers.webhooks import outbound
from developers.webhooks.line import Line, StaleError
from developers.webhooks.outbound import Answer, Door
from developers.webhooks.sockets import CallError, Origin
from terra_portal import clock
from terra_portal.network import NetworkInTransactionError
from tests.developers.peer import OK, Peer, Request, peer
from tests.threads import run_together

FINE = Answer(200, "ok")
BROKE_OFF = Answer(error="the connection broke off")


@pytest.fixture
def told() -> Iterator[Peer]:
    with peer() as running:
        yield running


@pytest.fixture
def door() -> Iterator[Door]:
    with Door() as opened:
        yield opened


def post(door: Door, url: str, body: bytes = b"{}", deadline: float = 5) -> Answer:
    return door.post(url, body=body, headers={}, deadline=deadline)


def lined(told: Peer) -> Line:
    """A connection on which one request has been answered."""
    line = Line(Origin("http", "127.0.0.1", told.port), ends_at=time.monotonic() + 5)
    asked(line, b"1")
    return line


def asked(line: Line, body: bytes) -> int:
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(body)
    return line.ask(head + body, ends_at=time.monotonic() + 5).status


def test_one_connection_carries_one_request_after_another(told: Peer, door: Door) -> None:
    answers = [post(door, told.url, str(number).encode()) for number in range(5)]
    assert answers == [FINE] * 5
    assert told.bodies() == [b"0", b"1", b"2", b"3", b"4"]
    assert told.connections == 1


def test_another_port_is_another_origin(told: Peer, door: Door) -> None:
    with peer() as other:
        for _ in range(2):
            assert (post(door, told.url), post(door, other.url)) == (FINE, FINE)
    assert (told.connections, other.connections) == (1, 1)


def test_a_connection_that_the_server_has_closed_is_not_used(told: Peer, door: Door) -> None:
    told.closes = True
    assert post(door, told.url, b"1") == FINE
    assert told.ended.wait(5)
    assert post(door, told.url, b"2") == FINE
    assert told.bodies() == [b"1", b"2"]
    assert told.connections == 2


@pytest.mark.parametrize("resets", [False, True])
def test_what_a_server_may_have_got_is_not_sent_again(told: Peer, door: Door, resets: bool) -> None:
    """It read the second request, and went without a word."""
    told.resets = resets
    told.answer = lambda request: None if request.body == b"2" else OK
    assert post(door, told.url, b"1") == FINE
    assert post(door, told.url, b"2") == BROKE_OFF
    assert told.bodies() == [b"1", b"2"]
    assert post(door, told.url, b"3") == FINE
    assert told.connections == 2


def test_where_nothing_was_sent_a_new_connection_takes_over(told: Peer) -> None:
    """The closing came between the look at the connection and the first byte."""
    told.closes = told.resets = True
    line = lined(told)
    assert told.ended.wait(5)
    with pytest.raises(StaleError):
        asked(line, b"2")
    assert told.bodies() == [b"1"]


def test_a_closing_that_crosses_the_request_on_its_way_is_no_answer(told: Peer) -> None:
    told.closes = True
    line = lined(told)
    assert told.ended.wait(5)
    with pytest.raises(CallError, match="broke off") as raised:
        asked(line, b"2")
    assert not isinstance(raised.value, StaleError)


def test_a_connection_is_kept_for_a_short_while_only(told: Peer) -> None:
    line = lined(told)
    assert line.is_fit()
    line.good_until = time.monotonic()
    assert not line.is_fit()


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=0, max=5\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        # More than it announced: the rest would pass for the next request's answer.
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_is_not_kept_where_the_server_says_or_does_otherwise(
    told: Peer, door: Door, answer: bytes
) -> None:
    told.answer = lambda request: answer
    assert [post(door, told.url), post(door, told.url)] == [FINE, FINE]
    assert told.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nno",
    ],
)
def test_every_whole_answer_leaves_the_connection_fit(
    told: Peer, door: Door, answer: bytes
) -> None:
    told.answer = lambda request: answer
    assert post(door, told.url).status == post(door, told.url).status
    assert (told.connections, len(told.requests)) == (1, 2)


@pytest.mark.parametrize("answer", [b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 101 Switching\r\n\r\n"])
def test_what_is_not_http_is_no_answer(told: Peer, door: Door, answer: bytes) -> None:
    told.answer = lambda request: answer
    assert post(door, told.url) == Answer(error="the answer was not HTTP")


def test_headers_without_end_are_no_answer(told: Peer, door: Door) -> None:
    told.answer = lambda request: b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000
    assert post(door, told.url).status is None


def test_a_long_body_is_not_read_to_its_end(told: Peer, door: Door) -> None:
    long = b"HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n" + b"a" * 100_000
    told.answer = lambda request: long
    answers = [post(door, told.url), post(door, told.url)]
    assert answers == [Answer(200, "a" * 500)] * 2
    assert told.connections == 2


def test_the_deadline_is_each_calls_own_and_ends_the_connection(told: Peer, door: Door) -> None:
    assert post(door, told.url, b"1") == FINE
    released = threading.Event()

    def hang(request: Request) -> bytes:
        released.wait(10)
        return OK

    told.answer = hang
    began = time.monotonic()
    hung = post(door, told.url, b"2", deadline=0.3)
    assert hung == Answer(error="no answer within 0.3 seconds")
    assert time.monotonic() - began < 5
    released.set()
    assert post(door, told.url, b"3") == FINE
    assert [request.connection for request in told.requests] == [1, 1, 2]


def test_only_so_many_connections_wait(told: Peer) -> None:
    with Door(most_idle=1) as door, peer() as other:
        assert (post(door, told.url), post(door, other.url)) == (FINE, FINE)
        assert told.ended.wait(5)
        assert (post(door, other.url), post(door, told.url)) == (FINE, FINE)
    assert (told.connections, other.connections) == (2, 1)


def test_closed_it_ends_them_all(told: Peer, door: Door) -> None:
    assert post(door, told.url) == FINE
    door.close()
    assert told.ended.wait(5)


def test_threads_share_it_and_each_gets_its_own_answer(told: Peer, door: Door) -> None:
    def echo(request: Request) -> bytes:
        head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(request.body)}\r\n\r\n"
        return head.encode() + request.body

    told.answer = echo

    def talk(name: str) -> list[bool]:
        bodies = [f"{name} {number}" for number in range(30)]
        return [post(door, told.url, body.encode()) == Answer(200, body) for body in bodies]

    heard = run_together(*(lambda name=name: talk(name) for name in "abcdef"))
    assert heard == [[True] * 30] * 6
    assert len(set(told.bodies())) == len(told.bodies()) == 180
    assert told.connections <= 6


def test_names_the_host_and_the_length_itself(told: Peer, door: Door) -> None:
    given = {"host": "elsewhere", "Content-Length": "0", "Transfer-Encoding": "chunked", "X-A": "b"}
    answer = door.post(told.url, body=b"{}", headers=given, deadline=5)
    assert answer == FINE
    head = told.requests[0].head.decode()
    assert f"Host: 127.0.0.1:{told.port}\r\n" in head
    assert "Content-Length: 2\r\n" in head
    assert "X-A: b\r\n" in head
    assert "elsewhere" not in head
    assert "chunked" not in head


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\x00", "\ud800"])
def test_a_header_that_is_none_is_not_sent(told: Peer, door: Door, value: str) -> None:
    answer = door.post(told.url, body=b"{}", headers={"x-a": value}, deadline=5)
    assert answer == Answer(error="one of the headers cannot be sent")
    assert told.requests == []


@pytest.mark.parametrize("name", ["", "a b", "a: b", "a\r\nb", "é"])
def test_nor_one_whose_name_is_none(told: Peer, door: Door, name: str) -> None:
    answer = door.post(told.url, body=b"{}", headers={name: "x"}, deadline=5)
    assert answer == Answer(error="one of the headers cannot be sent")
    assert told.requests == []


def test_says_when_it_waits(told: Peer, door: Door) -> None:
    """Before it opens a connection, and where an answer is not there at once."""
    waits: list[str] = []
    assert _said(door, told, lambda: waits.append("connects")) == FINE
    assert waits[:1] == ["connects"]
    waits.clear()
    told.answer = lambda request: OK if told.ended.wait(0.2) else OK
    assert _said(door, told, lambda: waits.append("answer")) == FINE
    assert waits == ["answer"]


def _said(door: Door, told: Peer, on_wait: Callable[[], None]) -> Answer:
    return door.post(told.url, body=b"{}", headers={}, deadline=5, on_wait=on_wait)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("86401", 86_400),
        ("999999999", 86_400),
        ("99999999999999999999", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2215 07:28:00 GMT", 86_400),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_how_long_a_server_asks_to_be_left_alone(said: str, seconds: int | None) -> None:
    wait = None if seconds is None else timedelta(seconds=seconds)
    assert outbound.retry_after({b"retry-after": said.encode()}) == wait


def test_a_date_counts_from_now(told: Peer, door: Door) -> None:
    until = format_datetime(clock.now() + timedelta(minutes=10), usegmt=True)
    head = f"HTTP/1.1 503 Busy\r\nretry-after: {until}\r\ncontent-length: 0\r\n\r\n"
    told.answer = lambda request: head.encode()
    answer = post(door, told.url)
    assert answer.retry_after is not None
    assert timedelta(minutes=9) < answer.retry_after <= timedelta(minutes=10)


@pytest.mark.django_db
def test_refuses_to_call_inside_a_transaction(told: Peer, door: Door) -> None:
    with transaction.atomic(), pytest.raises(NetworkInTransactionError):
        post(door, told.url)
    assert told.requests == []
