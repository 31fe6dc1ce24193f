"""Reads any invoice as AnalyzeExpense does: words with places, labels with values, tables with rows.

    documents = analyse(pdf)        # the ExpenseDocuments of the answer

From the text layer where a page has one, else by recognising the page's picture. What the real service decides by its
model is decided here by places and by a vocabulary of labels; where it varies from document to document (one
ExpenseDocument for all pages or one a page, a wrapped description that is only in the row) the document's own hash
decides, so that the same file always answers the same.
"""

from __future__ import annotations

import hashlib

from local.simulators.textract.engine.expenses import documents
from local.simulators.textract.engine.shapes import Shape
from local.simulators.textract.engine.sources import Encrypted, NotADocument, Source, opened

__all__ = ["Encrypted", "NotADocument", "analyse", "opened", "read"]


def analyse(document: bytes) -> list[Shape]:
    """The ExpenseDocuments of a PDF or picture."""
    with opened(document) as source:
        return read(source, document)


def read(source: Source, document: bytes, failed: list[int] | None = None) -> list[Shape]:
    """The same of an opened one. The numbers of pages that cannot be read go to `failed`, if there is one."""
    pages = []
    for index in range(len(source)):
        try:
            pages.append(source.page(index))
        except Exception:
            if failed is None:
                raise
            failed.append(index + 1)
    return documents(pages, hashlib.sha256(document).digest())
