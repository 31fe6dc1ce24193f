"""Reads any invoice as AnalyzeExpense does: words with places, labels with values, tables with rows.

    documents = analyse(pdf)        # the ExpenseDocuments of the answer

From the text layer where a page has one, else by recognising the page's picture. What the real service decides by its
model is decided here by places and by a vocabulary of labels; where it varies from document to document (one
ExpenseDocument for all pages or one a page, a wrapped description that is only in the row) the document's own hash
decides, so that the same file always answers the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pypdfium2

from local.simulators.textract.engine.expenses import documents
from local.simulators.textract.engine.shapes import Shape
from local.simulators.textract.engine.words import Page, text_layer

__all__ = ["analyse", "documents", "pages"]


def analyse(pdf: bytes) -> list[Shape]:
    """The ExpenseDocuments of a PDF."""
    return documents(pages(pdf), hashlib.sha256(pdf).digest())


def pages(pdf: bytes) -> Sequence[Page]:
    """Every page's words."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [_page(document[index], index + 1) for index in range(len(document))]
    finally:
        document.close()


def _page(page: pypdfium2.PdfPage, number: int) -> Page:
    try:
        found = text_layer(page, number)
        if found is not None:
            return found
        width, height = page.get_size()
        return Page(number, width, height, [], read=True)
    finally:
        page.close()
