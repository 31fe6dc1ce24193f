"""What is read out of a document, whichever format it has: enough to book it. What does not add up is refused.

This is the ERP's own reading, from docs/erp.md and the published schemas: nothing of the sender's code is used.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree
from peppol import check_rules, validate_xsd

from local.simulators.erp import schemas
from local.simulators.erp.refusals import ApiError, refused

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
ROOTS = {"invoice": "Invoice", "credit_memo": "CreditNote"}
_DECIMALS = {"JPY": 0, "KRW": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the books; one of the two is zero."""

    account: str
    debit_minor: int
    credit_minor: int
    words: str


@dataclass(frozen=True, slots=True)
class Document:
    """What is booked. The total of a credit memo is above zero, too."""

    kind: str
    vendor: str
    number: str
    booked_on: str
    currency: str
    total_minor: int
    tax_minor: int
    corrects: str | None
    entries: list[Entry] = field(default_factory=list)


def read(kind: str, format: str, body: bytes) -> Document:
    """Raises ApiError: 400 for what is no document, 422 for one that is wrong."""
    if kind == "journal":
        return _journal(_json(body, schemas.JOURNAL))
    return _ubl(kind, body) if format == "ubl" else _invoice(kind, _json(body, schemas.INVOICE))


def _json(body: bytes, shape: schemas.Shape) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise ApiError(400, "malformed", "", "This is no JSON.") from None
    if problem := schemas.problem(told, shape):
        raise refused("schema", problem, "This field is missing, unknown, or not what it must be.")
    assert isinstance(told, dict)
    return told


def _invoice(kind: str, told: dict[str, Any]) -> Document:
    if told["kind"] != kind:
        raise refused("kind", "kind", "It was sent to the path of another kind.")
    parts = {"item": 0, "fee": 0, "shipping": 0, "discount": 0}
    for line in told["lines"]:
        parts[line["kind"]] += line["amount_minor"]
        if line["kind"] == "item" and line["quantity"] is None:
            raise refused("schema", f"lines.{line['line_number']}.quantity", "An item has a quantity.")
    if [line["line_number"] for line in told["lines"]] != list(range(1, len(told["lines"]) + 1)):
        raise refused("line_numbers", "lines", "Lines are numbered from 1.")
    if abs(parts["item"] + parts["fee"] - told["subtotal_minor"]) > len(told["lines"]):
        raise refused("subtotal", "subtotal_minor", "It is not the sum of the lines.")
    total = sum(told[f"{part}_minor"] for part in ("subtotal", "shipping", "discount", "tax", "rounding"))
    if total != told["total_minor"]:
        raise refused("total", "total_minor", "It is not the sum of its parts.")
    if told["taxes"] and abs(sum(one["tax_minor"] for one in told["taxes"]) - told["tax_minor"]) > len(told["taxes"]):
        raise refused("tax", "tax_minor", "It is not the sum of the rates.")
    cost = told["total_minor"] - told["tax_minor"]
    return _bought(
        Document(kind, told["vendor"]["name"], told["number"], told["issued_on"], told["currency"], told["total_minor"],
                 told["tax_minor"], told["corrects"]), cost,
    )  # fmt: skip


def _ubl(kind: str, body: bytes) -> Document:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError:
        raise ApiError(400, "malformed", "", "This is no XML.") from None
    if etree.QName(root).localname != ROOTS[kind] or root.getroottree().docinfo.doctype:
        raise refused("kind", "", f"A {ROOTS[kind]} is expected here.")
    valid, errors = validate_xsd(root.getroottree())
    if not valid:
        raise refused("UBL-XSD", "", errors[0][:200])
    _keeps_the_rules(root)
    currency = root.findtext(f"{CBC}DocumentCurrencyCode")
    totals = root.find(f"{CAC}LegalMonetaryTotal")
    tax = _minor(root.findtext(f"{CAC}TaxTotal/{CBC}TaxAmount"), currency)
    payable = _minor(totals.findtext(f"{CBC}PayableAmount"), currency)
    document = Document(
        kind,
        root.findtext(f"{CAC}AccountingSupplierParty/{CAC}Party/{CAC}PartyName/{CBC}Name") or "",
        root.findtext(f"{CBC}ID"),
        root.findtext(f"{CBC}IssueDate"),
        currency,
        payable,
        tax,
        root.findtext(f"{CAC}BillingReference/{CAC}InvoiceDocumentReference/{CBC}ID"),
    )
    return _bought(document, payable - tax)


def _keeps_the_rules(root: Any) -> None:
    for found in check_rules(root):
        if found.severity == "fatal" and found.rule_id != "BR-CO-16":
            raise refused(found.rule_id, found.path, found.message[:200])
    totals = root.find(f"{CAC}LegalMonetaryTotal")
    due = [
        Decimal(totals.findtext(f"{CBC}{name}") or 0)
        for name in ("TaxInclusiveAmount", "PayableRoundingAmount", "PayableAmount")
    ]
    if due[0] + due[1] != due[2]:
        raise refused("BR-CO-16", "LegalMonetaryTotal", "What is payable is not the total and its rounding.")
    if abs(due[1]) > 1:
        raise refused("rounding", "PayableRoundingAmount", "That is more than rounding.")


def _minor(amount: str | None, currency: str) -> int:
    exact = Decimal(amount or 0).scaleb(_DECIMALS.get(currency, 2))
    if exact != exact.to_integral_value():
        raise refused("decimals", "", "The currency has no such fraction.")
    return int(exact)


def _bought(document: Document, cost: int) -> Document:
    """Cost and tax to the vendor's account; a credit memo the other way round."""
    for account, amount, words in (
        ("Rewards bought", cost, document.number),
        ("Tax on purchases", document.tax_minor, document.number),
        (f"Payable: {document.vendor}", -document.total_minor, document.number),
    ):
        turned = amount if document.kind == "invoice" else -amount
        if turned:
            document.entries.append(Entry(account, max(turned, 0), max(-turned, 0), words))
    return document


def _journal(told: dict[str, Any]) -> Document:
    if told["number"] != told["day"] or not _is_day(told["day"]):
        raise refused("day", "day", "A day's number is the day.")
    if sum(line["amount_minor"] for line in told["lines"]) != told["total_minor"]:
        raise refused("total", "total_minor", "It is not the sum of the lines.")
    document = Document(
        "journal", told["program"], told["number"], told["day"], told["currency"], told["total_minor"], 0, None
    )
    for line in told["lines"]:
        words = f"{line['event']}, {line['funder']}"
        if line["debit"]["code"] == line["credit"]["code"]:
            raise refused("same_account", f"lines.{line['line_number']}", "It debits what it credits.")
        document.entries.append(Entry(line["debit"]["code"], line["amount_minor"], 0, words))
        document.entries.append(Entry(line["credit"]["code"], 0, line["amount_minor"], words))
    return document


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", text))
