"""A member's receipts, invoices and credit notes."""

from __future__ import annotations

from uuid import UUID

from lambdas.http import Router, member
from lambdas.shelf import Document, Documents, Download, download
from loyalty.database import database
from loyalty.documents import reading

router = Router()


@router.get("/redemptions/<redemption_id>/documents", summary="The documents of one redemption")
def of_redemption(redemption_id: UUID) -> Documents:
    connection = database().connection()
    who, member_id = member(router, connection)
    rows = reading.of_redemption(connection, who.program_id, member_id, redemption_id)
    return Documents(documents=[Document(**row) for row in rows])


@router.get("/documents/<document_id>", summary="Where a document's PDF is, for five minutes")
def get_document(document_id: UUID) -> Download:
    connection = database().connection()
    who, member_id = member(router, connection)
    return download(reading.one(connection, who.program_id, member_id, document_id), "member")
