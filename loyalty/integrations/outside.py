"""Calling an address that somebody else wrote down: by TLS, to the internet only, once, and never for long.

The name is looked up here and the connection goes to the very address that was looked at: what the name says a moment
later does not matter. A redirect is an answer, and is not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import SplitResult, urlsplit

from loyalty.programme.schema.integrations import is_public_host

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
PORT = 443
# More than any answer that is read has to say.
MOST_BYTES = 256 * 1024

# A name's addresses. Raises OSError.
type LookUp = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `body`: empty unless it was asked for; `retry_after`: the header of that name."""

    status: int
    milliseconds: int
    body: bytes = b""
    retry_after: str | None = None


class NotReached(Exception):
    """There was no answer. `problem`: not-allowed, no-such-host, not-trusted, no-connection, too-slow, broken, or
    too-much of one. After the last three the request may have arrived."""

    def __init__(self, problem: str, milliseconds: int = 0) -> None:
        super().__init__(problem)
        self.problem = problem
        self.milliseconds = milliseconds


def is_public(address: str) -> bool:
    """Whether it is on the internet: not ours, not this machine's, not a way round by another kind of address."""
    one = ipaddress.ip_address(address)
    # Addresses that carry another one are taken for it by somebody on the way.
    if isinstance(one, ipaddress.IPv6Address) and (
        one.ipv4_mapped or one.sixtofour or one.teredo or one in _TRANSLATED
    ):
        return False
    return one.is_global and not one.is_multicast


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/32")


def look_up(host: str) -> list[str]:
    """The system's answer."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, PORT, proto=socket.IPPROTO_TCP)]


def elsewhere(setting: str | None) -> dict[str, str]:
    """What OUTSIDE_HOSTS says: a JSON object, host → URL of where it is on this machine. Raises ValueError."""
    told = json.loads(setting) if setting else {}
    if not isinstance(told, dict) or not all(isinstance(url, str) for url in told.values()):
        raise ValueError("OUTSIDE_HOSTS: an object, host to URL")
    for host, url in told.items():
        parts = urlsplit(url)
        if not is_public_host(host) or parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"OUTSIDE_HOSTS: {host} leads nowhere")
    return told


@dataclass(frozen=True, slots=True)
class Outside:
    """`connect`: for tests; opens a TLS connection to an address for a host. `hosts`: those that are not on the
    internet but at a URL of ours, a laptop's stand-ins; only an entry point says which."""

    look_up: LookUp = look_up
    connect: Callable[[str, str], socket.socket] | None = None
    answer_seconds: float = ANSWER_SECONDS
    hosts: Mapping[str, str] = field(default_factory=dict)

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, most_bytes: int = 0
    ) -> Answer:
        """One request; of the answer's body `most_bytes` are read, and one that has more is none. Raises NotReached."""
        began = time.monotonic()
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or _port(parts) not in (None, PORT) or parts.username or not is_public_host(host):
            raise NotReached("not-allowed")
        ours = urlsplit(self.hosts[host]) if host in self.hosts else None
        address = "" if ours else self._address(host)
        path = f"{ours.path.rstrip('/') if ours else ''}{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection: socket.socket | None = None
        late = threading.Event()

        def enough() -> None:
            late.set()
            if connection is not None:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    connection.close()

        # Socket time-outs begin again with every byte; this one does not.
        timer = threading.Timer(self.answer_seconds, enough)
        timer.daemon = True
        timer.start()
        try:
            connection = _connect_here(ours) if ours else (self.connect or _connect)(address, host)
            connection.settimeout(self.answer_seconds)
            speaking = http.client.HTTPSConnection(host, PORT)
            speaking.sock = connection
            speaking.request(method, path, body or None, {"Connection": "close", **headers})
            answer = speaking.getresponse()
            read = answer.read(most_bytes + 1) if most_bytes else b""
            # An answer that broke off: read(n) does not say so itself.
            if late.is_set() or (most_bytes and len(read) <= most_bytes and answer.length):
                raise http.client.IncompleteRead(read)
        except ssl.SSLCertVerificationError:
            raise NotReached("not-trusted", _since(began)) from None
        except (OSError, http.client.HTTPException, ValueError) as failure:
            slow = late.is_set() or isinstance(failure, TimeoutError)
            problem = "too-slow" if slow else "no-connection" if connection is None else "broken"
            raise NotReached(problem, _since(began)) from None
        finally:
            timer.cancel()
            if connection is not None:
                connection.close()
        if len(read) > most_bytes:
            raise NotReached("too-much", _since(began))
        return Answer(answer.status, _since(began), read, answer.headers.get("Retry-After"))

    def _address(self, host: str) -> str:
        try:
            found = self.look_up(host)
        except OSError:
            raise NotReached("no-such-host") from None
        # One address of ours among them would be reason enough to use it next time.
        if not found or not all(is_public(one) for one in found):
            raise NotReached("not-allowed")
        return found[0]


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return 0


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


def _connect_here(ours: SplitResult) -> socket.socket:
    address = (ours.hostname or "", ours.port or (PORT if ours.scheme == "https" else 80))
    plain = socket.create_connection(address, timeout=CONNECT_SECONDS)
    if ours.scheme == "http":
        return plain
    try:
        return _context().wrap_socket(plain, server_hostname=ours.hostname)
    except BaseException:
        plain.close()
        raise


def _connect(address: str, host: str) -> socket.socket:
    plain = socket.create_connection((address, PORT), timeout=CONNECT_SECONDS)
    try:
        return _context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
