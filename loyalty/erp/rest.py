"""An ERP, or what stands in front of it, that speaks docs/erp.md: documents by POST, their standing by GET."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from loyalty.erp.gateway import Accepted, Again, Outgoing, Posted, Refused, Told
from loyalty.integrations.outside import MOST_BYTES, Answer, NotReached

USER_AGENT = "loyalty-erp/1"
PATHS = {"invoice": "/invoices", "credit_memo": "/credit-memos", "journal": "/journals"}
TYPES = {"json": "application/json", "ubl": "application/xml"}
# Nothing was sent: before these nobody had an open line.
NOT_SENT = frozenset({"not-allowed", "no-such-host", "not-trusted", "no-connection"})
# Who turns us away at the door has read nothing: another way, no token, no such path, too often.
TURNED_AWAY = frozenset({301, 302, 303, 307, 308, 401, 403, 404, 405, 429})
MOST_WAIT_SECONDS = 3600
_ID = re.compile(r"[\x21-\x7e]{1,100}")


class Reads(Protocol):
    """The way to the internet that can bring an answer's body (`loyalty.integrations.outside.Outside`)."""

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, most_bytes: int = 0
    ) -> Answer: ...


class RestErp:
    """`endpoint`: where the paths begin. The token goes to this endpoint only."""

    def __init__(self, calls: Reads, endpoint: str, token: str) -> None:
        self._calls, self._endpoint, self._token = calls, endpoint.rstrip("/"), token

    def post(self, document: Outgoing) -> Told:
        """POST with its key; 409 with our own content is a success that nobody had heard of."""
        body = document.body.encode()
        headers = {"Content-Type": TYPES[document.format], "Idempotency-Key": quote(document.key, safe=" :/&.,()+-")}
        answer = self._ask("POST", PATHS[document.kind], headers, body)
        if isinstance(answer, Again):
            return answer
        told = _object(answer.body)
        code, detail = _text(told, "code", "refused"), _detail(told)
        match answer.status:
            case 200 | 201 | 202:
                return _has(told, answer.status)
            case 409 if told.get("sha256") == hashlib.sha256(body).hexdigest():
                return _has(told, 409)
            case 409:
                return Refused(_text(told, "code", "other_content"), detail, 409)
            case 400 | 413 | 422:
                return Refused(code, detail, answer.status)
        return _again(answer)

    def status(self, document_id: str) -> Told:
        """GET; what it has never heard of is asked for again."""
        answer = self._ask("GET", f"/documents/{quote(document_id, safe='')}", {}, b"")
        if isinstance(answer, Again):
            return answer
        told = _object(answer.body)
        if answer.status != 200:
            return _again(answer)
        if told.get("status") == "rejected":
            return Refused(_text(told, "code", "rejected"), _detail(told), 200)
        return _has({"document_id": document_id, **told}, 200)

    def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer | Again:
        asked = {
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            "Authorization": f"Bearer {self._token}",
            **headers,
        }
        parts = urlsplit(self._endpoint)
        url = parts._replace(path=f"{parts.path}{path}").geturl()
        try:
            return self._calls.call(method, url, asked, body, most_bytes=MOST_BYTES)
        except NotReached as failure:
            return Again(failure.problem, failure.problem not in NOT_SENT)


def _has(told: Mapping[str, Any], status: int) -> Told:
    """The ERP has it, if its answer says as what."""
    document_id, stands = told.get("document_id"), told.get("status")
    if not isinstance(document_id, str) or not _ID.fullmatch(document_id) or stands not in ("posted", "pending"):
        return Again("malformed", left=True, status=status)
    return (Posted if stands == "posted" else Accepted)(document_id, stands, status)


def _again(answer: Answer) -> Again:
    wait = answer.retry_after or ""
    seconds = min(int(wait), MOST_WAIT_SECONDS) if wait.isascii() and wait.isdecimal() else 0
    # Any other answer may have come after the booking, also one that says too little.
    return Again(f"status {answer.status}", answer.status not in TURNED_AWAY, answer.status, seconds)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _text(told: Mapping[str, Any], name: str, otherwise: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", value) else otherwise


def _detail(told: Mapping[str, Any]) -> str:
    parts = [told.get("field"), told.get("detail") or told.get("reason")]
    words = ": ".join(one for one in parts if isinstance(one, str) and one)
    return "".join(letter if letter.isprintable() else " " for letter in words)[:500]
