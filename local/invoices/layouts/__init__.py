"""The layouts by name."""

from __future__ import annotations

from local.invoices.layouts import american, british, german
from local.invoices.layouts.layout import Layout

ALL: tuple[Layout, ...] = (
    american.US_BUSINESS,
    british.UK_VAT,
    german.DE_RECHNUNG,
    american.US_CREDIT_MEMO,
    american.US_TWO_ORDERS,
    british.UK_MODERN,
    german.DE_WITH_TAX,
)
BY_NAME: dict[str, Layout] = {layout.name: layout for layout in ALL}
