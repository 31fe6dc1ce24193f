"""The shapes of AnalyzeExpense: detections with their geometry, fields, blocks."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
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


def box(page: Page, words: Sequence[Word]) -> Shape:
    """Geometry, in parts of the page as it came."""
    left, right = min(word.left for word in words), max(word.right for word in words)
    top, bottom = min(word.top for word in words), max(word.bottom for word in words)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    if page.angle:
        corners = [_turned_back(page, x, y) for x, y in corners]
    points = [(_share(x, page.width), _share(y, page.height)) for x, y in corners]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    width, height = round(right - left, 6), round(bottom - top, 6)
    return {
        "BoundingBox": {"Width": width, "Height": height, "Left": left, "Top": top},
        "Polygon": [{"X": x, "Y": y} for x, y in points],
    }


def _share(length: float, of: float) -> float:
    return round(min(max(length / of, 0.0), 1.0), 6)


def _turned_back(page: Page, x: float, y: float) -> tuple[float, float]:
    """A place on the straightened page, where it was before: turned around the middle."""
    radians = math.radians(page.angle)
    across, down = x - page.width / 2, y - page.height / 2
    return (
        page.width / 2 + across * math.cos(radians) - down * math.sin(radians),
        page.height / 2 + across * math.sin(radians) + down * math.cos(radians),
    )


def detection(page: Page, text: str, words: Sequence[Word]) -> Shape:
    """A label or a value as it is printed."""
    confidence = round(min(word.confidence for word in words), 4)
    return {"Text": text, "Geometry": box(page, words), "Confidence": confidence}


def blocks(drawer: Drawer, page: Page, found: Sequence[Line]) -> list[Shape]:
    """The page, its lines and its words, as text detection reports them."""
    made: list[Shape] = []
    line_ids: list[str] = []
    for index, phrase in enumerate(one for line in found for one in line.phrases):
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
