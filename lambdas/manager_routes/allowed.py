"""Which of the staff may ask for what: one table, which the API enforces and the manager app is built with."""

from __future__ import annotations

CATALOGUE, OPERATOR, SUPPORT, FINANCE = "catalogue-manager", "business-operator", "support", "finance"
ALL = frozenset({CATALOGUE, OPERATOR, SUPPORT, FINANCE})
DESK = frozenset({SUPPORT, OPERATOR})
BOOKS = frozenset({FINANCE})
PROGRAMME = frozenset({CATALOGUE, OPERATOR})
SHELF = frozenset({CATALOGUE, OPERATOR})
INVOICES = frozenset({FINANCE, OPERATOR})
REPORTS = frozenset({FINANCE, OPERATOR, CATALOGUE})

# What the app must know before anybody has signed in.
FOR_ANYBODY = frozenset({"GET /config"})

ALLOWED: dict[str, frozenset[str]] = {
    # Members, and points by hand
    "POST /members": DESK,
    "GET /members/{member_number}": DESK,
    "POST /adjustments": DESK,
    "GET /adjustments": DESK,
    "POST /adjustments/{adjustment_id}/approval": frozenset({OPERATOR}),
    "GET /members/{member_number}/freezes": frozenset({SUPPORT}),
    "POST /members/{member_number}/unfreeze": frozenset({SUPPORT}),
    "GET /members": DESK,
    "GET /members/{member_number}/overview": DESK,
    "GET /members/{member_number}/statement": DESK,
    "GET /members/{member_number}/statement/download": DESK,
    "GET /members/{member_number}/orders": DESK,
    "POST /members/{member_number}/block": DESK,
    "POST /members/{member_number}/unblock": DESK,
    "PUT /members/{member_number}/contact": frozenset({SUPPORT}),
    "POST /members/{member_number}/cases": DESK,
    "GET /members/{member_number}/merge-preview": DESK,
    "POST /members/{member_number}/merges": DESK,
    "GET /merges": DESK,
    "POST /merges/{merge_id}/approval": frozenset({OPERATOR}),
    "GET /goodwill": DESK,
    # Orders and what came of them
    "GET /redemptions": DESK,
    "POST /redemptions/{redemption_id}/cancel": DESK,
    "PUT /redemptions/{redemption_id}/address": frozenset({SUPPORT}),
    "POST /redemptions/{redemption_id}/retry": DESK,
    "POST /redemptions/{redemption_id}/confirmation": DESK,
    "GET /redemptions/{redemption_id}": DESK,
    "GET /redemptions/{redemption_id}/documents": DESK | BOOKS,
    "GET /documents/{document_id}": DESK | BOOKS,
    # What waits for a human
    "GET /screening": frozenset({SUPPORT}),
    "POST /screening/{case_id}/decision": frozenset({SUPPORT}),
    "GET /cases": DESK,
    "GET /cases/{case_id}": DESK,
    "POST /cases/{case_id}/assignment": DESK,
    "POST /cases/{case_id}/messages": DESK,
    "POST /cases/{case_id}/label": DESK,
    "POST /cases/{case_id}/outcome": DESK,
    "POST /cases/{case_id}/approval": frozenset({OPERATOR}),
    "POST /cases/{case_id}/return-received": DESK,
    "GET /notices/unwarned-lots": DESK,
    "GET /notices/lost-messages": DESK,
    # Money
    "GET /finance/rates": BOOKS,
    "POST /finance/rates": BOOKS,
    "POST /finance/rates/{version}/approval": BOOKS,
    "GET /finance/months/{month}/days": BOOKS,
    "POST /finance/months/{month}/lock": BOOKS,
    "GET /finance/months/{month}/verification": BOOKS,
    "GET /finance/months/{month}/funders": BOOKS,
    "GET /finance/months/{month}/funders.csv": BOOKS,
    "GET /finance/days/{day}": BOOKS,
    "GET /finance/days/{day}/journal.csv": BOOKS,
    "GET /finance/months/{month}/close": BOOKS,
    "GET /finance/months/{month}/close.csv": BOOKS,
    "GET /finance/months/{month}/close/{figure}": BOOKS,
    "GET /finance/months/{month}/close/{figure}/lots": BOOKS,
    "GET /finance/members/{member_number}/lots/{lot}": BOOKS,
    "GET /finance/position": BOOKS,
    "GET /finance/closes": BOOKS,
    "GET /finance/closes/{month}/verification": BOOKS,
    "GET /finance/months/{month}/house": BOOKS,
    "GET /finance/months/{month}/house.csv": BOOKS,
    "GET /liability": frozenset({FINANCE, OPERATOR}),
    "GET /reconciliation": frozenset({FINANCE, OPERATOR}),
    "GET /reconciliation/days/{day}/redemptions.csv": frozenset({FINANCE, OPERATOR}),
    # Reports from the warehouse: sums, nobody's own data
    "GET /reports": REPORTS,
    "GET /reports/{metric}": REPORTS,
    "GET /reports/{metric}/table.csv": REPORTS,
    # Amazon's invoices
    "GET /invoices": INVOICES,
    "GET /invoices/mails": INVOICES,
    "GET /invoices/samples.csv": INVOICES,
    "GET /invoices/samples.jsonl": INVOICES,
    "GET /invoices/months": INVOICES,
    "GET /invoices/months/{month}": INVOICES,
    "GET /invoices/{invoice_id}": INVOICES,
    "GET /invoices/{invoice_id}/paper": INVOICES,
    "PUT /invoices/{invoice_id}/content": INVOICES,
    "POST /invoices/{invoice_id}/decision": INVOICES,
    # What leaves for the ERP
    "GET /erp/documents": INVOICES,
    "GET /erp/documents/{document_id}": INVOICES,
    "POST /erp/documents/{document_id}/sending": INVOICES,
    # The programme's document
    "GET /programme": PROGRAMME | BOOKS,
    "POST /programme/logo": frozenset({CATALOGUE}),
    "GET /programme/logo/{digest}": PROGRAMME | BOOKS,
    "GET /programme/messages": PROGRAMME | BOOKS,
    "POST /programme/messages/test": PROGRAMME,
    "GET /programme/draft": PROGRAMME | BOOKS,
    "PUT /programme/draft/{section}": frozenset({CATALOGUE}),
    "DELETE /programme/draft": frozenset({CATALOGUE}),
    "POST /programme/draft/publication": PROGRAMME,
    "DELETE /programme/schedule/{schedule_id}": PROGRAMME,
    # Support sees why something is off; who may publish may switch.
    "GET /features": ALL,
    "PUT /features/{feature}": frozenset({OPERATOR}),
    "GET /programme/versions": PROGRAMME | BOOKS,
    "GET /programme/versions/{version}": PROGRAMME | BOOKS,
    "POST /programme/versions/{version}/restoration": PROGRAMME,
    "POST /programme/draft/simulations": PROGRAMME | BOOKS,
    "GET /programme/simulations": PROGRAMME | BOOKS,
    "GET /programme/simulations/{simulation_id}": PROGRAMME | BOOKS,
    # Levels
    "GET /members/{member_number}/tier": DESK,
    "POST /members/{member_number}/tier-grants": frozenset({OPERATOR}),
    "DELETE /members/{member_number}/tier-grants/{grant_id}": frozenset({OPERATOR}),
    "GET /tiers/distribution": PROGRAMME,
    # Campaigns
    "GET /campaigns": frozenset({CATALOGUE, OPERATOR, FINANCE}),
    "GET /campaigns/{campaign}": frozenset({CATALOGUE, OPERATOR, FINANCE}),
    "POST /campaigns/preview": frozenset({CATALOGUE, OPERATOR}),
    "POST /campaigns/{campaign}/start": frozenset({CATALOGUE}),
    "POST /campaigns/{campaign}/pause": frozenset({CATALOGUE, OPERATOR}),
    "POST /campaigns/{campaign}/resume": frozenset({CATALOGUE}),
    "POST /campaigns/{campaign}/end": frozenset({CATALOGUE}),
    # What is held on a member
    "GET /members/{member_number}/privacy": DESK,
    "POST /members/{member_number}/exports": DESK,
    "POST /members/{member_number}/erasure": DESK,
    "POST /members/{member_number}/legal-holds": DESK,
    "POST /members/{member_number}/legal-holds/{hold_id}/lifting": frozenset({OPERATOR}),
    "GET /privacy/requests": DESK,
    "GET /privacy/requests/{request_id}": DESK,
    "POST /privacy/requests/{request_id}/approval": frozenset({OPERATOR}),
    "POST /privacy/requests/{request_id}/retry": DESK,
    "POST /privacy/requests/{request_id}/file": DESK,
    "GET /privacy/retention": ALL,
    # Outside parties
    "GET /integrations": frozenset({CATALOGUE, OPERATOR, FINANCE}),
    "GET /integrations/deliveries": frozenset({CATALOGUE, OPERATOR}),
    "GET /integrations/deliveries/{delivery_id}": frozenset({CATALOGUE, OPERATOR}),
    "POST /integrations/deliveries/{delivery_id}/redelivery": frozenset({CATALOGUE, OPERATOR}),
    "POST /integrations/webhooks/{code}/start": frozenset({CATALOGUE, OPERATOR}),
    "POST /integrations/{connection}/test": frozenset({CATALOGUE, OPERATOR}),
    # The catalogue
    "GET /catalogue/products": SHELF,
    "GET /catalogue/products.csv": SHELF,
    "POST /catalogue/additions": frozenset({CATALOGUE}),
    "GET /catalogue/products/{asin}": SHELF,
    "PUT /catalogue/products/{asin}": frozenset({CATALOGUE}),
    "GET /catalogue/search": frozenset({CATALOGUE}),
    "GET /catalogue/counts": SHELF,
    "POST /catalogue/preview": SHELF,
    "POST /catalogue/actions": frozenset({CATALOGUE}),
    "GET /catalogue/changes": SHELF,
    "POST /catalogue/changes/{change_id}/undo": frozenset({CATALOGUE}),
    "GET /catalogue/featured": SHELF,
    "PUT /catalogue/featured": frozenset({CATALOGUE}),
    "GET /catalogue/categories": SHELF,
    "POST /catalogue/imports": frozenset({CATALOGUE}),
    "GET /catalogue/imports/{import_id}": SHELF,
    "POST /catalogue/imports/{import_id}/application": frozenset({CATALOGUE}),
    # Demand: what will be asked for, what may not be had. An action is taken back by one press, so either may do it.
    "GET /demand/forecast": SHELF | BOOKS,
    "GET /demand/forecast/{asin}": SHELF | BOOKS,
    "GET /demand/outlooks": SHELF,
    "POST /demand/outlooks/{asin}/actions": SHELF,
    "POST /demand/actions/{action_id}/undo": SHELF,
    "POST /demand/alerts/{alert_id}/dismissal": SHELF,
    "GET /demand/trends": SHELF | BOOKS,
    "GET /demand/health": SHELF | BOOKS,
    "POST /demand/models/{version}/restore": frozenset({OPERATOR}),
    # Staff themselves
    "GET /staff": ALL,
    "GET /audit": frozenset({OPERATOR, FINANCE}),
    "GET /audit.csv": frozenset({OPERATOR, FINANCE}),
}

# Looks that show a person, or take a list away: written down like a change. Every other method always is.
WRITTEN_DOWN = frozenset(
    {
        "GET /members/{member_number}",
        "GET /members",
        "GET /members/{member_number}/overview",
        "GET /members/{member_number}/statement",
        "GET /members/{member_number}/statement/download",
        "GET /members/{member_number}/orders",
        "GET /members/{member_number}/merge-preview",
        "GET /members/{member_number}/freezes",
        "GET /members/{member_number}/tier",
        "GET /tiers/distribution",
        "GET /redemptions/{redemption_id}",
        "GET /documents/{document_id}",
        "GET /members/{member_number}/privacy",
        "GET /privacy/requests/{request_id}",
        "GET /cases/{case_id}",
        "GET /audit.csv",
        "GET /reconciliation/days/{day}/redemptions.csv",
        "GET /finance/months/{month}/close/{figure}/lots",
        "GET /finance/members/{member_number}/lots/{lot}",
        "GET /invoices/{invoice_id}/paper",
        "GET /invoices/samples.csv",
        "GET /invoices/samples.jsonl",
    }
)


def is_written_down(route: str) -> bool:
    """Whether the audit log has a row for each request of this route."""
    return not route.startswith("GET ") or route in WRITTEN_DOWN
