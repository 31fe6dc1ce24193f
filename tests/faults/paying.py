"""The way to Amazon Pay: what `urllib3.PoolManager` is to the client, with everything that can happen on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from loyalty.payments.amazon_pay.adapter import AmazonPay
from loyalty.payments.amazon_pay.client import AmazonPayClient, Credentials
from tests.faults import cells
from tests.faults.amazon_pay import Reply
from tests.faults.injecting import Encounter

if TYPE_CHECKING:
    from tests.faults.world import World

BASE = "https://pay-api.amazon.test"
COMPONENT = "payments"
GARBAGE = (b"<html>", b'{"chargeId": "S01', b"[]", b"{}")
# A signature is made for each call; a short key keeps that cheap.
KEY_BITS = 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client reads of a response."""

    status: int
    data: bytes
    headers: dict[str, str] = field(default_factory=dict)


def provider(world: World) -> AmazonPay:
    """The real adapter and client, on the simulated network and clock; the same for one world after another."""
    if not _made:
        network = Network()
        credentials = Credentials("SANDBOX-STORM", _pem(), "store", "merchant")
        client = AmazonPayClient(
            BASE,
            credentials,
            http=network,  # type: ignore[arg-type]
            utc_now=lambda: network.world.now(),
        )
        _made.append((network, AmazonPay(client, credentials.store_id)))
    network, made = _made[0]
    network.world = world
    return made


class Network:
    """One world after another; the books are the world's."""

    world: World

    def request(self, method: str, url: str, *, body: bytes | None, headers: dict[str, str], **_: Any) -> Answer:
        world, path, data = self.world, url.removeprefix(BASE), body or b""
        operation, step = _operation(method, path)
        if world.pay_revoked_until > world.now():
            world.trace(f"pay {operation} → 401")
            return _reply((401, {"reasonCode": "UnauthorizedAccess"}))
        books = world.books
        reference = books.reference_of(path, data)
        saga = world.sagas_by_id.get(reference or "")
        opening = saga is not None and saga.plan.aims_at_opening

        def able(outcome: str) -> bool:
            if step == "A":
                return (operation == "open") is (opening and outcome != cells.REFUSED)
            if outcome == cells.PARTIAL:
                return operation == "refund" or (operation == "capture" and books.is_part(path, data))
            return True

        encounter = world.injector.meet(step, saga and saga.number, COMPONENT, able=able)
        key = headers.get("x-amz-pay-idempotency-key")
        return self._come_out(encounter, operation, reference, lambda: books.answer(method, path, key, data), saga)

    def _come_out(
        self, encounter: Encounter, operation: str, reference: str | None, do: Callable[[], Reply], saga: Any
    ) -> Answer:
        world, random = self.world, self.world.random
        answer: Answer | Exception
        match encounter.outcome:
            case cells.REFUSED:
                reasons = ("AmazonRejected", "ProcessingFailure") if operation == "refund" else (
                    "HardDeclined", "SoftDeclined")  # fmt: skip
                world.books.decline_next[(operation, reference or "")] = random.choice(reasons)
                answer = _reply(do())
            case cells.THROTTLED:
                answer = _reply((429, {"reasonCode": "TooManyRequests"}))
            case cells.ERROR:
                if random.random() < 0.5:
                    do()
                answer = _reply((500, {"reasonCode": "InternalServerError"}))
            case cells.TIMEOUT_BEFORE:
                answer = _timeout()
            case cells.TIMEOUT_AFTER:
                do()
                answer = _timeout()
            case cells.DUPLICATE:
                do()
                answer = _reply(do())
            case cells.LATE:
                world.later(random.uniform(1, 60), lambda: self._late(operation, do))
                answer = _timeout()
            case cells.MALFORMED:
                do()
                answer = Answer(200, random.choice(GARBAGE))
            case cells.REVOKED:
                world.revoke_pay(random.uniform(60, 900))
                answer = _reply((401, {"reasonCode": "UnauthorizedAccess"}))
            case cells.RESET:
                answer = self._reset(do)
            case _:
                answer = _reply(do())
        told = type(answer).__name__ if isinstance(answer, Exception) else str(answer.status)
        world.trace(f"pay {operation} {saga.label if saga else '-'} {encounter.outcome} → {told}")
        encounter.happened(COMPONENT)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _late(self, operation: str, do: Callable[[], Reply]) -> None:
        self.world.trace(f"pay {operation} arrives late → {do()[0]}")

    def _reset(self, do: Callable[[], Reply]) -> Exception:
        where = self.world.random.choice(("connecting", "sending", "answering"))
        if where == "connecting":
            return urllib3.exceptions.NewConnectionError(None, "reset")  # type: ignore[arg-type]
        if where == "answering":
            do()
        return urllib3.exceptions.ProtocolError("reset")


def _operation(method: str, path: str) -> tuple[str, str]:
    """(what it is, step of the saga)"""
    parts = path.split("/")[2:]
    match method, parts:
        case "POST", ["checkoutSessions"]:
            return "open", "A"
        case "POST", ["checkoutSessions", _, "complete"]:
            return "complete", "A"
        case "POST", ["charges", _, "capture"]:
            return "capture", "C"
        case "POST", ["charges"]:
            return "charge", "renew"
        case "POST", ["refunds"]:
            return "refund", "X"
        case "DELETE", [_, _, what]:
            return what, "void"
    return f"get {parts[0]}", "ask"


def _timeout() -> Exception:
    return urllib3.exceptions.ReadTimeoutError(None, BASE, "no answer")  # type: ignore[arg-type]


def _reply(reply: Reply) -> Answer:
    return Answer(reply[0], json.dumps(reply[1]).encode())


def _pem() -> str:
    key = rsa.generate_private_key(65537, KEY_BITS)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


# Loading a key is slow.
_made: list[tuple[Network, AmazonPay]] = []
