"""Documents, opened: PDFs and pictures, page by page."""

from __future__ import annotations

import io
from typing import Protocol, Self

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from local.simulators.textract.engine.words import Page, text_layer

PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
MOST_SIDE_PIXELS = 10_000
# The PDF's own header may stand a little behind the beginning of the file.
HEADER_WITHIN = 1024


class NotADocument(Exception):
    """Neither a PDF nor a picture that can be opened."""


class Encrypted(Exception):
    """It asks for a password."""


class Source(Protocol):
    """Pages, read one by one."""

    def __len__(self) -> int: ...
    def page(self, index: int) -> Page:
        """One page's words; `index` begins at 0."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...


def opened(document: bytes) -> Source:
    """By its content, whatever its name was."""
    if b"%PDF-" in document[:HEADER_WITHIN]:
        return _Pdf(document)
    if document.startswith(PICTURES):
        return _Pictures(document)
    raise NotADocument


class _Pdf:
    def __init__(self, document: bytes) -> None:
        try:
            self._document = pypdfium2.PdfDocument(document)
        except pypdfium2.PdfiumError as error:
            if getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD or "password" in str(error).lower():
                raise Encrypted from None
            raise NotADocument from None
        if self._document.get_formtype() in (pdfium.FORMTYPE_XFA_FULL, pdfium.FORMTYPE_XFA_FOREGROUND):
            self._document.close()
            raise NotADocument

    def __len__(self) -> int:
        return len(self._document)

    def page(self, index: int) -> Page:
        page = self._document[index]
        try:
            found = text_layer(page, index + 1)
            if found is not None:
                return found
            # Late: numpy and the recognition cost more than a text layer's whole reading.
            from local.simulators.textract.engine.scans import recognised

            return recognised(page, index + 1)
        finally:
            page.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._document.close()


class _Pictures:
    def __init__(self, document: bytes) -> None:
        from PIL import Image, UnidentifiedImageError

        try:
            self._picture = Image.open(io.BytesIO(document))
        except (UnidentifiedImageError, Image.DecompressionBombError, OSError):
            raise NotADocument from None
        if max(self._picture.size) > MOST_SIDE_PIXELS:
            raise NotADocument

    def __len__(self) -> int:
        return int(getattr(self._picture, "n_frames", 1))

    def page(self, index: int) -> Page:
        from local.simulators.textract.engine.scans import DPI, looked_at

        self._picture.seek(index)
        picture = self._picture.convert("L")
        # As large as the letters of a page of ten inches would be.
        factor = min(4.0, 10 * DPI / max(picture.size))
        picture = picture.resize((round(picture.width * factor), round(picture.height * factor)))
        return looked_at(picture, index + 1, picture.width * 72 / DPI, picture.height * 72 / DPI)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._picture.close()
