"""The layouts by name."""

from __future__ import annotations

from local.invoices.layouts import american, british, collective, german, latin, plain
from local.invoices.layouts.layout import Layout

ALL: tuple[Layout, ...] = (
    american.US_BUSINESS,
    british.UK_VAT,
    german.DE_RECHNUNG,
    american.US_CREDIT_MEMO,
    american.US_TWO_ORDERS,
    british.UK_MODERN,
    german.DE_WITH_TAX,
    collective.US_PERIODIC,
    collective.UK_CREDIT_NOTE,
    collective.DE_CREDIT_NOTE,
    plain.COMPACT,
    plain.LARGE,
    plain.AGAINST,
    plain.STACKED,
    plain.ACROSS,
    plain.COLOURED,
    latin.FR_FACTURE,
    latin.ES_FACTURA,
    latin.IT_FATTURA,
)
BY_NAME: dict[str, Layout] = {layout.name: layout for layout in ALL}
