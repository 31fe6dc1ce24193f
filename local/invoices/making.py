"""One paper by its seed: the same seed and layout, the same bytes. Even seeds are for tuning, odd ones to measure."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass

from pypdf import PdfReader, PdfWriter

from local.invoices.layouts import BY_NAME
from local.invoices.layouts.layout import Layout
from local.invoices.truth import Case, Order, made_up, of_order
from local.invoices.writing import printed
from loyalty.invoices.invoice import Invoice

# Two papers in one file: an invoice, and the credit memo for it.
PAIR = "us_pair"
LAYOUTS = (*BY_NAME, PAIR)


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF and what a perfect reader reads of it; `printed`: (field, text as it stands there) for each truth."""

    pdf: bytes
    truth: tuple[Invoice, ...]
    layout: str
    printed: tuple[tuple[tuple[str, str], ...], ...]


def paper(seed: int, layout: str | None = None, order: Order | None = None) -> Paper:
    """The paper of this seed. Without a layout they take turns, for even and odd seeds alike; with an `order` it is
    the invoice or credit memo of exactly that. Raises KeyError for a layout that is none.
    """
    name = layout or LAYOUTS[seed // 2 % len(LAYOUTS)]
    if name == PAIR:
        return _pair(seed)
    chosen = BY_NAME[name]
    rng = random.Random(f"{chosen.name}:{seed}")
    if order is None:
        case = made_up(rng, chosen.region, chosen.shows, chosen.kind, chosen.orders)
    else:
        case = of_order(rng, chosen.region, chosen.shows, order)
    return _drawn(chosen, case, rng)


def _drawn(layout: Layout, case: Case, rng: random.Random) -> Paper:
    writing = rng.choice(layout.writings)
    pdf = layout.draw(case, writing, rng)
    return Paper(pdf, (case.invoice,), layout.name, (tuple(printed(case.invoice, writing)),))


def _pair(seed: int) -> Paper:
    both = [paper(seed, name) for name in ("us_business", "us_credit_memo")]
    writer = PdfWriter()
    for one in both:
        writer.append(PdfReader(io.BytesIO(one.pdf)))
    out = io.BytesIO()
    writer.write(out)
    truth = tuple(invoice for one in both for invoice in one.truth)
    return Paper(out.getvalue(), truth, PAIR, tuple(told for one in both for told in one.printed))
