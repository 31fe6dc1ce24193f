"""Members' documents as staff see them."""

from __future__ import annotations

from uuid import UUID

from lambdas.http import Router
from lambdas.shelf import Document, Documents, Download, download
from lambdas.staff import staff
from loyalty.database import database
from loyalty.documents import reading

router = Router()


@router.get("/redemptions/<redemption_id>/documents", summary="The documents of one redemption")
def of_redemption(redemption_id: UUID) -> Documents:
    who = staff(router)
    rows = reading.of_redemption_for_staff(database().connection(), who.program_id, redemption_id)
    return Documents(documents=[Document(**row) for row in rows])


@router.get("/documents/<document_id>", summary="Where a document's PDF is, for five minutes")
def get_document(document_id: UUID) -> Download:
    who = staff(router)
    found = reading.one_for_staff(database().connection(), who.program_id, document_id)
    return download(found, f"staff:{who.subject}")
