"""Amazon's invoices as staff see them: what came in, what was read of it, what it is compared with, and what a person
may do where the machine doubts. Answered by `invoice_desk`, which alone of the staff's functions reaches the papers."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel, Field, StringConstraints

from lambdas.http import KEYED, STRICT, Caller, Router, View, idempotency_key, logger
from lambdas.manager_routes.finance import CSV, table
from lambdas.staff import staff
from loyalty import aws
from loyalty.database import Connection, database
from loyalty.invoices import listing, reviewing
from loyalty.invoices.reviewing import Agent, Decision
from loyalty.programme import reading
from loyalty.spreadsheet import harmless

router = Router()

GOOD_SECONDS = 300
JSON_LINES: dict[int, OpenAPIResponse] = {
    200: {"description": "Successful Response", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
# The columns of a sample.
SAMPLE = (
    "document_id", "invoice_id", "field", "printed", "confidence", "read", "corrected", "corrected_by", "corrected_at",
)  # fmt: skip

State = Literal["waiting", "review", "approved", "posted", "refused", "duplicate"]
Month = Annotated[str, Path(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
OfMonth = Annotated[str | None, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
OfNumber = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9/-]{1,40}$")]
OfOrder = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,40}$")]
OfFinding = Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{1,40}$")]


class InvoiceRow(View):
    """An invoice in the list. What could not be read is null; `findings` are codes, `doubts` the same in words."""

    invoice_id: UUID
    kind: Literal["invoice", "credit_memo"] | None
    number: str | None
    state: State
    vendor_name: str | None
    issued_on: date | None
    total_minor: int | None
    currency: str | None
    received_at: datetime
    findings: list[str]
    doubts: list[str]
    erp_document_id: str | None


class InvoicesSeen(View):
    """Newest first; `counts` by state of all there are; `after` leads to the next page."""

    invoices: list[InvoiceRow]
    counts: dict[str, int]
    after: UUID | None


class FindingView(View):
    """Something doubtful, at a field (`lines.0.quantity`; empty: the whole). `words` are for a person."""

    code: str
    field: str
    words: str


class SeenValue(View):
    """Where a value stood on the paper. `name`: number, lines.3.quantity; `box`: left, top, width, height, 0 to 1."""

    name: str
    printed: str
    confidence: float
    page: int
    box: list[float] | None


class MatchView(View):
    """A line beside what was ordered and what was shipped; `line` counts from 0. Nulls: nothing is known of it.

    `invoiced_before`: units on other invoices that were approved.
    """

    line: int
    amazon_order_id: str | None
    asin: str | None
    redemption_id: UUID | None
    order_line: int | None
    ordered_quantity: int | None
    shipped_quantity: int | None
    invoiced_before: int | None
    invoiced_quantity: int | None
    ordered_unit_price_minor: int | None
    invoiced_unit_price_minor: int | None
    findings: list[FindingView]


class PaperFacts(View):
    """The PDF that it stands in; `others`: what else stands in it."""

    document_id: UUID
    name: str
    pages: int | None
    bytes: int
    sha256: str
    source: Literal["mail", "fetched"]
    received_at: datetime
    kept: bool
    others: list[UUID]


class MailFacts(View):
    """The mail that brought it. Verdicts as the receiving server gave them."""

    mail_id: UUID
    received_at: datetime
    sender_domain: str | None
    recipient: str | None
    spf: str | None
    dkim: str | None
    dmarc: str | None


class ErpFacts(View):
    """Where it is on its way to finance's system."""

    document_id: UUID | None
    state: str | None
    erp_document_id: str | None
    reason: str | None
    posted_at: datetime | None


class InvoiceEvent(View):
    """Who did what, when."""

    at: datetime
    kind: str
    actor: str
    detail: dict[str, Any]
    words: str | None


class CorrectionView(View):
    """A value that a person put right: kept as a labelled sample."""

    at: datetime
    actor: str
    field: str
    printed: str | None
    confidence: float | None
    read: Any
    corrected: Any


class InvoiceWhole(View):
    """With everything around it. `content` is null until somebody completes `draft`. `actions`: what this person may do
    now; `second_person`: it differs still, and this person has corrected it, so somebody else has to approve.
    `reason`: of whoever refused it, or approved it although it `differs`."""

    invoice_id: UUID
    state: State
    revision: int
    content: dict[str, Any] | None
    draft: dict[str, Any]
    findings: list[FindingView]
    seen: list[SeenValue]
    matches: list[MatchView]
    paper: PaperFacts
    mail: MailFacts | None
    erp: ErpFacts | None
    reason: str | None
    differs: bool
    decided_by: str | None
    duplicate_of: UUID | None
    waits_until: datetime | None
    history: list[InvoiceEvent]
    corrections: list[CorrectionView]
    actions: list[Literal["correct", "approve", "approve_difference", "refuse", "take_back"]]
    second_person: bool
    case_id: UUID | None


class PaperView(View):
    """Where the PDF is, for `seconds` from now."""

    url: str
    seconds: int
    pages: int | None


class Correction(BaseModel):
    """The whole invoice as it is printed; `revision` is the one that was looked at."""

    model_config = STRICT
    revision: Annotated[int, Field(ge=0, le=2**31 - 1)]
    content: dict[str, Any]


class Verdict(BaseModel):
    """`reason`: for refuse and approve_difference, in words that are kept. `revision`: what the person has seen."""

    model_config = STRICT
    decision: Decision
    reason: (
        Annotated[
            str,
            StringConstraints(
                strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
            ),
        ]
        | None
    ) = None
    revision: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class MailDocument(View):
    """A PDF of a mail, and what became of it; `words` say why it was refused."""

    document_id: UUID
    name: str
    pages: int | None
    bytes: int
    state: Literal["received", "reading", "read", "refused", "failed"]
    words: str | None
    invoices: list[InvoiceRow]


class MailSeen(View):
    """A mail that came in, with the PDFs it brought first: one that was known already is under its first mail."""

    mail_id: UUID
    received_at: datetime
    sender_domain: str | None
    recipient: str | None
    bytes: int
    outcome: Literal["taken", "refused"]
    words: str | None
    documents: list[MailDocument]


class MailsSeen(View):
    """Newest first; `before` leads to the next page."""

    mails: list[MailSeen]
    before: UUID | None


class MonthSeen(View):
    """What was invoiced for a month, less what was credited, beside what Amazon charged; null: nobody has asked yet."""

    month: str
    invoices: int
    credit_memos: int
    waiting: int
    invoiced_minor: int
    charged_minor: int | None
    difference_minor: int | None
    currency: str
    asked_at: datetime | None


class MonthsSeen(View):
    """Newest first."""

    months: list[MonthSeen]


class DifferenceSeen(View):
    """An order of Amazon's that was charged otherwise than it was invoiced; null: not at all."""

    amazon_order_id: str
    redemption_id: UUID | None
    charged_minor: int | None
    invoiced_minor: int | None
    difference_minor: int
    words: str


class MonthWhole(View):
    """The month with its differences, the largest first."""

    month: MonthSeen
    differences: list[DifferenceSeen]


@router.get("/invoices", summary="Amazon's invoices")
def get_invoices(
    state: State | None = None,
    month: OfMonth = None,
    number: OfNumber = None,
    order: OfOrder = None,
    finding: OfFinding = None,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InvoicesSeen:
    who = staff(router)
    connection = database().connection()
    wanted = listing.Filter(state=state, month=month, number=number, order=order, finding=finding)
    rows = listing.page(connection, who.program_id, wanted, after, limit)
    return InvoicesSeen(
        invoices=[InvoiceRow(**row) for row in rows],
        counts=listing.counts(connection, who.program_id),
        after=rows[-1]["invoice_id"] if len(rows) == limit else None,
    )


@router.get("/invoices/mails", summary="The mail that came in")
def get_mails(
    outcome: Literal["taken", "refused"] | None = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> MailsSeen:
    who = staff(router)
    rows = listing.mails(database().connection(), who.program_id, outcome, before, limit)
    return MailsSeen(
        mails=[MailSeen(**row) for row in rows], before=rows[-1]["mail_id"] if len(rows) == limit else None
    )


@router.get("/invoices/samples.csv", summary="Values that people corrected, as a table", responses=CSV)
def get_samples_csv() -> Response[str]:
    rows = listing.samples(database().connection(), staff(router).program_id)
    return table("samples", _written(rows))


@router.get("/invoices/samples.jsonl", summary="The same, a JSON object a line", responses=JSON_LINES)
def get_samples_jsonl() -> Response[str]:
    rows = listing.samples(database().connection(), staff(router).program_id)
    text = "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
    headers: dict[str, str | list[str]] = {
        "Content-Disposition": 'attachment; filename="samples.jsonl"',
        "Cache-Control": "no-store",
    }
    return Response(200, content_type="text/plain; charset=utf-8", body=text, headers=headers)


@router.get("/invoices/months", summary="What was invoiced and what was charged, by month")
def get_months() -> MonthsSeen:
    who = staff(router)
    rows = listing.months(database().connection(), who.program_id)
    return MonthsSeen(months=[MonthSeen(**row) for row in rows])


@router.get("/invoices/months/<month>", summary="A month's differences")
def get_month(month: Month) -> MonthWhole:
    who = staff(router)
    told = listing.month(database().connection(), who.program_id, month)
    return MonthWhole(**told)


@router.get("/invoices/<invoice_id>", summary="One invoice with everything around it")
def get_invoice(invoice_id: UUID) -> InvoiceWhole:
    who = staff(router)
    return _whole(database().connection(), who, invoice_id)


@router.get("/invoices/<invoice_id>/paper", summary="Where its PDF is, for five minutes")
def get_paper(invoice_id: UUID) -> PaperView:
    who = staff(router)
    found = listing.paper(database().connection(), who.program_id, invoice_id)
    url = _s3().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": os.environ["INVOICES_BUCKET"],
            "Key": found["object_key"],
            # Whatever it says it is: it is shown as a PDF or not at all.
            "ResponseContentType": "application/pdf",
            "ResponseContentDisposition": f'inline; filename="{invoice_id}.pdf"',
            "ResponseCacheControl": "private, no-store",
        },
        ExpiresIn=GOOD_SECONDS,
    )
    logger.info("invoice opened", extra={"invoice_id": str(invoice_id), "by": f"staff:{who.subject}"})
    return PaperView(url=url, seconds=GOOD_SECONDS, pages=found["pages"])


@router.put("/invoices/<invoice_id>/content", summary="Say what is printed")
def put_content(invoice_id: UUID, body: Correction) -> InvoiceWhole:
    who = staff(router)
    connection = database().connection()
    rules = reading.current(connection, who.program_id).document.invoices
    reviewing.correct(connection, who.program_id, invoice_id, body.revision, body.content, rules, _agent(who))
    return _whole(connection, who, invoice_id)


@router.post(
    "/invoices/<invoice_id>/decision", summary="Approve it, refuse it, or take that back", openapi_extensions=KEYED
)
def post_decision(invoice_id: UUID, body: Verdict) -> InvoiceWhole:
    who = staff(router)
    idempotency_key(router)
    connection = database().connection()
    reviewing.decide(connection, who.program_id, invoice_id, body.decision, body.reason, _agent(who), body.revision)
    return _whole(connection, who, invoice_id)


def _whole(connection: Connection, who: Caller, invoice_id: UUID) -> InvoiceWhole:
    told = listing.one(connection, who.program_id, invoice_id)
    actions, second_person = listing.actions(told, f"staff:{who.subject}")
    return InvoiceWhole(**told, actions=actions, second_person=second_person)


def _agent(who: Caller) -> Agent:
    return Agent(f"staff:{who.subject}", tuple(sorted(who.groups)))


def _written(rows: Iterable[Mapping[str, Any]]) -> str:
    """The samples as a table; what begins like a formula is text."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(SAMPLE)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in SAMPLE])
    return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return harmless(value)
    # Numbers stay numbers, also those below zero.
    return "" if value is None else json.dumps(value, default=str)


@cache
def _s3() -> Any:
    # Buckets with a KMS key take no older signature; the region's own host, because the global one redirects.
    return aws.client("s3", **aws.REGIONAL)
