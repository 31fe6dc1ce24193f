"""The worker's tasks: from a message, or from a look at what is due, to the answer for the state machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.payments.answers import ABANDONED, ALREADY_CAPTURED, NO_PAYMENT, NOT_INTENDED, Answer, TryLater, answer_of
from loyalty.payments.authorising import complete, open_checkout
from loyalty.payments.capturing import capture, check, finish, reauthorise
from loyalty.payments.collecting import collect
from loyalty.payments.disputes import follow
from loyalty.payments.provider import NotSent, NotTrusted, OutcomeUnknown, PaymentProvider, Throttled
from loyalty.payments.refunding import send_back
from loyalty.payments.store import Payment, Payments
from loyalty.payments.voiding import give_back, reread

WITH_TOKEN = ("authorise", "capture", "void")
TASKS = (*WITH_TOKEN, "complete", "abandon", "reauthorise", "collect", "refund", "dispute", "check", "close")


@dataclass(frozen=True, slots=True)
class Settings:
    """`providers` by the name in the payment's row; members come back to `portal_origin`."""

    providers: Mapping[str, PaymentProvider]
    portal_origin: str


@dataclass(frozen=True, slots=True)
class Task:
    """One message. `task_token` is None when the worker looks by itself: then the row's token is answered."""

    task: str
    program_id: int
    redemption_id: UUID
    task_token: str | None = None

    @classmethod
    def from_message(cls, body: Mapping[str, Any]) -> Task:
        """Raises ValueError for a message that is none of ours."""
        task, program_id, token = body.get("task"), body.get("program_id"), body.get("task_token")
        if task not in TASKS or not isinstance(program_id, int) or isinstance(program_id, bool):
            raise ValueError("not a payments task")
        if task in WITH_TOKEN and not isinstance(token, str):
            raise ValueError(f"{task} needs a task token")
        return cls(task, program_id, UUID(str(body.get("redemption_id"))), token if task in WITH_TOKEN else None)


def run(connection: Connection, settings: Settings, task: Task) -> Answer | None:
    """Bring the payment as far as it goes now. Idempotent. Raises TryLater, or PaymentError for what needs a person."""
    payments = Payments(connection)
    if task.task_token is not None:
        refusal = _take(payments, task, task.task_token)
        if refusal is not None:
            return refusal
    if task.task == "abandon" and payments.abandon(task.program_id, task.redemption_id) != "ok":
        return None
    payment = payments.payment(task.program_id, task.redemption_id)
    if payment is None:
        return None
    if task.task == "capture" and payment.capture_minor is None:
        return Answer(payment.task_token, error=NOT_INTENDED) if payment.task_token else None
    with _patience():
        _work(payments, settings, payment, task.task)
    return answer_of(reread(payments, payment))


def answered(connection: Connection, task: Task, answer: Answer) -> None:
    """The answer is delivered; nobody needs to give it again."""
    Payments(connection).answered(task.program_id, task.redemption_id, answer.task_token)


def due(connection: Connection, page_size: int) -> Iterator[Task]:
    """What to look at now without being asked: open approvals, lost calls, old reservations; bounded a programme."""
    payments = Payments(connection)
    for program_id in payments.programs_at_work():
        for redemption_id, task in payments.due(program_id, page_size):
            yield Task(task, program_id, redemption_id)


def _take(payments: Payments, task: Task, task_token: str) -> Answer | None:
    match payments.take_task(task.program_id, task.redemption_id, task.task, task_token):
        case "unknown_payment":
            return Answer(task_token, error=NO_PAYMENT)
        case "captured":
            return Answer(task_token, error=ALREADY_CAPTURED)
        case "void" if task.task == "authorise":
            return Answer(task_token, error=ABANDONED, cause="given back")
        case "void":
            return Answer(task_token, {"state": "voided", "captured_minor": 0})
    return None


def _work(payments: Payments, settings: Settings, payment: Payment, task: str) -> None:
    provider = settings.providers[payment.provider]
    match task:
        case "authorise":
            open_checkout(payments, provider, payment, settings.portal_origin)
        case "complete":
            complete(payments, provider, payment)
        case "capture" | "collect" | "reauthorise" if payment.by_shipment:
            # What cannot be renewed is taken before it lapses.
            old = payments.due_for_reauthorisation(payment)
            if old and provider.renews and payment.step is None:
                reauthorise(payments, provider, payment)
                payment = reread(payments, payment)
            collect(payments, provider, payment, everything=old and not provider.renews)
        case "capture":
            capture(payments, provider, payment)
        case "void" | "abandon":
            give_back(payments, provider, payment)
        case "reauthorise" if payment.step == "reauthorise" or payments.due_for_reauthorisation(payment):
            reauthorise(payments, provider, payment)
        case "refund":
            send_back(payments, provider, payment)
        case "dispute":
            follow(payments, provider, payment)
        case "check":
            check(payments, provider, payment)
        case "close":
            finish(payments, provider, payment)


@contextmanager
def _patience() -> Iterator[None]:
    """What the provider cannot do now is done later; a matter of our account is for a person, and waits longer."""
    try:
        yield
    except Throttled as throttled:
        raise TryLater(throttled.retry_after_seconds, throttled.reason) from throttled
    except NotSent as not_sent:
        raise TryLater(5, not_sent.reason) from not_sent
    except OutcomeUnknown as unknown:
        raise TryLater(5, unknown.reason) from unknown
    except NotTrusted as not_trusted:
        raise TryLater(60, not_trusted.reason, alarm=True) from not_trusted
