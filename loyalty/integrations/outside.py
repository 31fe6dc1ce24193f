"""Calling an address that somebody else wrote down: by TLS, to the internet only, once, and never for long.

The name is looked up here and the connection goes to the very address that was looked at: what the name says a moment
later does not matter. A redirect is an answer, and is not followed.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from urllib.parse import SplitResult, urlsplit

from loyalty.programme.schema.integrations import is_public_host

CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 10.0
PORT = 443

# A name's addresses. Raises OSError.
type LookUp = Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the body is not read."""

    status: int
    milliseconds: int


class NotReached(Exception):
    """There was no answer. `problem`: not-allowed, no-such-host, not-trusted, no-connection, too-slow, broken."""

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


@dataclass(frozen=True, slots=True)
class Outside:
    """`connect`: for tests; opens a TLS connection to an address for a host."""

    look_up: LookUp = look_up
    connect: Callable[[str, str], socket.socket] | None = None
    answer_seconds: float = ANSWER_SECONDS

    def call(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """One request. Raises NotReached."""
        began = time.monotonic()
        parts = urlsplit(url)
        host = parts.hostname or ""
        if parts.scheme != "https" or _port(parts) not in (None, PORT) or parts.username or not is_public_host(host):
            raise NotReached("not-allowed")
        address = self._address(host)
        path = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
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
            connection = (self.connect or _connect)(address, host)
            connection.settimeout(self.answer_seconds)
            speaking = http.client.HTTPSConnection(host, PORT)
            speaking.sock = connection
            speaking.request(method, path, body or None, {"Connection": "close", **headers})
            status = speaking.getresponse().status
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
        return Answer(status, _since(began))

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


def _connect(address: str, host: str) -> socket.socket:
    plain = socket.create_connection((address, PORT), timeout=CONNECT_SECONDS)
    try:
        return _context().wrap_socket(plain, server_hostname=host)
    except BaseException:
        plain.close()
        raise
