"""Members' documents as staff see them."""

from __future__ import annotations

from uuid import UUID

from lambdas.http import Router, caller
from lambdas.shelf import Document, Documents, Download, download
from loyalty.database import database
from loyalty.documents import reading

router = Router()

SCOPE = "loyalty/staff"
SUPPORT, OPERATOR, FINANCE = "support", "business-operator", "finance"


@router.get("/redemptions/<redemption_id>/documents", summary="The documents of one redemption")
def of_redemption(redemption_id: UUID) -> Documents:
    who = caller(router, SCOPE, SUPPORT, OPERATOR, FINANCE)
    rows = reading.of_redemption_for_staff(database().connection(), who.program_id, redemption_id)
    return Documents(documents=[Document(**row) for row in rows])


@router.get("/documents/<document_id>", summary="Where a document's PDF is, for five minutes")
def get_document(document_id: UUID) -> Download:
    who = caller(router, SCOPE, SUPPORT, OPERATOR, FINANCE)
    found = reading.one_for_staff(database().connection(), who.program_id, document_id)
    return download(found, f"staff:{who.subject}")
