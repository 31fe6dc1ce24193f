"""The letters of documents: DejaVu Sans Condensed, embedded, and text that it has letters for."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]

REGULAR, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
FOLDER = Path(__file__).with_name("fonts")
# For a character that the font has not: it says that there is one.
MISSING = "□"


@cache
def load() -> frozenset[str]:
    """Make the fonts known, once a process. Answers the characters that they have."""
    for name in (REGULAR, BOLD):
        pdfmetrics.registerFont(TTFont(name, str(FOLDER / f"{name}.ttf")))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    faces = (pdfmetrics.getFont(name).face for name in (REGULAR, BOLD))
    return frozenset.intersection(*(frozenset(map(chr, face.charToGlyph)) for face in faces))


def legible(text: str) -> str:
    """The text on one line, each character one that can be drawn: composed, else its plain letter, else a box."""
    known = load()
    found = []
    for character in unicodedata.normalize("NFC", " ".join(text.split())):
        kind = unicodedata.category(character)
        if character in known and kind not in ("Cc", "Cf"):
            found.append(character)
        elif kind not in ("Cc", "Cf", "Mn", "Me"):
            plain = "".join(one for one in unicodedata.normalize("NFKD", character) if one in known)
            found.append(plain or MISSING)
    return "".join(found)


def marked(text: str) -> str:
    """The same, as text within a paragraph's markup."""
    return escape(legible(text))
