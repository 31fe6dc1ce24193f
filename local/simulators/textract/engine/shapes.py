"""The shapes of AnalyzeExpense: detections with their geometry, fields, blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from local.simulators.textract.engine.lines import Line
from local.simulators.textract.engine.words import Page, Word

type Shape = dict[str, Any]


class Drawer:
    """Builds the shapes of one document; what varies does so by the document's own hash, so the same twice is the
    same."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    def chance(self, what: str) -> float:
        """0 to 1, always the same for the same document and question."""
        digest = hashlib.blake2b(what.encode(), key=self._seed[:32], digest_size=4).digest()
        return int.from_bytes(digest) / 2**32

    def id(self, what: str) -> str:
        """An id as the service's blocks have them."""
        digest = hashlib.blake2b(what.encode(), key=self._seed[:32], digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"

    def confidence(self, words: Iterable[Word]) -> float:
        """That of the least sure word."""
        return round(min((word.confidence for word in words), default=0.0), 4)


def box(page: Page, words: Sequence[Word]) -> Shape:
    """Geometry, in parts of the page."""
    left = round(max(0.0, min(word.left for word in words) / page.width), 6)
    top = round(max(0.0, min(word.top for word in words) / page.height), 6)
    right = round(min(1.0, max(word.right for word in words) / page.width), 6)
    bottom = round(min(1.0, max(word.bottom for word in words) / page.height), 6)
    width, height = round(right - left, 6), round(bottom - top, 6)
    return {
        "BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top},
        "Polygon": [
            {"X": left, "Y": top},
            {"X": right, "Y": top},
            {"X": right, "Y": bottom},
            {"X": left, "Y": bottom},
        ],
    }


def detection(page: Page, text: str, words: Sequence[Word]) -> Shape:
    """A label or a value as it is printed."""
    confidence = round(min(word.confidence for word in words), 4)
    return {"Text": text, "Geometry": box(page, words), "Confidence": confidence}


def blocks(drawer: Drawer, page: Page, found: Sequence[Line]) -> list[Shape]:
    """The page, its lines and its words, as text detection reports them."""
    made: list[Shape] = []
    line_ids: list[str] = []
    for index, (line, phrase) in enumerate((line, phrase) for line in found for phrase in line.phrases):
        word_ids = []
        words: list[Shape] = []
        for position, word in enumerate(phrase.words):
            word_ids.append(drawer.id(f"{page.number}/{index}/{position}"))
            words.append(
                {
                    "BlockType": "WORD",
                    "Confidence": word.confidence,
                    "Text": word.text,
                    "TextType": "PRINTED",
                    "Geometry": box(page, [word]),
                    "Id": word_ids[-1],
                    "Page": page.number,
                }
            )
        line_ids.append(drawer.id(f"{page.number}/{index}"))
        made.append(
            {
                "BlockType": "LINE",
                "Confidence": round(min(word.confidence for word in phrase.words), 4),
                "Text": phrase.text,
                "Geometry": box(page, phrase.words),
                "Id": line_ids[-1],
                "Relationships": [{"Type": "CHILD", "Ids": word_ids}],
                "Page": page.number,
            }
        )
        made += words
    whole: Shape = {
        "BlockType": "PAGE",
        "Geometry": {
            "BoundingBox": {"Width": 1.0, "Height": 1.0, "Left": 0.0, "Top": 0.0},
            "Polygon": [{"X": 0.0, "Y": 0.0}, {"X": 1.0, "Y": 0.0}, {"X": 1.0, "Y": 1.0}, {"X": 0.0, "Y": 1.0}],
        },
        "Id": drawer.id(f"{page.number}"),
        "Page": page.number,
    }
    if line_ids:
        whole["Relationships"] = [{"Type": "CHILD", "Ids": line_ids}]
    return [whole, *made]
