"""Where no webhook goes: special blocks, disguised spellings, and names that change their mind."""

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from developers.webhooks.addresses import is_reachable
from developers.webhooks.outbound import Answer, Door
from tests.developers.peer import OK, Peer, Request, peer

# IANA's registries of special-purpose addresses, as far as they are not public, multicast, and
# what clouds answer with their metadata from.
BLOCKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "100.100.100.200/32",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "169.254.169.254/32",
    "169.254.170.2/32",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:2::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fd00:ec2::254/128",
    "fd20:ce::254/128",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
]
IN_IPV4 = [ipaddress.IPv4Network(block) for block in BLOCKS if ":" not in block]
# Just outside of a block on either side: it is refused for what it is, not for its looks.
NEIGHBOURS = [
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "168.63.129.17",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::",
    "2001:db7:ffff::1",
    "2001:db9::",
    "2003::",
    "3ffe:ffff::1",
    "3fff:1000::",
]
# Of loopback, as resolvers, browsers and careless parsers read it.
SPELLINGS = [
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "127.0.1",
    "127.0.0.1.",
    "127.000.000.001",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
    "[::1%25lo]",
    "%31%32%37.0.0.1",
]
REFUSALS = {
    "not a public address",
    "the host name has no address",
    "the address cannot be sent to",
}
NAME = "hooks.example.com"


@pytest.fixture
def closed(settings: Settings) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False


@pytest.fixture
def told() -> Iterator[Peer]:
    with peer() as running:
        yield running


@dataclass
class Resolver:
    """Stands at the socket's edge: knows one name, and has a new answer at each question."""

    answers: list[list[str]] = field(default_factory=list)
    asked: int = 0

    def getaddrinfo(self, host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if host != NAME:
            return list(GETADDRINFO(host, port, *more, **named))
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        return [entry for text in answer for entry in GETADDRINFO(text, port, *more, **named)]


GETADDRINFO = socket.getaddrinfo


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    made = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", made.getaddrinfo)
    return made


def post(door: Door, url: str, deadline: float = 5) -> Answer:
    return door.post(url, body=b"{}", headers={}, deadline=deadline)


@pytest.mark.parametrize("block", BLOCKS)
def test_neither_end_of_a_special_block_is_reachable(block: str, closed: None) -> None:
    network = ipaddress.ip_network(block)
    ends = [network[0], network[network.num_addresses // 2], network[-1]]
    assert not [address for address in ends if is_reachable(address)]


@pytest.mark.parametrize("block", IN_IPV4, ids=str)
@pytest.mark.parametrize("prefix", ["::ffff:0:0", "::", "::ffff:0:0:0", "64:ff9b::"])
def test_nor_is_one_inside_an_ipv6_address(
    block: ipaddress.IPv4Network, prefix: str, closed: None
) -> None:
    """IPv4-mapped, IPv4-compatible, IPv4-translated, NAT64."""
    begin = int(ipaddress.IPv6Address(prefix))
    ends = [ipaddress.IPv6Address(begin + int(end)) for end in (block[0], block[-1])]
    assert not [address for address in ends if is_reachable(address)]


@pytest.mark.parametrize("block", IN_IPV4, ids=str)
def test_nor_is_one_behind_6to4(block: ipaddress.IPv4Network, closed: None) -> None:
    begin = int(ipaddress.IPv6Address("2002::"))
    behind = ipaddress.IPv6Address(begin + (int(block[0]) << 80) + 1)
    assert not is_reachable(behind)


@pytest.mark.parametrize("address", NEIGHBOURS)
def test_their_neighbours_are_reachable(address: str, closed: None) -> None:
    assert is_reachable(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_loopback_is_connected_to(host: str, told: Peer, closed: None) -> None:
    with Door() as door:
        answer = post(door, f"http://{host}:{told.port}/")
    assert answer.error in REFUSALS
    assert told.connections == 0


def test_a_name_is_asked_once_for_each_connection(
    told: Peer, resolver: Resolver, closed: None
) -> None:
    """A second question could be answered with an address that nobody has vetted."""
    resolver.answers = [["192.0.2.1"], ["127.0.0.1"]]
    with Door() as door:
        assert post(door, f"http://{NAME}:{told.port}/").error == "not a public address"
    assert resolver.asked == 1
    assert told.connections == 0


def test_a_name_that_turned_inwards_is_refused_at_the_next_connection(
    told: Peer, resolver: Resolver
) -> None:
    """What is kept goes on to where it was vetted; what is opened anew is vetted anew."""
    resolver.answers = [["127.0.0.1"], ["10.0.0.1"]]
    url = f"http://{NAME}:{told.port}/"
    with Door() as door:
        assert [post(door, url), post(door, url)] == [Answer(200, "ok")] * 2
        assert (resolver.asked, told.connections) == (1, 1)
        told.answer = ending
        assert post(door, url).status == 200
        assert post(door, url) == Answer(error="not a public address")
    assert (resolver.asked, told.connections, len(told.requests)) == (2, 1, 3)


def ending(request: Request) -> bytes:
    return OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")


def test_only_the_public_ones_of_a_names_addresses_are_tried(
    told: Peer, resolver: Resolver
) -> None:
    resolver.answers = [["10.0.0.1", "169.254.169.254", "fd00:ec2::254", "127.0.0.1"]]
    with Door() as door:
        assert post(door, f"http://{NAME}:{told.port}/") == Answer(200, "ok")
    assert told.connections == 1


def test_where_the_bytes_go_is_what_counts(
    told: Peer, monkeypatch: pytest.MonkeyPatch, closed: None
) -> None:
    """The network leads a public address to this machine, as a redirecting router would."""
    connect = socket.create_connection

    def diverted(address: tuple[str, int], *more: Any, **named: Any) -> socket.socket:
        assert address[0] == "1.1.1.1"
        return connect(("127.0.0.1", told.port), *more, **named)

    monkeypatch.setattr(socket, "create_connection", diverted)
    with Door() as door:
        assert post(door, "http://1.1.1.1/").error == "not a public address"
    assert told.requests == []
