"""The client: what `contract` promises, over HTTP. Share one between threads; it holds no state but the token."""

from __future__ import annotations

import time
from collections.abc import Callable
from copy import copy
from datetime import datetime
from typing import Self
from urllib.parse import quote

import urllib3

from loyalty.orders.amazon_business import catalogue, documents, downloading, following, ordering, reconciling
from loyalty.orders.amazon_business.authorization import AccessTokens
from loyalty.orders.amazon_business.breaker import Breaker
from loyalty.orders.amazon_business.contract import (
    MAX_ASINS_A_CALL,
    Address,
    CartEstimate,
    Credentials,
    Offers,
    OrderLine,
    OrderResult,
    PlaceOrder,
    Products,
    SearchPage,
)
from loyalty.orders.amazon_business.deadline import Deadline
from loyalty.orders.amazon_business.documents import INVOICE, Issued, Report, ShippedItem
from loyalty.orders.amazon_business.errors import Refused, Unknown
from loyalty.orders.amazon_business.following import (
    Asked,
    OrderLineReport,
    OrderReport,
    Page,
    ShipmentLineReport,
    ShipmentReport,
    Tracking,
)
from loyalty.orders.amazon_business.reading import listed, text
from loyalty.orders.amazon_business.reconciling import TransactionPage
from loyalty.orders.amazon_business.transport import Timeouts, Transport

ORDERS = "/ordering/2022-10-30/orders"
PRODUCTS = "/products/2020-08-26/products"
CARTS = "/cart/2025-04-30/carts"
TRACKING = "/ab-tracking/2025-07-02/orders"
REPORTS = "/reports/2025-06-09"
TRANSACTIONS = "/reconciliation/2021-01-08/transactions"
INVOICES = "/reconciliation/2021-01-08/invoices"
PAPERS = "/reports/2021-09-30"
FACETS = "OFFERS,IMAGES"


class AmazonBusiness:
    """One connection to one Amazon Business host and store.

    >>> client = AmazonBusiness("https://na.business-api.amazon.com", "https://api.amazon.com",
    ...                         RenewedCredentials(read_secret))                                  # doctest: +SKIP
    """

    def __init__(
        self,
        base_url: str,
        lwa_url: str,
        credentials: Credentials | Callable[[], Credentials],
        http: urllib3.PoolManager | None = None,
        timeouts: Timeouts | None = None,
        *,
        region: str = "US",
        locale: str = "en_US",
        breaker: Breaker | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        http = http or urllib3.PoolManager(maxsize=8)
        timeouts = timeouts or Timeouts()
        current = credentials if callable(credentials) else lambda: credentials
        tokens = AccessTokens(
            lwa_url, current, http, urllib3.Timeout(connect=timeouts.connect, read=timeouts.read), monotonic
        )
        self._transport = Transport(base_url, tokens, http, timeouts, lambda: current().buyer_email, breaker)
        self._credentials = current
        self._base_url, self._http = base_url, http
        self._timeout = urllib3.Timeout(connect=timeouts.connect, read=timeouts.read)
        self._region = region
        self._locale = locale

    def within(self, deadline: Deadline) -> Self:
        """The same client for one request: its calls together end by then. Token, connections, breaker are shared."""
        one = copy(self)
        one._transport = self._transport.within(deadline)
        return one

    # ---- ordering ------------------------------------------------------------------------------------------------

    def place_order(self, order: PlaceOrder) -> OrderResult:
        """Place it, or try it. A reply that leaves out one of our lines is Unknown: part of it may be on its way."""
        body = ordering.order_body(order, self._credentials())
        ordering.check_trial(body)
        result = ordering.order_result(
            self._transport.call("POST", ORDERS, body=body, as_buyer=False, is_order=not order.trial)
        )
        if set(result.lines) != {line.line_number for line in order.lines}:
            raise Unknown("reply without all of the order's lines")
        return result

    def order_details(self, external_id: str) -> OrderResult | None:
        """What became of an order; None if Amazon never accepted a request of this id."""
        try:
            return ordering.order_result(self._transport.call("GET", f"{ORDERS}/{quote(external_id, safe='')}"))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def cart_estimate(self, lines: tuple[OrderLine, ...], address: Address, region: str = "US") -> CartEstimate:
        """Empty the buyer's cart, fill it, ask; four calls. The caller holds the cart meanwhile."""
        where = {"region": region}
        carts = self._transport.call("GET", CARTS, query=where)
        cart_id = next((text(cart.get("id")) for cart in listed(carts, "cartDetailsList") if cart.get("id")), None)
        if cart_id is None:
            raise Unknown("reply without a cart")
        cart = f"{CARTS}/{quote(cart_id, safe='')}"
        self._transport.call("DELETE", f"{cart}/items", query=where)
        items = [
            {
                "productIdentifier": line.asin,
                **({"buyingOptionIdentifier": line.offer_id} if line.offer_id else {}),
                "quantity": line.quantity,
                "externalId": str(line.line_number),
            }
            for line in lines
        ]
        added = self._transport.call("POST", f"{cart}/items", query=where, body={"items": items})
        if listed(added, "rejectedItems"):
            raise Refused(400, "CART_ITEM_REJECTED", "the cart does not take every item")
        return ordering.cart_estimate(
            self._transport.call(
                "POST",
                f"{cart}/totalPurchaseCostEstimations",
                query=where,
                body={"address": ordering.address_body(address)},
            )
        )

    # ---- following -----------------------------------------------------------------------------------------------

    def package_tracking(self, order_id: str, shipment_id: str, package_id: str) -> Tracking | None:
        """Where a package is; None if Amazon does not know it, or says nothing."""
        path = (
            "/".join((TRACKING, quote(order_id, safe=""), "shipments", quote(shipment_id, safe=""), "packages"))
            + "/"
            + quote(package_id, safe="")
        )
        query = {"region": self._region, "locale": self._locale.replace("_", "-")}
        try:
            return following.tracking(self._transport.call("GET", path, query=query, as_buyer=False))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def order_reports(self, asked: Asked, statuses: tuple[str, ...] = ()) -> Page[OrderReport]:
        """Orders of some days, those of these statuses only."""
        query = {**asked.query(), **({"orderStatuses": ",".join(statuses)} if statuses else {})}
        return following.order_reports(self._report("orderReports", query))

    def order_line_reports(self, asked: Asked) -> Page[OrderLineReport]:
        """What is left of each line."""
        return following.order_line_reports(self._report("orderLineItemReports", asked.query()))

    def shipment_reports(self, asked: Asked) -> Page[ShipmentReport]:
        """Shipments, and whether they were delivered."""
        return following.shipment_reports(self._report("shipmentReports", asked.query()))

    def shipment_line_reports(self, asked: Asked) -> Page[ShipmentLineReport]:
        """What is in the shipments, and in which packages."""
        return following.shipment_line_reports(self._report("shipmentLineItemReports", asked.query()))

    def _report(self, name: str, query: dict[str, str]) -> object:
        where = {"region": self._region}
        return self._transport.call("GET", f"{REPORTS}/{name}", query=query | where, as_buyer=False)

    # ---- reconciling ----------------------------------------------------------------------------------------------

    def transactions(self, start: datetime, end: datetime, page_token: str | None = None) -> TransactionPage:
        """What was charged and refunded, by the day it could first be told."""
        asked = reconciling.query(start, end, page_token)
        return reconciling.page(self._transport.call("GET", TRANSACTIONS, query=asked, as_buyer=False))

    def issued_invoices(self, items: tuple[ShippedItem, ...]) -> dict[ShippedItem, tuple[Issued, ...]]:
        """The invoices that were issued for these lines of shipments, at most 25."""
        body = documents.items_body(items)
        return documents.issued_invoices(self._transport.call("POST", INVOICES, body=body, as_buyer=False), items)

    # ---- papers ----------------------------------------------------------------------------------------------------

    def order_invoice(self, number: str, document_type: str = INVOICE) -> str:
        """Have an invoice's PDF made; the report's id. Ordered twice it is made twice, which does no harm."""
        body = documents.report_body(number, document_type, self._region)
        return documents.report_id(self._transport.call("POST", f"{PAPERS}/reports", body=body, as_buyer=False))

    def invoice_report(self, report_id: str) -> Report:
        """How far a PDF is."""
        path = f"{PAPERS}/reports/{quote(report_id, safe='')}"
        return documents.report(self._transport.call("GET", path, as_buyer=False))

    def invoice_document(self, document_id: str, most_bytes: int) -> bytes:
        """The PDF; its address is good for some minutes, so it is asked for and used at once."""
        path = f"{PAPERS}/documents/{quote(document_id, safe='')}"
        where = documents.download(self._transport.call("GET", path, as_buyer=False), self._base_url)
        return downloading.fetch(self._http, where, most_bytes, self._timeout)

    # ---- products ------------------------------------------------------------------------------------------------

    def search_products(
        self, keywords: str, *, category: str | None = None, page: int = 0, page_size: int = 24, sort: str | None = None
    ) -> SearchPage:
        """One page of a search, with offers and pictures. Empty `keywords` with a `category` lists the category."""
        query = {**self._where(), "facets": FACETS, "pageNumber": str(page), "pageSize": str(page_size)}
        query |= {name: value for name, value in (("keywords", keywords), ("category", category)) if value}
        if sort:
            query["sortKey"] = sort
        return catalogue.search_page(self._transport.call("GET", PRODUCTS, query=query))

    def products_by_asins(self, asins: tuple[str, ...], *, postal_code: str | None = None) -> Products:
        """At most 30 products with offers and pictures. Raises ValueError for none or more."""
        if not 1 <= len(asins) <= MAX_ASINS_A_CALL:
            raise ValueError("1 to 30 ASINs a call")
        body = {"productIds": list(asins), **self._where(), "facets": FACETS.split(",")}
        if postal_code:
            body["shippingPostalCode"] = postal_code
        return catalogue.products(self._transport.call("POST", f"{PRODUCTS}/getProductsByAsins", body=body))

    def offers(self, asin: str, *, quantity: int = 1, postal_code: str | None = None) -> Offers:
        """The offers of one product as they are now, the featured one first."""
        query = {**self._where(), "quantity": str(quantity)}
        if postal_code:
            query["shippingPostalCode"] = postal_code
        return catalogue.offers(
            self._transport.call("GET", f"{PRODUCTS}/{quote(asin, safe='')}/offers", query=query), asin
        )

    def _where(self) -> dict[str, str]:
        return {"productRegion": self._region, "locale": self._locale}
