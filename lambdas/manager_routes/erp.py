"""What leaves for the ERP as staff see it: each document, what was sent, what came back. Answered by `invoice_desk`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.http import Router, View
from lambdas.staff import staff
from loyalty.database import database
from loyalty.erp import watching

router = Router()

Kind = Literal["invoice", "credit_memo", "journal"]
State = Literal["waiting", "sent", "accepted", "posted", "refused", "given_up"]
OfNumber = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9/-]{1,40}$")]


class ErpDocumentSeen(View):
    """`subject`: the invoice it is, null for a day of the journal. `problem`: why it was refused, or not answered."""

    document_id: UUID
    kind: Kind
    subject: UUID | None
    vendor: str
    number: str
    state: State
    handed_over_at: datetime
    attempts: int
    due_at: datetime | None
    erp_document_id: str | None
    erp_status: str | None
    problem: str | None
    ended_at: datetime | None


class ErpDocumentsSeen(View):
    """Newest first; `before` leads to the next page."""

    documents: list[ErpDocumentSeen]
    before: UUID | None


class ErpTry(View):
    """One attempt to send it (`post`), or to ask what became of it (`status`)."""

    at: datetime
    action: Literal["post", "status"]
    status: int | None
    problem: str | None
    detail: str | None
    milliseconds: int


class ErpDocumentWhole(ErpDocumentSeen):
    """With its last fifty attempts and the very text that is sent; null before the first attempt."""

    detail: str | None
    idempotency_key: str
    format: Literal["json", "ubl"] | None
    body: str | None
    tries: list[ErpTry]


@router.get("/erp/documents", summary="What was handed over to the ERP")
def get_documents(
    kind: Kind | None = None,
    state: State | None = None,
    number: OfNumber = None,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> ErpDocumentsSeen:
    who = staff(router)
    rows = watching.documents(
        database().connection(), who.program_id, kind=kind, state=state, number=number, before=before, limit=limit
    )
    return ErpDocumentsSeen(
        documents=[ErpDocumentSeen(**row) for row in rows],
        before=rows[-1]["document_id"] if len(rows) == limit else None,
    )


@router.get("/erp/documents/<document_id>", summary="One of them with its text and every attempt")
def get_document(document_id: UUID) -> ErpDocumentWhole:
    who = staff(router)
    return ErpDocumentWhole(**watching.document(database().connection(), who.program_id, document_id))


@router.post("/erp/documents/<document_id>/sending", summary="Send it now")
def post_sending(document_id: UUID) -> ErpDocumentWhole:
    who = staff(router)
    watching.send_again(database().connection(), who.program_id, document_id, f"staff:{who.subject}")
    return get_document(document_id)
