"""Ordering 2022-10-30: placeOrder and orderDetails, with everything that can happen to an order."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.simulators.amazon_business import scenarios
from local.simulators.amazon_business.catalogue import Item, offer_id
from local.simulators.amazon_business.charges import LineCharges, charge
from local.simulators.amazon_business.errors import Answer, Cut, invalid
from local.simulators.amazon_business.gate import Gate
from local.simulators.amazon_business.shelf import item_of
from local.simulators.amazon_business.store import Store
from local.simulators.amazon_business.validation import AskedLine, AskedOrder, asked_order

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Line:
    asked: AskedLine
    item: Item | None
    unit_price: int
    accepted: int
    reasons: tuple[Json, ...]
    charges: LineCharges


def place_order(store: Store, gate: Gate, body: Any) -> Json:
    """Place or try an order. Raises Answer for what Amazon refuses, Cut where the answer gets lost."""
    order = asked_order(body, gate.setting("currency"), gate.setting("region"))
    known = store.one("select buyer_email, buying_group from credentials")
    if known is None or order.buyer_email != known["buyer_email"] or order.buying_group != known["buying_group"]:
        raise Answer(403, "UNAUTHORIZED", "The buyer is not a member of this group")
    if order.trial:
        return _result(_lines(store, gate, order), order, gate, amazon_ids={})
    request_hash = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    stored = store.one("select request_hash, result from orders where external_id = ?", order.external_id)
    if stored is not None:
        return _repeated(gate, order, stored["request_hash"] == request_hash, stored["result"])
    attempt = _attempt(store, order.external_id)
    asins = {line.asin for line in order.lines}
    if scenarios.FAILS_ONCE in asins and attempt == 1:
        raise Answer(500, "SERVICE_ERROR", "Internal error")
    result = _commit(store, gate, order, request_hash)
    if scenarios.TIMES_OUT_AFTER in asins:
        raise Cut(gate.setting("timeout_seconds"))
    return result


def order_details(store: Store, gate: Gate, external_id: str) -> Json:
    """The stored result as it stands now: units that were cancelled are rejected, what was shipped is in shipments."""
    row = store.one("select * from orders where external_id = ?", external_id)
    if row is None:
        raise Answer(404, "PAGE_NOT_FOUND", "No order of this externalId")
    result: Json = json.loads(row["result"])
    if row["accepted"]:
        _take_cancelled(store, external_id, result)
        _add_shipments(store, external_id, result)
    return result


# ---- deciding ----------------------------------------------------------------------------------------------------


def _lines(store: Store, gate: Gate, order: AskedOrder) -> list[_Line]:
    priced = []
    for asked in order.lines:
        item = item_of(store, asked.asin)
        if item is None or item.kind == "VARIATION_PARENT":
            raise invalid(f"{asked.asin} is no orderable product")
        if asked.offer_id is not None and asked.offer_id != offer_id(asked.asin):
            raise invalid(f"{asked.asin}: no such buying option")
        drift = 0 if order.trial else scenarios.DRIFT.get(asked.asin, 0)
        unit_price = (item.price_minor * (10_000 + drift) + 5_000) // 10_000
        accepted, reasons = _availability(item, asked.quantity, order.trial)
        priced.append((asked, item, unit_price, accepted, reasons))
    charges = charge([(item, unit, accepted) for _, item, unit, accepted, _ in priced], order.state)
    decided = []
    for (asked, item, unit_price, accepted, reasons), charged in zip(priced, charges, strict=True):
        broken = _broken(asked, unit_price, charged, gate, gate.setting("currency")) if accepted else ()
        decided.append(_Line(asked, item, unit_price, 0 if broken else accepted, (*reasons, *broken), charged))
    if (
        any(line.accepted < line.asked.quantity for line in decided)
        and gate.setting("safeguard_action") == "cancel_order"
    ):
        decided = [
            _Line(line.asked, line.item, line.unit_price, 0, line.reasons or (_code("ORDER_CANCELLED"),), line.charges)
            for line in decided
        ]
    # What was rejected is not charged, and shipping may change with it.
    charges = charge([(line.item, line.unit_price, line.accepted) for line in decided if line.item], order.state)
    return [
        _Line(line.asked, line.item, line.unit_price, line.accepted, line.reasons, charged)
        for line, charged in zip(decided, charges, strict=True)
    ]


def _availability(item: Item, quantity: int, trial: bool) -> tuple[int, tuple[Json, ...]]:
    if item.guidance == "BLOCKED" or item.restrictions:
        return 0, (_code("PURCHASE_NOT_ALLOWED"),)
    if item.minimum_age:
        return 0, ({"rejectionArtifactType": "AgeRestriction", "minimumAge": item.minimum_age},)
    if item.max_quantity is not None and quantity > item.max_quantity:
        return 0, (_code("QUANTITY_LIMIT"), _available(item.max_quantity))
    stock = quantity if item.stock is None else item.stock
    if item.asin == scenarios.TRIAL_REJECTS:
        stock = 0
    if item.asin == scenarios.PARTIAL and not trial:
        stock = quantity - 1
    if stock >= quantity:
        return quantity, ()
    missing = {"rejectionArtifactType": "UnavailableQuantity", "quantity": quantity - stock}
    return stock, (missing, _available(stock))


def _broken(asked: AskedLine, unit_price: int, charged: LineCharges, gate: Gate, currency: str) -> tuple[Json, ...]:
    above = 10_000 + gate.setting("safeguard_basis_points")
    broken: list[Json] = []
    expected = asked.unit_price_minor
    if expected is not None and unit_price * 10_000 > expected * above:
        broken.append(_boundary("BrokenUnitPriceExpectation", expected, unit_price, currency))
    actual = {
        "SUBTOTAL": charged.principal,
        "SHIPPING": charged.shipping + charged.discount,
        "TAX": charged.tax,
    }
    for source, limit in asked.expected.items():
        if actual[source] * 10_000 > limit * above:
            artifact = _boundary("BrokenChargeExpectation", limit, actual[source], currency)
            broken.append({**artifact, "sources": [source]})
    return tuple(broken)


# ---- keeping -----------------------------------------------------------------------------------------------------


def _attempt(store: Store, external_id: str) -> int:
    store.run(
        "insert into attempts(external_id, times) values (?, 1)"
        " on conflict (external_id) do update set times = times + 1",
        external_id,
    )
    row = store.one("select times from attempts where external_id = ?", external_id)
    return int(row["times"]) if row else 1


def _repeated(gate: Gate, order: AskedOrder, same: bool, result: str) -> Json:
    if not same:
        raise invalid("externalId was used for another order")
    fault = gate.take_fault("placeOrder", "duplicate_rejects", "duplicate_replays")
    if fault == "duplicate_rejects" or (fault is None and gate.setting("duplicate") == "reject"):
        return {
            "lineItems": [
                {
                    "externalId": line.external_id,
                    "acceptedItems": [],
                    "rejectedItems": [{"quantity": line.quantity, "artifacts": [_code("DUPLICATE_EXTERNAL_ID")]}],
                }
                for line in order.lines
            ],
            "acceptanceArtifacts": [],
            "rejectionArtifacts": [_code("DUPLICATE_EXTERNAL_ID")],
        }
    replayed: Json = json.loads(result)
    return replayed


def _commit(store: Store, gate: Gate, order: AskedOrder, request_hash: str) -> Json:
    lines = _lines(store, gate, order)
    with store.transaction():
        count = store.one("select count(*) as orders from order_lines where amazon_order_id is not null")
        first = int(count["orders"]) if count else 0
        amazon_ids = {
            line.asked.external_id: f"114-{1_000_000 + (first + position) // 7:07d}-{3_000_000 + first + position:07d}"
            for position, line in enumerate(lines)
            if line.accepted
        }
        result = _result(lines, order, gate, amazon_ids)
        store.run(
            "insert into orders(external_id, request_hash, purchase_order_number, accepted, placed_at, charged_minor,"
            " currency, result) values (?, ?, ?, ?, ?, ?, ?, ?)",
            order.external_id,
            request_hash,
            order.purchase_order_number,
            int(any(line.accepted for line in lines)),
            gate.now().isoformat(),
            sum(line.charges.total for line in lines),
            gate.setting("currency"),
            json.dumps(result),
        )
        if amazon_ids:
            store.run("insert into open_orders values (?, ?)", order.external_id, gate.now().isoformat())
        for line in lines:
            store.run(
                "insert into order_lines values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                order.external_id,
                line.asked.external_id,
                line.asked.asin,
                line.asked.quantity,
                line.accepted,
                line.asked.quantity - line.accepted,
                line.unit_price,
                line.charges.principal,
                line.charges.shipping + line.charges.discount,
                line.charges.tax,
                amazon_ids.get(line.asked.external_id),
            )
    return result


# ---- telling -----------------------------------------------------------------------------------------------------


def _result(lines: list[_Line], order: AskedOrder, gate: Gate, amazon_ids: dict[str, str]) -> Json:
    currency = gate.setting("currency")
    signed = bool(amazon_ids) and not order.trial
    return {
        "lineItems": [
            {
                "externalId": line.asked.external_id,
                "acceptedItems": [_accepted(line, amazon_ids.get(line.asked.external_id), gate.now(), currency)]
                if line.accepted
                else [],
                "rejectedItems": [{"quantity": line.asked.quantity - line.accepted, "artifacts": list(line.reasons)}]
                if line.accepted < line.asked.quantity
                else [],
            }
            for line in lines
        ],
        "acceptanceArtifacts": [{"acceptanceArtifactType": "Signed"}] if signed else [],
        "rejectionArtifacts": [],
    }


def _accepted(line: _Line, amazon_id: str | None, now: datetime, currency: str) -> Json:
    assert line.item is not None
    charged = line.charges
    artifacts: list[Json] = []
    if amazon_id:
        artifacts.append({"acceptanceArtifactType": "OrderIdentifier", "identifier": amazon_id})
    artifacts.append({"acceptanceArtifactType": "UnitPrice", "amount": money(line.unit_price, currency)})
    for category, kind, minor in (
        ("SUBTOTAL", "PRINCIPAL", charged.principal),
        ("SHIPPING", "PRINCIPAL", charged.shipping),
        ("SHIPPING", "DISCOUNT", charged.discount),
        ("SUBTOTAL", "TAX", charged.tax),
    ):
        if minor:
            artifacts.append(
                {
                    "acceptanceArtifactType": "Charge",
                    "category": category,
                    "type": kind,
                    "amount": money(minor, currency),
                }
            )
    earliest = (now + timedelta(days=line.item.promise_days)).replace(hour=8, minute=0, second=0, microsecond=0)
    # Amazon writes its dates in more than one way.
    artifacts.append(
        {
            "acceptanceArtifactType": "DeliveryTimeRange",
            "lowerBoundary": {"date": earliest.strftime("%Y-%m-%d %H:%M:%S.000")},
            "upperBoundary": (earliest + timedelta(days=2, hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    if line.item.components > 1:
        return _group(line, artifacts)
    return {"acceptedItemType": "SingleAcceptedItem", "quantity": line.accepted, "artifacts": artifacts}


def _group(line: _Line, artifacts: list[Json]) -> Json:
    assert line.item is not None
    parts = [{"acceptedItemType": "SingleAcceptedItem", "quantity": 1, "artifacts": artifacts}]
    parts += [
        {
            "acceptedItemType": "SingleAcceptedItem",
            "quantity": 1,
            "artifacts": [a for a in artifacts if a["acceptanceArtifactType"] == "OrderIdentifier"],
        }
        for _ in range(line.item.components - 1)
    ]
    return {"acceptedItemType": "AcceptedItemGroup", "quantity": line.accepted, "items": parts, "artifacts": []}


def _take_cancelled(store: Store, external_id: str, result: Json) -> None:
    rows = store.all(
        "select line_external_id, sum(quantity) as units from cancelled_units where external_id = ? group by 1",
        external_id,
    )
    cancelled = {row["line_external_id"]: int(row["units"]) for row in rows}
    for line in result["lineItems"]:
        units = cancelled.get(line["externalId"], 0)
        if units:
            for accepted in line["acceptedItems"]:
                accepted["quantity"] -= units
            line["acceptedItems"] = [accepted for accepted in line["acceptedItems"] if accepted["quantity"]]
            line["rejectedItems"].append({"quantity": units, "artifacts": [_code("CANCELLED")]})


def _add_shipments(store: Store, external_id: str, result: Json) -> None:
    lines = {line["externalId"]: line for line in result["lineItems"]}
    for shipment in store.all("select * from shipments where external_id = ? order by shipped_at", external_id):
        packages = store.all(
            "select * from packages where shipment_id = ? order by package_id", shipment["shipment_id"]
        )
        result["acceptanceArtifacts"].append(
            {
                "acceptanceArtifactType": "Shipment",
                "identifier": shipment["shipment_id"],
                "packages": [_package(shipment["promised_start"], package) for package in packages],
            }
        )
        units = store.all(
            "select line_external_id, sum(quantity) as units from package_units where shipment_id = ? group by 1",
            shipment["shipment_id"],
        )
        for row in units:
            for accepted in lines[row["line_external_id"]]["acceptedItems"][:1]:
                accepted.setdefault("artifacts", []).append(
                    {
                        "acceptanceArtifactType": "ShipmentGroup",
                        "identifier": shipment["shipment_id"],
                        "packageReferences": [_reference(package) for package in packages],
                        "quantity": row["units"],
                    }
                )


def _package(promised_start: str, package: Any) -> Json:
    attribute = {
        "packageAttributeType": "PackageTrackingAttribute",
        "carrierName": package["carrier"],
        "packageId": package["package_id"],
        "deliveryDateRange": {"startDateTime": promised_start, "endDateTime": package["promised_end"]},
    }
    return {"packageReference": _reference(package), "packageAttributes": [attribute]}


def _reference(package: Any) -> Json:
    return {"packageReferenceType": "CarrierTrackingNumber", "value": package["tracking_id"]}


def money(minor: int, currency: str) -> Json:
    """{"currencyCode", "amount"} with the amount as a JSON number."""
    return {"currencyCode": currency, "amount": minor // 100 if minor % 100 == 0 else minor / 100}


def _code(code: str) -> Json:
    return {"rejectionArtifactType": "RejectionCode", "code": code}


def _available(quantity: int) -> Json:
    return {"rejectionArtifactType": "AvailableQuantity", "quantity": quantity}


def _boundary(kind: str, boundary: int, actual: int, currency: str) -> Json:
    return {
        "rejectionArtifactType": kind,
        "boundary": money(boundary, currency),
        "actualAmount": money(actual, currency),
    }
