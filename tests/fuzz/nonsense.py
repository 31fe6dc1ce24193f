"""Ways to spoil a good request. Each strategy draws a function from a request to (request, parts of the event)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.fuzz.door import METHODS, Request

type Spoilt = tuple[Request, dict[str, Any]]
type Spoiling = Callable[[Request], Spoilt]

OLD_KEY = "01890a5d-ac96-774b-bcce-b302099a8057"  # a UUIDv7 of 2023
NUMBERS = [-1, 0, 1, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, 1e308, -0.0]
TEXTS = [
    "", " ", "0", "null", "NaN", "1e3", "a\u0000b", "\ud800", "\u202e", "\U0001f4a9" * 20, "x" * 300, "x" * 40_000,
    "'; drop table points.member; --", "${jndi:ldap://x}", "../../etc/passwd", "<script>alert(1)</script>", "%s%n",
    "jane.doe@example.com", "+1 206 555 0199", "9999-12-31T23:59:59Z", "0001-01-01", "2026-02-30", OLD_KEY, "İ",
    "ß" * 30,
]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(NUMBERS),
    st.sampled_from(TEXTS),
    st.sampled_from([None, True, False, [], {}, [[]], {"a": {"b": [1]}}, [None] * 100]),
    st.text(max_size=70),
    st.integers(),
    st.recursive(st.none() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=4),
)
BODIES = [
    *(b'{"a":' * deep + b"1" + b"}" * deep for deep in (90, 240, 480, 900, 1_900, 4_000, 8_000)),
    b"", b"{", b"null", b"[]", b"[{}]", b'"text"', b"1", b"NaN", b'{"points": NaN}', b'{"points": -Infinity}',
    b'{"a": 1e999}',
    b'{"points": ' + b"9" * 5000 + b"}", b"[" * 30_000, b"\xff\xfe{}",
    b"\xef\xbb\xbf{}",
    b'{"a": "\xc3\x28"}', b'{"a": "\\ud800"}', b'{"a": "\\u0000"}', b"\x00", b"{}" + b" " * 70_000,
    b'{"a": "' + b"x" * 70_000 + b'"}',
    b"a=1&b=2", b"<xml/>", b"{'a': 1}", b'{"a": 1,}', b'{"a": 1} {}', b'{"a\x00": 1}',
]  # fmt: skip
TYPES = [
    "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    "application/json; charset=utf-16", "application/json;charset=", "APPLICATION/JSON", "application/problem+json",
    "\x00", ",",
]  # fmt: skip
KEYS = [
    "",
    "x",
    "0",
    OLD_KEY,
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "{" + OLD_KEY + "}",
    "f" * 32,
    "x" * 5000,
    "é",
    f" {OLD_KEY} ",
]
PATHS = [
    "", "/", "//", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%00", "/%ff", "/%", "/%zz", "/me%2Fbalance",
    "/me/", "/ME", "/me?x",
    "/" + "x" * 3000, "/redemptions/%0d%0aSet-Cookie:x", "/members/%E2%80%AE", "/.", "/*", "/<version>",
    "/catalogue/1e3/products",
]  # fmt: skip
QUERIES = [
    "limit=", "limit=0", "limit=-1", "limit=1e3", f"limit={2**64}", "limit=5&limit=6", "limit[]=1", "before=x",
    "before=-1", f"before={2**63}",
    "before=%00", "page=%ff", "page=AAAA", "page=bnVsbA==", "page=W10=", "page=eyJhIjoxfQ", "search=%25%27%22%5C",
    "search=" + "x" * 200,
    "search=%ED%A0%80", "sort=price;drop", "max_points=NaN", f"max_points={2**53}", "category=..%2F", "&&&", "=",
    "%", "a=" * 500,
]  # fmt: skip
EVENTS: list[dict[str, Any]] = [
    {"headers": None, "multiValueHeaders": None},
    {"headers": {}},
    {"queryStringParameters": {}, "multiValueQueryStringParameters": {}},
    {"queryStringParameters": {"limit": "1"}, "multiValueQueryStringParameters": None},
    {"body": "not base64!", "isBase64Encoded": True},
    {"body": None},
    {"body": "\ud800"},
    {"pathParameters": None},
]


@st.composite
def field_of_body(draw: st.DrawFn) -> Spoiling:
    """One field has another value, is gone, or there is one more."""
    where, value, how = (
        draw(st.integers(0, 50)),
        draw(VALUES),
        draw(st.sampled_from(["set", "set", "set", "gone", "more"])),
    )
    name = draw(st.sampled_from(["surprise", "__proto__", "points ", "", "a.b", "программа"]) | st.text(max_size=20))

    def spoil(request: Request) -> Spoilt:
        body = json.loads(request.body or b"{}")
        places = list(_places(body))
        if how == "more" or not places:
            body[name] = value
        else:
            inside, key = places[where % len(places)]
            if how == "gone":
                del inside[key]
            else:
                inside[key] = value
        return replace(request, body=json.dumps(body).encode("utf-8", "surrogatepass"), headers=_typed(request)), {}

    return spoil


@st.composite
def whole_body(draw: st.DrawFn) -> Spoiling:
    """Something else entirely, or bytes of the good one changed."""
    other = draw(st.none() | st.sampled_from(BODIES) | st.binary(max_size=60))
    at, byte = draw(st.integers(0, 300)), draw(st.binary(max_size=2))

    def spoil(request: Request) -> Spoilt:
        good = request.body or b""
        cut = at % (len(good) + 1)
        return replace(
            request, body=good[:cut] + byte + good[cut + 1 :] if other is None else other, headers=_typed(request)
        ), {}

    return spoil


@st.composite
def headers(draw: st.DrawFn) -> Spoiling:
    """The key, the type of content, and others that mean nothing here."""
    given = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "Idempotency-Key": st.sampled_from(KEYS) | st.uuids().map(str) | st.text(max_size=50),
                "Content-Type": st.sampled_from(TYPES) | st.text(max_size=30),
                "X-Correlation-Id": st.sampled_from(["x", "jane.doe@example.com", "a" * 2000, "\r\nX: y"])
                | st.text(max_size=70),
                "Accept": st.sampled_from(["", "text/html", "*/*;q=0", "application/problem+json"]),
                "Origin": st.sampled_from(["null", "https://evil.example", ""]),
                "Content-Encoding": st.just("gzip"),
                "Content-Length": st.just("-1"),
                "X-HTTP-Method-Override": st.just("DELETE"),
            },
        )
    )
    without = draw(st.sampled_from([None, "Idempotency-Key", "Content-Type"]))
    lower = draw(st.booleans())

    def spoil(request: Request) -> Spoilt:
        merged = {name: value for name, value in {**request.headers, **given}.items() if name != without}
        return replace(request, headers={name.lower() if lower else name: merged[name] for name in merged}), {}

    return spoil


@st.composite
def address(draw: st.DrawFn) -> Spoiling:
    """Another method, path or query, or an id in the path that is none."""
    method = draw(st.none() | st.sampled_from([*METHODS, "OPTIONS", "TRACE", "get", ""]))
    path = draw(st.none() | st.sampled_from(PATHS))
    part = draw(st.none() | st.sampled_from(TEXTS) | st.text(max_size=40) | st.integers().map(str))
    query = draw(st.none() | st.sampled_from(QUERIES) | st.text(max_size=40).map(_quoted))
    where = draw(st.integers(0, 5))

    def spoil(request: Request) -> Spoilt:
        parts = request.path.split("/")
        if part is not None:
            parts[where % (len(parts) - 1) + 1] = _quoted(part)
        return (
            replace(
                request,
                method=request.method if method is None else method,
                path="/".join(parts) if path is None else path,
                query=request.query if query is None else query,
            ),
            {},
        )

    return spoil


@st.composite
def event(draw: st.DrawFn) -> Spoiling:
    """What the gateway itself may leave out or garble."""
    parts = draw(st.sampled_from(EVENTS))
    return lambda request: (request, parts)


SPOILINGS = st.one_of(field_of_body(), field_of_body(), field_of_body(), whole_body(), headers(), address(), event())


def _typed(request: Request) -> dict[str, str]:
    return {"Content-Type": "application/json", **request.headers}


def _quoted(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a document."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        yield from _places(value[key])
