"""The web door: each operation passes the gate, does its work, and answers; or does not."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.simulators.amazon_business import (
    carts,
    catalogue,
    control,
    deliveries,
    documents,
    invoice_control,
    ordering,
    reconciling,
    reporting,
    tracking,
)
from local.simulators.amazon_business.errors import Answer, Cut, invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.mailing import Postman
from local.simulators.amazon_business.search import Search
from local.simulators.amazon_business.store import Store
from local.simulators.amazon_business.telling import Messenger

PICTURES = Path(__file__).resolve().parents[3] / "node_modules" / "@lobehub" / "fluent-emoji-3d" / "assets"
MAX_BODY_BYTES = 1024 * 1024
FOLLOWING = (
    "orderDetails",
    "packageTracking",
    "orderReports",
    "orderReportsByPurchaseOrderNumber",
    "orderLineItemReports",
    "shipmentReports",
    "shipmentLineItemReports",
    "transactions",
)
INVOICING = ("invoiceDetails", "invoicePayments", "createReport", "getReport", "getReportDocument", "cancelReport")
# The buyer is in the body of an order, and nowhere in reports, tracking and invoices.
WITHOUT_BUYER = ("placeOrder", *FOLLOWING[1:], *INVOICING)
# What is begun only.
ACCEPTED = ("createReport",)
TOKEN_PATHS = ("/auth/o2/token", "/auth/O2/token")

# Given the request and its JSON body: the answer's JSON, or None for 204.
type Work = Callable[[Request, Any], dict[str, Any] | None]


def create_app(database: Path) -> Starlette:
    """The simulator over this file, created and filled if need be."""
    store = Store(database)
    catalogue.seed(store)
    gate = Gate(store)
    door = _Door(store, gate)
    messenger, postman = Messenger(store, gate), Postman(store, gate)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        following = messenger.run(lambda: deliveries.advance(store, gate))
        tasks = [asyncio.create_task(work) for work in (following, postman.run())]
        yield
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return Starlette(
        lifespan=lifespan,
        routes=[
            *(Route(path, door.token, methods=["POST"]) for path in TOKEN_PATHS),
            *door.routes(),
            *invoice_control.routes(store, gate, postman),
            *control.routes(store, gate, messenger),
            Route(documents.LINKS + "{token}", door.document, methods=["GET"]),
            Route("/images/{name}.webp", _picture, methods=["GET"]),
        ],
    )


class _Door:
    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    def routes(self) -> list[Route]:
        store, gate = self._store, self._gate
        orders, products, cart = (
            "/ordering/2022-10-30/orders",
            "/products/2020-08-26/products",
            "/cart/2025-04-30/carts",
        )
        reports = "/reports/2025-06-09"
        packages = "/ab-tracking/2025-07-02/orders/{order_id}/shipments/{shipment_id}/packages/{package_id}"

        def report(work: Callable[[Store, Gate, Any], dict[str, Any]]) -> Work:
            return lambda request, _: work(store, gate, request.query_params)

        def search(request: Request) -> Search:
            origin = str(request.base_url).rstrip("/")
            return Search(store, gate.setting("region"), gate.setting("currency"), origin, gate.now())

        def details(request: Request, _: Any) -> dict[str, Any]:
            return ordering.order_details(store, gate, request.path_params["external_id"])

        def by_number(request: Request, _: Any) -> dict[str, Any]:
            number = request.path_params["number"]
            return reporting.order_reports_by_number(store, gate, number, request.query_params)

        def package(request: Request, _: Any) -> dict[str, Any]:
            return tracking.details(store, gate, request.path_params, request.query_params)

        def asin(request: Request) -> str:
            return str(request.path_params["asin"])

        def cart_id(request: Request) -> str:
            if request.query_params.get("region") != gate.setting("region"):
                raise invalid("Missing required request parameters: [region]")
            return str(request.path_params.get("cart_id", ""))

        def list_carts(request: Request, _: Any) -> dict[str, Any]:
            cart_id(request)
            return carts.list_carts(gate.setting("region"))

        def estimate(request: Request, body: Any) -> dict[str, Any]:
            return carts.estimate(store, cart_id(request), body, gate.setting("region"), gate.setting("currency"))

        paper, reconciliation = "/reports/2021-09-30", "/reconciliation/2021-01-08"

        def of_report(work: Callable[[Store, Gate, str], dict[str, Any]]) -> Work:
            return lambda request, _: work(store, gate, request.path_params["report_id"])

        def address(request: Request, _: Any) -> dict[str, Any]:
            origin = str(request.base_url).rstrip("/")
            return documents.document(store, gate, request.path_params["document_id"], origin)

        table: list[tuple[str, str, str, Work]] = [
            ("POST", orders, "placeOrder", lambda _, body: ordering.place_order(store, gate, body)),
            ("GET", orders + "/{external_id}", "orderDetails", details),
            ("GET", products, "searchProducts", lambda r, _: search(r).search(r.query_params)),
            ("POST", products + "/getProductsByAsins", "productsByAsins", lambda r, b: search(r).by_asins(b)),
            ("GET", products + "/{asin}", "products", lambda r, _: search(r).product(asin(r), r.query_params)),
            ("GET", products + "/{asin}/offers", "offers", lambda r, _: search(r).offers(asin(r), r.query_params)),
            ("GET", cart, "listCarts", list_carts),
            ("DELETE", cart + "/{cart_id}/items", "deleteItems", lambda r, _: carts.delete_items(store, cart_id(r))),
            ("POST", cart + "/{cart_id}/items", "addItems", lambda r, b: carts.add_items(store, cart_id(r), b)),
            ("POST", cart + "/{cart_id}/totalPurchaseCostEstimations", "cartEstimate", estimate),
            ("GET", packages, "packageTracking", package),
            ("GET", reports + "/orderReports", "orderReports", report(reporting.order_reports)),
            (
                "GET",
                reports + "/purchaseOrders/{number}/orderReports",
                "orderReportsByPurchaseOrderNumber",
                by_number,
            ),
            ("GET", reports + "/orderLineItemReports", "orderLineItemReports", report(reporting.order_line_reports)),
            ("GET", reports + "/shipmentReports", "shipmentReports", report(reporting.shipment_reports)),
            ("GET", reconciliation + "/transactions", "transactions", report(reconciling.transactions)),
            (
                "POST",
                reconciliation + "/invoices",
                "invoiceDetails",
                lambda _, body: documents.invoice_details(store, gate, body),
            ),
            (
                "POST",
                reconciliation + "/invoices/batch/paymentDetails",
                "invoicePayments",
                lambda _, body: documents.payment_details(store, gate, body),
            ),
            ("POST", paper + "/reports", "createReport", lambda _, body: documents.create(store, gate, body)),
            ("GET", paper + "/reports/{report_id}", "getReport", of_report(documents.get)),
            ("DELETE", paper + "/reports/{report_id}", "cancelReport", of_report(documents.cancel)),
            ("GET", paper + "/documents/{document_id}", "getReportDocument", address),
            (
                "GET",
                reports + "/shipmentLineItemReports",
                "shipmentLineItemReports",
                report(reporting.shipment_line_reports),
            ),
        ]
        return [Route(path, self._endpoint(name, work), methods=[method]) for method, path, name, work in table]

    def _endpoint(self, operation: str, work: Work) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            external_id = request.path_params.get("external_id")
            status, response = 0, None
            try:
                body = await _json(request)
                if operation == "placeOrder" and isinstance(body, dict):
                    external_id = body.get("externalId")
                response = self._respond(operation, request, body, work)
                status = response.status_code
            except Answer as answer:
                response = JSONResponse(answer.body(), answer.status)
                if answer.retry_after is not None:
                    response.headers["retry-after"] = f"{answer.retry_after:.2f}"
                status = answer.status
            except Cut as cut:
                await asyncio.sleep(cut.after_seconds)
                response = _CutConnection()
            self._store.log(self._gate.now(), operation, status, str(external_id)[:255] if external_id else None)
            response.headers["x-amzn-requestid"] = str(uuid.uuid4())
            return response

        return endpoint

    def _respond(self, operation: str, request: Request, body: Any, work: Work) -> Response:
        fault_name = "trialOrder" if operation == "placeOrder" and _is_trial(body) else operation
        self._gate.before(fault_name)
        self._gate.authorize(request.headers, buyer_in_header=operation not in WITHOUT_BUYER)
        if operation in FOLLOWING + INVOICING:
            deliveries.advance(self._store, self._gate)
        self._gate.throttle(operation)
        if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
            raise Answer(415, "INVALID_REQUEST_PARAMETER", "content-type must be application/json")
        answer = work(request, body)
        if self._gate.after(fault_name) == "malformed_reply":
            return Response('{"lineItems": [{"externalId": "', media_type="application/json")
        status = 202 if operation in ACCEPTED else 200
        response = Response(status_code=204) if answer is None else JSONResponse(answer, status)
        response.headers["x-amzn-ratelimit-limit"] = str(self._gate.rates()[operation]["per_second"])
        return response

    async def document(self, request: Request) -> Response:
        """What an address of the Document API leads to, as from a bucket."""
        content = documents.download(self._store, self._gate, request.path_params["token"])
        if content is None:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
        return Response(content, media_type="application/octet-stream")

    async def token(self, request: Request) -> Response:
        try:
            self._gate.before("token")
            if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                raise Answer(400, "invalid_request", "content-type must be application/x-www-form-urlencoded")
            form = dict(parse_qsl((await request.body()).decode(errors="replace")))
            answer: Response = JSONResponse(self._gate.issue_token(form))
        except Answer as refused:
            answer = JSONResponse({"error": refused.code, "error_description": refused.message}, refused.status)
        except Cut as cut:
            await asyncio.sleep(cut.after_seconds)
            return _CutConnection()
        self._store.log(self._gate.now(), "token", answer.status_code, None)
        return answer


class _CutConnection(Response):
    """Promises more than it sends: the server notices and closes the connection, the caller gets no answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        raise ConnectionAbortedError("cut on purpose")


async def _json(request: Request) -> Any:
    raw = await request.body()
    if len(raw) > MAX_BODY_BYTES:
        raise Answer(413, "INVALID_REQUEST_PARAMETER", "request too large")
    if not raw:
        if request.method == "POST":
            raise invalid("Request has missing or invalid parameters and cannot be parsed.")
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("Request has missing or invalid parameters and cannot be parsed.") from None


def _is_trial(body: Any) -> bool:
    attributes = body.get("attributes") if isinstance(body, dict) else None
    return isinstance(attributes, list) and any(
        isinstance(attribute, dict) and attribute.get("attributeType") == "TrialMode" for attribute in attributes
    )


async def _picture(request: Request) -> Response:
    name = str(request.path_params["name"])
    path = PICTURES / f"{name}.webp"
    if not name.replace("-", "").isalnum() or not path.is_file():
        return Response(status_code=404)
    return FileResponse(path, media_type="image/webp", headers={"cache-control": "public, max-age=86400"})
