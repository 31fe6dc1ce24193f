"""A document as a PDF: A4, the programme's colour, lines that wrap, pages that say which of how many they are.

The same sheet gives the same bytes, so that a second try stores what the first did.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from reportlab.lib.colors import HexColor  # type: ignore[import-untyped]
from reportlab.lib.enums import TA_RIGHT  # type: ignore[import-untyped]
from reportlab.lib.pagesizes import A4  # type: ignore[import-untyped]
from reportlab.lib.styles import ParagraphStyle  # type: ignore[import-untyped]
from reportlab.lib.units import mm  # type: ignore[import-untyped]
from reportlab.lib.utils import simpleSplit  # type: ignore[import-untyped]
from reportlab.pdfbase.pdfmetrics import stringWidth  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]
from reportlab.platypus import (  # type: ignore[import-untyped]
    BaseDocTemplate,
    Flowable,
    Frame,
    KeepTogether,
    LongTable,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
)

from loyalty.documents import tax
from loyalty.documents.lettering import BOLD, REGULAR, legible, load, marked
from loyalty.documents.words import PROVIDERS, WORDS, language_of
from loyalty.notifications.words import day, money, number
from loyalty.programme.document import Programme

WIDTH, HEIGHT = A4
MARGIN = 20 * mm
INNER = WIDTH - 2 * MARGIN
BAND = 18 * mm
DARK, QUIET, RULE = "#1a1a1a", "#5a5a5a", "#d5d5d5"
COLUMNS = (INNER - 86 * mm, 17 * mm, 33 * mm, 36 * mm)
LONGEST_TITLE = 500

_BODY = ParagraphStyle("body", fontName=REGULAR, fontSize=9, leading=12.5, textColor=HexColor(DARK))
_SMALL = ParagraphStyle("small", _BODY, fontSize=7.5, leading=10.5, textColor=HexColor(QUIET))
_RIGHT = ParagraphStyle("right", _BODY, alignment=TA_RIGHT)
_STRONG = ParagraphStyle("strong", _BODY, fontName=BOLD)
_STRONG_RIGHT = ParagraphStyle("strong-right", _STRONG, alignment=TA_RIGHT)
_TITLE = ParagraphStyle("title", _BODY, fontName=BOLD, fontSize=20, leading=25)
_NO_PADDING = [
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 0),
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a document says. `recipient`: the member's name and address, or None."""

    kind: str
    number: str
    redemption_id: UUID
    member_number: str
    recipient: Mapping[str, Any] | None
    facts: Mapping[str, Any]
    programme: Programme

    @property
    def language(self) -> str:
        return language_of(self.facts)

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    @property
    def back(self) -> bool:
        """Whether something comes back by it."""
        return self.kind == "credit_note"

    @property
    def taxed(self) -> bool:
        return (self.facts["corrects_kind"] if self.back else self.kind) == "tax_invoice"

    @property
    def title(self) -> str:
        return self.words[self.kind if self.taxed or not self.back else "refund_note"]

    @property
    def seller(self) -> str:
        return self.programme.documents.seller.name or self.programme.brand.name

    def money(self, minor: int) -> str:
        return money(minor, self.facts["currency"], self.language)

    def points(self, amount: int) -> str:
        return number(amount, self.language)


def draw(sheet: Sheet) -> bytes:
    """The PDF."""
    load()
    # Once to count the pages.
    return _drawn(sheet, _drawn(sheet, None)[1])[0]


def _drawn(sheet: Sheet, pages: int | None) -> tuple[bytes, int]:
    target = io.BytesIO()
    frame = _Page(sheet, pages)
    name = f"{sheet.title} {sheet.number}"
    document = BaseDocTemplate(
        target,
        pagesize=A4,
        title=legible(f"{name} · {sheet.programme.brand.name}"),
        author=legible(sheet.seller),
        creator=legible(sheet.programme.brand.name),
        subject=legible(name),
        lang=sheet.language,
        displayDocTitle=1,
        invariant=1,
        pageCompression=1,
    )
    document.addPageTemplates(
        [
            PageTemplate(
                "first", [_room(BAND + 10 * mm, frame.foot)], onPage=frame.first, autoNextPageTemplate="later"
            ),
            PageTemplate("later", [_room(24 * mm, frame.foot)], onPage=frame.later),
        ]
    )
    document.build(_story(sheet))
    return target.getvalue(), document.page


def _room(above: float, below: float) -> Frame:
    return Frame(MARGIN, below, INNER, HEIGHT - above - below, 0, 0, 0, 0)


class _Page:
    """What is on every page beside the text: the colour, the seller, the page's number."""

    def __init__(self, sheet: Sheet, pages: int | None) -> None:
        self._sheet, self._pages = sheet, pages
        seller = sheet.programme.documents.seller
        told = [
            ", ".join([sheet.seller, *seller.address]),
            " · ".join(
                [
                    *seller.registrations,
                    *(
                        [f"{sheet.words['tax_registration']} {registered}"]
                        if (registered := _registered(sheet))
                        else []
                    ),
                ]
            ),
        ]
        self._said = [line for text in told for line in simpleSplit(legible(text), REGULAR, 7.5, INNER - 30 * mm)]
        self.foot = 15 * mm + 10 * max(1, len(self._said)) + 4 * mm

    def first(self, canvas: Canvas, _: BaseDocTemplate) -> None:
        brand = self._sheet.programme.brand
        canvas.setFillColor(HexColor(brand.accent))
        canvas.rect(0, HEIGHT - BAND, WIDTH, BAND, stroke=0, fill=1)
        canvas.setFillColor(HexColor(_on(brand.accent)))
        canvas.setFont(BOLD, _fitting(brand.name, 17, INNER))
        canvas.drawString(MARGIN, HEIGHT - BAND / 2 - 6, legible(brand.name))
        self._foot(canvas, 1)

    def later(self, canvas: Canvas, document: BaseDocTemplate) -> None:
        sheet = self._sheet
        canvas.setFillColor(HexColor(sheet.programme.brand.accent))
        canvas.rect(0, HEIGHT - 5 * mm, WIDTH, 5 * mm, stroke=0, fill=1)
        canvas.setFillColor(HexColor(QUIET))
        canvas.setFont(REGULAR, 8)
        canvas.drawString(MARGIN, HEIGHT - 15 * mm, legible(sheet.programme.brand.name))
        told = f"{sheet.title} {sheet.number} · {sheet.words['continued']}"
        canvas.drawRightString(WIDTH - MARGIN, HEIGHT - 15 * mm, told)
        self._foot(canvas, document.page)

    def _foot(self, canvas: Canvas, page: int) -> None:
        top = self.foot - 4 * mm
        canvas.setStrokeColor(HexColor(RULE))
        canvas.setLineWidth(0.5)
        canvas.line(MARGIN, top, WIDTH - MARGIN, top)
        canvas.setFillColor(HexColor(QUIET))
        canvas.setFont(REGULAR, 7.5)
        for index, line in enumerate(self._said):
            canvas.drawString(MARGIN, top - 11 - 10 * index, line)
        told = self._sheet.words["page"].format(page=page, pages=self._pages or page)
        canvas.drawRightString(WIDTH - MARGIN, top - 11, told)


def _story(sheet: Sheet) -> list[Flowable]:
    words, facts = sheet.words, sheet.facts
    return [
        Paragraph(marked(sheet.title), _TITLE),
        Spacer(1, 5 * mm),
        _heads(sheet),
        Spacer(1, 9 * mm),
        _lines(sheet),
        Spacer(1, 3 * mm),
        KeepTogether([_totals(sheet), Spacer(1, 6 * mm), *_notes(sheet, words, facts)]),
    ]


def _heads(sheet: Sheet) -> Table:
    words, facts = sheet.words, sheet.facts
    who = [Paragraph(marked(words["for"]), _SMALL)]
    who += [Paragraph(marked(line), _BODY) for line in _recipient(sheet)]
    who += [Spacer(1, 3 * mm), Paragraph(marked(words["seller"]), _SMALL)]
    seller = sheet.programme.documents.seller
    who += [Paragraph(marked(line), _BODY) for line in (sheet.seller, *seller.address)]
    about = [
        (words["number"], sheet.number),
        (words["issued_on"], day(date.fromisoformat(facts["issued_on"]), sheet.language)),
        (words["ordered_on"], _ordered(sheet)),
        (words["order"], str(sheet.redemption_id)),
        (words["member"], sheet.member_number),
    ]
    if sheet.back:
        since = day(date.fromisoformat(facts["corrects_issued_on"]), sheet.language)
        about.insert(2, (words["corrects"], f"{facts['corrects_number']} {words['of']} {since}"))
    if registered := _registered(sheet):
        about.append((words["tax_registration"], registered))
    right = Table(
        [[Paragraph(marked(name), _SMALL), Paragraph(marked(value), _BODY)] for name, value in about],
        colWidths=(24 * mm, 66 * mm),
        style=[*_NO_PADDING, ("TOPPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 2)],
    )
    return Table([[who, right]], colWidths=(INNER - 90 * mm, 90 * mm), style=_NO_PADDING)


def _lines(sheet: Sheet) -> LongTable:
    words = sheet.words
    back = "_back" if sheet.back else ""
    accent = sheet.programme.brand.accent
    shade = HexColor(_on(accent))
    head = [ParagraphStyle("head", style, textColor=shade, fontName=BOLD, fontSize=8.5) for style in (_BODY, _RIGHT)]
    rows: list[list[Paragraph]] = [
        [
            Paragraph(marked(words["item"]), head[0]),
            Paragraph(marked(words["quantity"]), head[1]),
            Paragraph(marked(words[f"points{back}"]), head[1]),
            Paragraph(marked(words[f"money{back}"]), head[1]),
        ]
    ]
    for line in sheet.facts["lines"]:
        points, minor = _worth(sheet, line)
        rows.append(
            [
                Paragraph(_described(sheet, line), _BODY),
                Paragraph(sheet.points(line["quantity"]), _RIGHT),
                Paragraph(sheet.points(points), _RIGHT),
                Paragraph(marked(sheet.money(minor)), _RIGHT),
            ]
        )
    return LongTable(
        rows,
        colWidths=COLUMNS,
        repeatRows=1,
        style=[
            ("BACKGROUND", (0, 0), (-1, 0), HexColor(accent)),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 1), (-1, -1), 0.4, HexColor(RULE)),
            ("LEFTPADDING", (0, 0), (-1, -1), 6),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 4.5),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5.5),
        ],
    )


def _worth(sheet: Sheet, line: Mapping[str, Any]) -> tuple[int, int]:
    """Points and money of a line; what came back is told by its event, not by the price."""
    if sheet.back:
        return sheet.facts["points"], sheet.facts["money_minor"]
    return line["quantity"] * line["unit_points"], line["quantity"] * line["unit_money_minor"]


def _described(sheet: Sheet, line: Mapping[str, Any]) -> str:
    title = str(line["title"])
    shown = title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
    parts = []
    if line["unit_points"]:
        parts.append(sheet.words["points_amount"].format(amount=sheet.points(line["unit_points"])))
    if line["unit_money_minor"]:
        parts.append(sheet.money(line["unit_money_minor"]))
    each = f" · {' + '.join(parts)} {sheet.words['each']}" if parts and line["quantity"] > 1 else ""
    return f'{marked(shown)}<br/><font size="7.5" color="{QUIET}">{marked(line["asin"] + each)}</font>'


def _totals(sheet: Sheet) -> Table:
    words, facts = sheet.words, sheet.facts
    back = "_back" if sheet.back else ""
    rows: list[tuple[str, str, bool]] = [
        (words[f"total_points{back}"], sheet.points(facts["points"]), True),
        (words[f"total_money{back}"], sheet.money(facts["money_minor"]), True),
    ]
    if facts["charged_minor"] != facts["money_minor"]:
        rows += [
            (words["not_charged"], f"−{sheet.money(facts['money_minor'] - facts['charged_minor'])}", False),
            (words["charged"], sheet.money(facts["charged_minor"]), True),
        ]
    ruled = [len(rows) - 1]
    if sheet.taxed:
        stated = sheet.programme.documents.tax
        lines = tax.lines_of(facts, stated)
        name = stated.names.get(sheet.language) or words["tax"]
        rate = words["tax_at"].format(name=name, rate=_rate(lines.rate_basis_points, sheet.language))
        rows += [
            (words["net"], sheet.money(lines.net_minor), False),
            (rate, sheet.money(lines.tax_minor), False),
            (words["gross"], sheet.money(lines.gross_minor), False),
        ]
        ruled.append(len(rows) - 1)
    cells = [
        [
            "",
            Paragraph(marked(name), _STRONG if strong else _BODY),
            Paragraph(marked(value), _STRONG_RIGHT if strong else _RIGHT),
        ]
        for name, value, strong in rows
    ]
    return Table(
        cells,
        colWidths=(INNER - 96 * mm, 54 * mm, 42 * mm),
        style=[
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
            *(("LINEBELOW", (1, row), (-1, row), 0.8, HexColor(RULE)) for row in ruled),
        ],
    )


def _notes(sheet: Sheet, words: Mapping[str, str], facts: Mapping[str, Any]) -> Sequence[Flowable]:
    provider = PROVIDERS.get(str(facts["provider"]), words["another_way"])
    charged = sheet.money(facts["charged_minor"])
    told = []
    if sheet.back:
        told.append(words.get(facts["reason"], words["returned"]))
        owed = "money_returned" if facts["money_minor"] else "points_returned_only"
        told.append(words[owed].format(money=charged, provider=provider))
    elif not facts["money_minor"]:
        told.append(words["points_only"])
    elif not facts["charged_minor"]:
        told.append(words["nothing_charged"])
    else:
        told.append(words[f"paid_{facts['capture_at']}"].format(money=charged, provider=provider))
    if facts.get("partial"):
        told.append(words["partial"])
    if sheet.taxed:
        told.append(words[f"base_{sheet.programme.documents.tax.base}"])
    else:
        told.append(words["no_tax_back" if sheet.back else "no_tax"])
    return [Paragraph(marked(text), _BODY if index == 0 else _SMALL) for index, text in enumerate(told)]


def _recipient(sheet: Sheet) -> list[str]:
    one = sheet.recipient
    if not one:
        return [sheet.member_number]
    postal, city, state = one["postal_code"], one["city"], one["state_or_region"]
    # Where the postal code comes first there is no state between.
    town = f"{city}, {state} {postal}" if state else f"{postal} {city}"
    lines = (one["full_name"], one["line1"], one["line2"], one["line3"], town, one["country_code"])
    return [str(line) for line in lines if line]


def _ordered(sheet: Sheet) -> str:
    ordered = datetime.fromisoformat(sheet.facts["ordered_at"]).astimezone(sheet.programme.zone)
    return day(ordered.date(), sheet.language)


def _registered(sheet: Sheet) -> str | None:
    return sheet.programme.documents.tax.registration if sheet.taxed else None


def _rate(basis_points: int, language: str) -> str:
    shown = f"{basis_points / 100:.2f}".rstrip("0").rstrip(".")
    return shown.replace(".", ",") if language == "de" else shown


def _fitting(text: str, size: float, width: float) -> float:
    """The largest size up to `size` at which the text is no wider than `width`."""
    wide = stringWidth(legible(text), BOLD, size)
    return size if wide <= width else size * width / wide


def _on(colour: str) -> str:
    """White or nearly black, whichever is easier to read on that colour (WCAG's contrast)."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (light + 0.05) >= (light + 0.05) / 0.06 else DARK
