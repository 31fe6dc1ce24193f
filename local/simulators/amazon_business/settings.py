"""What can be turned while it runs, by `PUT /_simulator/settings`; kept in the file.

enforce_rates             refuse with 429 above the published rates (true)
rates                     operation → {per_second, burst}; only the ones given are changed
token_seconds             how long an access token lives (3600)
duplicate                 what a repeated externalId with the same body gets: "replay" the stored result, or "reject"
safeguard_basis_points    how far above an expectation a price may be, as an administrator sets at Amazon (0:
                          none, for our own tolerance is in the expectations already)
safeguard_action          "remove_item" or "cancel_order" when an expectation is broken
faults_percent            so many of a hundred calls of any operation get 500, 429 or, all being done, no answer (0)
timeout_seconds           how long a fault of kind timeout_* keeps the caller waiting before it cuts the connection (2)
ship_after_seconds        what waits of an order is shipped so long after it was placed (86400); null: only by hand
deliver_after_seconds     a package is delivered so long after it was shipped (172800); null: only by hand
push_url, push_secret     where packages' steps are pushed to, and what the header says ("": nobody is told)
hint_endpoint, hint_topic_arn  where SNS answers, and the topic that is told of changed orders ("": nobody is told)
push_doubled_percent      so many of a hundred pushes and hints go twice (0)
push_lost_percent         so many are lost (0)
push_shuffled             what waits is sent last first (false)
tracking_empty            Package Tracking answers without packageTrackingDetails (false)
report_page_size          entries a page of Reporting (100)
transaction_page_size     transactions a page of Reconciliation (100)
feed_after_seconds        a charge or refund can be told so long after it was made (0)
region, currency          the store
invoices_by_mail          an invoice is mailed when it is due (true)
invoice_recipient, mail_port  to whom, and where the laptop's door for mail is ("", 0: nobody gets one)
invoice_after_seconds     so long after its shipment left, or its refund was issued, an invoice is due (3)
invoice_grouping          an invoice is of one "shipment", or of all of a "checkout" that leaves before it is due
invoice_layout            a layout of local.invoices ("": that of the region)
report_after_seconds      a report waits so long, and is made so long (1)
report_gzip               documents come compressed (false)
"""

from __future__ import annotations

from typing import Any

PUBLISHED_RATES: dict[str, dict[str, float]] = {
    "placeOrder": {"per_second": 0.5, "burst": 10},
    "orderDetails": {"per_second": 0.5, "burst": 10},
    "searchProducts": {"per_second": 0.5, "burst": 10},
    "products": {"per_second": 0.5, "burst": 10},
    "productsByAsins": {"per_second": 0.5, "burst": 10},
    "offers": {"per_second": 0.5, "burst": 10},
    "listCarts": {"per_second": 2, "burst": 2},
    "addItems": {"per_second": 2, "burst": 2},
    "deleteItems": {"per_second": 2, "burst": 2},
    "cartEstimate": {"per_second": 2, "burst": 2},
    "packageTracking": {"per_second": 0.5, "burst": 10},
    "orderReports": {"per_second": 0.5, "burst": 10},
    "orderReportsByPurchaseOrderNumber": {"per_second": 0.5, "burst": 10},
    "orderLineItemReports": {"per_second": 0.5, "burst": 10},
    "shipmentReports": {"per_second": 0.5, "burst": 10},
    "shipmentLineItemReports": {"per_second": 0.5, "burst": 10},
    "transactions": {"per_second": 2, "burst": 10},
    "invoiceDetails": {"per_second": 2, "burst": 10},
    "invoicePayments": {"per_second": 2, "burst": 10},
    "createReport": {"per_second": 0.0167, "burst": 15},
    "getReport": {"per_second": 2, "burst": 15},
    "getReportDocument": {"per_second": 0.0167, "burst": 15},
    "cancelReport": {"per_second": 0.0222, "burst": 10},
}

DEFAULTS: dict[str, Any] = {
    "enforce_rates": True,
    "rates": PUBLISHED_RATES,
    "token_seconds": 3600,
    "duplicate": "replay",
    "safeguard_basis_points": 0,
    "safeguard_action": "remove_item",
    "faults_percent": 0.0,
    "timeout_seconds": 2.0,
    "ship_after_seconds": 86_400,
    "deliver_after_seconds": 172_800,
    "push_url": "",
    "push_secret": "",
    "hint_endpoint": "",
    "hint_topic_arn": "",
    "push_doubled_percent": 0,
    "push_lost_percent": 0,
    "push_shuffled": False,
    "tracking_empty": False,
    "report_page_size": 100,
    "transaction_page_size": 100,
    "feed_after_seconds": 0,
    "region": "US",
    "currency": "USD",
    "invoices_by_mail": True,
    "invoice_recipient": "",
    "mail_port": 0,
    "invoice_after_seconds": 3,
    "invoice_grouping": "shipment",
    "invoice_layout": "",
    "report_after_seconds": 1,
    "report_gzip": False,
}


def problem(name: str, value: Any) -> str | None:
    """Why this setting cannot have this value, or None."""
    if name not in DEFAULTS:
        return f"no setting {name}"
    if name == "rates":
        if not isinstance(value, dict) or any(operation not in PUBLISHED_RATES for operation in value):
            return f"rates: operations are {', '.join(PUBLISHED_RATES)}"
        if any(
            not isinstance(rate, dict) or set(rate) != {"per_second", "burst"} or min(rate.values()) <= 0
            for rate in value.values()
        ):
            return "rates: each is {per_second, burst}, both above 0"
        return None
    choices = {
        "duplicate": ("replay", "reject"),
        "safeguard_action": ("remove_item", "cancel_order"),
        "invoice_grouping": ("shipment", "checkout"),
    }
    if name in choices and value not in choices[name]:
        return f"{name} is one of {choices[name]}"
    if name in ("ship_after_seconds", "deliver_after_seconds") and value is None:
        return None
    if name in ("report_page_size", "transaction_page_size") and (not isinstance(value, int) or value < 1):
        return f"{name} is a number, 1 or more"
    expected = type(DEFAULTS[name])
    if expected in (int, float) and (isinstance(value, bool) or not isinstance(value, int | float) or value < 0):
        return f"{name} is a number, 0 or more"
    if expected in (bool, str) and not isinstance(value, expected):
        return f"{name} is a {expected.__name__}"
    return None
