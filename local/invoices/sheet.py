"""Paper that is written from the top: strings at places, lines, boxes, and pages that are numbered once all are known.

Points, from the left and from the top. What is drawn is kept until `finish`: a footer says how many pages there are.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from reportlab.lib.pagesizes import A4, LETTER, landscape  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

SIZES = {"letter": LETTER, "a4": A4, "a4_across": landscape(A4)}
FONTS = Path(__file__).resolve().parents[2] / "loyalty" / "documents" / "fonts"

type Align = Literal["l", "r", "c"]
type Colour = tuple[float, float, float]
BLACK: Colour = (0, 0, 0)
GREY: Colour = (0.42, 0.42, 0.42)


@dataclass(frozen=True, slots=True)
class Face:
    """The two names of a font."""

    regular: str
    bold: str


HELVETICA = Face("Helvetica", "Helvetica-Bold")
TIMES = Face("Times-Roman", "Times-Bold")
COURIER = Face("Courier", "Courier-Bold")
DEJAVU = Face("DejaVuSansCondensed", "DejaVuSansCondensed-Bold")
VERA = Face("Vera", "VeraBd")


@cache
def _ready(face: Face) -> Face:
    """The font is known to the drawer."""
    for name in (face.regular, face.bold) if face in (DEJAVU, VERA) else ():
        path = FONTS / f"{name}.ttf"
        pdfmetrics.registerFont(TTFont(name, str(path) if path.is_file() else f"{name}.ttf"))
    return face


@lru_cache(maxsize=50_000)
def width_of(text: str, font: str, size: float) -> float:
    return float(pdfmetrics.stringWidth(text, font, size))


@lru_cache(maxsize=20_000)
def wrapped(text: str, font: str, size: float, width: float) -> tuple[str, ...]:
    """Lines of at most this width, broken at spaces, and after dashes or anywhere where a word is too long."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in part.split(" "):
            longer = f"{line} {word}" if line else word
            if width_of(longer, font, size) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while width_of(line, font, size) > width:
                cut = _cut(line, font, size, width)
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return tuple(lines)


def _cut(word: str, font: str, size: float, width: float) -> int:
    fits = max(1, next((n for n in range(len(word), 0, -1) if width_of(word[:n], font, size) <= width), 1))
    dash = word.rfind("-", 0, fits)
    return dash + 1 if dash > 0 else fits


class Sheet:
    """The paper and where on it the next thing goes (`y`); `left` and `right` are its edges."""

    def __init__(self, size: str, face: Face, base: float, margin: float = 40) -> None:
        self.width, self.height = SIZES[size]
        self.face = _ready(face)
        self.base = base
        self.left, self.right = margin, self.width - margin
        self.top, self.bottom = margin, self.height - margin - 18
        self.y = self.top
        self.on_new_page: Callable[[], None] | None = None
        self._pages: list[list[tuple[Any, ...]]] = [[]]

    @property
    def pages(self) -> int:
        return len(self._pages)

    def text(
        self, x: float, y: float, text: str, *, size: float = 0, bold: bool = False, align: Align = "l",
        colour: Colour = BLACK,
    ) -> None:  # fmt: skip
        """A string whose baseline is at y, from x, to x or around x."""
        self._pages[-1].append(
            ("t", x, y, text, self.face.bold if bold else self.face.regular, size or self.base, align, colour)
        )

    def paragraph(
        self, x: float, y: float, width: float, text: str, *, size: float = 0, bold: bool = False,
        colour: Colour = BLACK, align: Align = "l",
    ) -> float:  # fmt: skip
        """Wrapped text; returns the y of the line after the last one."""
        size = size or self.base
        at = {"l": x, "r": x + width, "c": x + width / 2}[align]
        for line in wrapped(text, self.face.bold if bold else self.face.regular, size, width):
            self.text(at, y, line, size=size, bold=bold, colour=colour, align=align)
            y += size * 1.25
        return y

    def line(self, x: float, y: float, to_x: float, to_y: float, *, thick: float = 0.6, colour: Colour = BLACK) -> None:
        self._pages[-1].append(("l", x, y, to_x, to_y, thick, colour))

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: Colour | None = None,
        stroke: Colour | None = None,
    ) -> None:  # fmt: skip
        self._pages[-1].append(("b", x, y, width, height, fill, stroke))

    def mark(self, x: float, y: float, size: float, colour: Colour) -> None:
        """The logo: a drawing, for a picture's name cannot be read from it."""
        self._pages[-1].append(("m", x, y, size, colour))

    def need(self, height: float) -> bool:
        """Whether a new page was begun, because so much does not fit on this one."""
        if self.y + height <= self.bottom:
            return False
        self.new_page()
        return True

    def new_page(self) -> None:
        self._pages.append([])
        self.y = self.top
        if self.on_new_page:
            self.on_new_page()

    def finish(self, footer: Callable[[int, int], list[tuple[Align, str]]] | None = None) -> bytes:
        """The PDF. `footer`: what stands at the bottom of (page, pages)."""
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(self.width, self.height), invariant=1, pageCompression=1)
        canvas.setTitle("")
        for number, things in enumerate(self._pages, 1):
            for align, text in footer(number, len(self._pages)) if footer else ():
                at = {"l": self.left, "r": self.right, "c": self.width / 2}[align]
                things.append(
                    ("t", at, self.height - 26, text, self.face.regular, min(self.base, 8), align, GREY)
                )  # fmt: skip
            for thing in things:
                _DRAW[thing[0]](canvas, self.height, *thing[1:])
            canvas.showPage()
        canvas.save()
        return out.getvalue()


def _text(
    canvas: Canvas, height: float, x: float, y: float, text: str, font: str, size: float, align: Align, colour: Colour
) -> None:
    canvas.setFillColorRGB(*colour)
    canvas.setFont(font, size)
    if align == "r":
        x -= width_of(text, font, size)
    elif align == "c":
        x -= width_of(text, font, size) / 2
    canvas.drawString(x, height - y, text)


def _line(
    canvas: Canvas, height: float, x: float, y: float, to_x: float, to_y: float, thick: float, colour: Colour
) -> None:
    canvas.setStrokeColorRGB(*colour)
    canvas.setLineWidth(thick)
    canvas.line(x, height - y, to_x, height - to_y)


def _box(
    canvas: Canvas, height: float, x: float, y: float, width: float, tall: float, fill: Colour | None,
    stroke: Colour | None,
) -> None:  # fmt: skip
    if fill:
        canvas.setFillColorRGB(*fill)
    if stroke:
        canvas.setStrokeColorRGB(*stroke)
        canvas.setLineWidth(0.5)
    canvas.rect(x, height - y - tall, width, tall, stroke=int(stroke is not None), fill=int(fill is not None))


def _mark(canvas: Canvas, height: float, x: float, y: float, size: float, colour: Colour) -> None:
    canvas.setFillColorRGB(*colour)
    canvas.setStrokeColorRGB(*colour)
    canvas.roundRect(x, height - y - size, size, size, size / 5, stroke=0, fill=1)
    canvas.setStrokeColorRGB(1, 1, 1)
    canvas.setLineWidth(size / 12)
    canvas.bezier(
        x + size * 0.2, height - y - size * 0.55, x + size * 0.4, height - y - size * 0.85,
        x + size * 0.65, height - y - size * 0.85, x + size * 0.82, height - y - size * 0.5,
    )  # fmt: skip
    canvas.setFillColorRGB(1, 1, 1)
    canvas.circle(x + size * 0.5, height - y - size * 0.35, size * 0.14, stroke=0, fill=1)


_DRAW: dict[str, Callable[..., None]] = {"t": _text, "l": _line, "b": _box, "m": _mark}
