"""Every public route: method, path, function, scope. The functions' own resolvers list the same; a test compares."""

from __future__ import annotations

from typing import NamedTuple


class Route(NamedTuple):
    """`function` is the module in lambdas/ that answers. `scope` None: no token; the function asks for a secret or a
    signature, unless what it says is `public`."""

    method: str
    path: str
    function: str
    scope: str | None
    public: bool = False


def _member(method: str, path: str, function: str = "member_api") -> Route:
    return Route(method, path, function, "loyalty/member")


def _staff(method: str, path: str) -> Route:
    return Route(method, path, "manager_api", "loyalty/staff")


MEMBER = (
    Route("GET", "/config", "member_api", None, public=True),
    _member("GET", "/me"),
    _member("POST", "/claims"),
    _member("POST", "/claims/confirmation"),
    _member("GET", "/terms"),
    _member("POST", "/terms/acceptance"),
    _member("GET", "/me/balance"),
    _member("GET", "/me/balance/at"),
    _member("GET", "/me/statement"),
    _member("GET", "/me/statement/download"),
    _member("GET", "/me/lots"),
    _member("PUT", "/me/phone"),
    _member("POST", "/me/phone/confirmation"),
    _member("GET", "/me/tier"),
    _member("GET", "/me/preferences"),
    _member("PUT", "/me/preferences"),
    _member("POST", "/transfers"),
    _member("GET", "/me/addresses"),
    _member("POST", "/me/addresses"),
    _member("PUT", "/me/addresses/{address_id}/default"),
    _member("DELETE", "/me/addresses/{address_id}"),
    _member("GET", "/me/closure"),
    _member("POST", "/me/closure"),
    _member("DELETE", "/me/closure"),
    _member("GET", "/catalogue"),
    _member("GET", "/catalogue/{version}/products"),
    _member("GET", "/catalogue/{version}/products/{asin}"),
    _member("GET", "/me/prices"),
    _member("GET", "/me/catalogue"),
    _member("GET", "/me/catalogue/products/{asin}"),
    _member("GET", "/me/wishlist"),
    _member("PUT", "/me/wishlist/{asin}"),
    _member("DELETE", "/me/wishlist/{asin}"),
    _member("GET", "/recommendations"),
    _member("POST", "/quotes", "quote_api"),
    _member("POST", "/quotes/{quote_id}/split", "quote_api"),
    _member("POST", "/redemptions"),
    _member("GET", "/redemptions"),
    _member("GET", "/redemptions/{redemption_id}"),
    _member("POST", "/redemptions/{redemption_id}/payment-approval"),
    _member("POST", "/redemptions/{redemption_id}/cancel"),
    _member("PUT", "/redemptions/{redemption_id}/address"),
    _member("POST", "/redemptions/{redemption_id}/step-up"),
    _member("POST", "/redemptions/{redemption_id}/step-up/confirmation"),
    Route("POST", "/security/not-me", "member_api", None),
    _member("GET", "/redemptions/{redemption_id}/documents"),
    _member("GET", "/documents/{document_id}"),
    _member("POST", "/cases"),
    _member("GET", "/cases"),
    _member("GET", "/cases/{case_id}"),
    _member("POST", "/cases/{case_id}/messages"),
    _member("POST", "/cases/{case_id}/photos"),
    _member("POST", "/cases/{case_id}/withdrawal"),
)
MANAGER = (
    _staff("POST", "/members"),
    _staff("GET", "/members/{member_number}"),
    _staff("POST", "/adjustments"),
    _staff("GET", "/adjustments"),
    _staff("POST", "/adjustments/{adjustment_id}/approval"),
    _staff("GET", "/redemptions/{redemption_id}"),
    _staff("GET", "/screening"),
    _staff("POST", "/screening/{case_id}/decision"),
    _staff("GET", "/members/{member_number}/freezes"),
    _staff("POST", "/members/{member_number}/unfreeze"),
    _staff("GET", "/redemptions/{redemption_id}/documents"),
    _staff("GET", "/documents/{document_id}"),
    _staff("GET", "/cases"),
    _staff("GET", "/cases/{case_id}"),
    _staff("POST", "/cases/{case_id}/assignment"),
    _staff("POST", "/cases/{case_id}/messages"),
    _staff("POST", "/cases/{case_id}/label"),
    _staff("POST", "/cases/{case_id}/outcome"),
    _staff("POST", "/cases/{case_id}/approval"),
    _staff("POST", "/cases/{case_id}/return-received"),
    _staff("GET", "/notices/unwarned-lots"),
    _staff("GET", "/notices/lost-messages"),
    _staff("GET", "/finance/rates"),
    _staff("POST", "/finance/rates"),
    _staff("POST", "/finance/rates/{version}/approval"),
    _staff("GET", "/finance/months/{month}/days"),
    _staff("POST", "/finance/months/{month}/lock"),
    _staff("GET", "/finance/months/{month}/verification"),
    _staff("GET", "/finance/months/{month}/funders"),
    _staff("GET", "/finance/months/{month}/funders.csv"),
    _staff("GET", "/finance/days/{day}"),
    _staff("GET", "/finance/days/{day}/journal.csv"),
    _staff("GET", "/finance/position"),
    _staff("GET", "/finance/closes"),
    _staff("GET", "/finance/closes/{month}/verification"),
    _staff("GET", "/liability"),
    _staff("GET", "/campaigns"),
    _staff("GET", "/campaigns/{campaign}"),
    _staff("POST", "/campaigns/preview"),
    _staff("POST", "/campaigns/{campaign}/start"),
    _staff("POST", "/campaigns/{campaign}/pause"),
    _staff("POST", "/campaigns/{campaign}/resume"),
    _staff("POST", "/campaigns/{campaign}/end"),
    _staff("GET", "/programme"),
    _staff("GET", "/programme/draft"),
    _staff("PUT", "/programme/draft/{section}"),
    _staff("DELETE", "/programme/draft"),
    _staff("POST", "/programme/draft/publication"),
    _staff("DELETE", "/programme/schedule/{schedule_id}"),
    _staff("GET", "/programme/versions"),
    _staff("GET", "/programme/versions/{version}"),
    _staff("POST", "/programme/versions/{version}/restoration"),
    _staff("GET", "/reconciliation"),
    _staff("GET", "/reconciliation/days/{day}/redemptions.csv"),
    _staff("GET", "/finance/months/{month}/house"),
    _staff("GET", "/finance/months/{month}/house.csv"),
    _staff("GET", "/staff"),
    _staff("GET", "/audit"),
    _staff("GET", "/audit.csv"),
)
INBOUND = (
    Route("POST", "/members", "partner_api", "loyalty/members.write"),
    Route("POST", "/accruals", "partner_api", "loyalty/accruals.write"),
    Route("POST", "/accruals/{partner_reference}/reversals", "partner_api", "loyalty/accruals.write"),
    Route("POST", "/accruals/{partner_reference}/release", "partner_api", "loyalty/accruals.write"),
    Route("POST", "/webhooks/amazon-business/packages", "webhook_api", None),
    Route("POST", "/webhooks/amazon-pay", "payment_webhook", None),
    Route("POST", "/webhooks/stripe", "payment_webhook", None),
)
