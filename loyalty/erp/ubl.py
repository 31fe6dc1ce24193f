"""Invoices and credit memos as UBL 2.1, in the shape of Peppol BIS Billing 3.0. Only the gateway comes here (lxml).

What is bought is a line; shipping is a charge and a discount an allowance of the document. A rate above zero is
category S, none is Z. American sales tax is told the same way, with a note that nobody gets it back (docs/erp.md).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from lxml import etree

from loyalty.erp import breakdown
from loyalty.erp.breakdown import Share
from loyalty.erp.checked import CAC, CBC, check
from loyalty.invoices.invoice import Invoice, Line
from loyalty.programme.schema.invoices import Party

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
NAMESPACES: dict[str | None, str] = {"cac": CAC[1:-1], "cbc": CBC[1:-1]}
ROOTS = {"invoice": "Invoice", "credit_memo": "CreditNote"}
TYPE_CODES = {"invoice": "380", "credit_memo": "381"}
# UNCL 7161 and 5189: freight service, discount. Beside the words, where the code fits the direction.
CHARGES, ALLOWANCES = {"shipping": "FC"}, {"discount": "95"}
REASONS = {"shipping": "Shipping and handling", "discount": "Promotions and discounts"}
SALES_TAX = "The tax is United States sales tax: part of the cost, and no input tax."
_DECIMALS = {"JPY": 0, "KRW": 0, "BHD": 3, "JOD": 3, "KWD": 3, "OMR": 3, "TND": 3}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(invoice: Invoice, vendor: Party, buyer: Party) -> str:
    """The document, checked. Raises Unfit with the rule that it does not keep."""
    root = _document(invoice, vendor, buyer)
    # What validates is what is sent, with the lines that a message about it names.
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    check(etree.fromstring(written))
    return written.decode()


def _document(invoice: Invoice, vendor: Party, buyer: Party) -> Any:
    name = ROOTS[invoice.kind]
    main = f"urn:oasis:names:specification:ubl:schema:xsd:{name}-2"
    namespaces: dict[str | None, str] = {None: main}
    root = etree.Element(f"{{{main}}}{name}", nsmap=namespaces | NAMESPACES)
    told = breakdown.of(invoice)
    lines = [one for one in told.shares if one.kind in ("item", "fee")]
    around = [one for one in told.shares if one.kind not in ("item", "fee")]
    if not lines:
        # Postage that is given back alone: a document without lines is none.
        lines, around = around, []

    _head(root, invoice, vendor)
    for tag, party in (("AccountingSupplierParty", vendor), ("AccountingCustomerParty", buyer)):
        _party(etree.SubElement(root, CAC + tag), party)
    if invoice.payment_terms:
        _text(etree.SubElement(root, f"{CAC}PaymentTerms"), "Note", invoice.payment_terms)
    for one in around:
        _around(root, invoice, one)
    tax = etree.SubElement(root, f"{CAC}TaxTotal")
    _amount(tax, "TaxAmount", sum(group.tax_minor for group in told.groups), invoice)
    for group in told.groups:
        part = etree.SubElement(tax, f"{CAC}TaxSubtotal")
        _amount(part, "TaxableAmount", group.base_minor, invoice)
        _amount(part, "TaxAmount", group.tax_minor, invoice)
        _category(etree.SubElement(part, f"{CAC}TaxCategory"), group.percent)
    _totals(root, invoice, told, lines, around)
    for number, one in enumerate(lines, 1):
        _line(root, invoice, number, one)
    return root


def _head(root: Any, invoice: Invoice, vendor: Party) -> None:
    orders = sorted({line.amazon_order_id for line in invoice.lines if line.amazon_order_id})
    bought = invoice.purchase_order_numbers
    _text(root, "CustomizationID", CUSTOMIZATION)
    _text(root, "ProfileID", PROFILE)
    _text(root, "ID", invoice.number)
    _text(root, "IssueDate", invoice.issued_on.isoformat())
    if invoice.kind == "invoice" and invoice.due_on:
        _text(root, "DueDate", invoice.due_on.isoformat())
    _text(root, f"{ROOTS[invoice.kind]}TypeCode", TYPE_CODES[invoice.kind])
    notes = [f"Purchase orders: {', '.join(bought)}"] if len(bought) > 1 else []
    if vendor.country == "US" and invoice.tax_minor:
        notes.append(SALES_TAX)
    # A second note is not allowed there.
    if notes:
        _text(root, "Note", " ".join(notes))
    _text(root, "DocumentCurrencyCode", invoice.currency)
    _text(root, "BuyerReference", invoice.account or (bought[0] if bought else invoice.number))
    if len(bought) == 1:
        reference = etree.SubElement(root, f"{CAC}OrderReference")
        _text(reference, "ID", bought[0])
        if len(orders) == 1:
            _text(reference, "SalesOrderID", orders[0])
    if invoice.corrects:
        reference = etree.SubElement(etree.SubElement(root, f"{CAC}BillingReference"), f"{CAC}InvoiceDocumentReference")
        _text(reference, "ID", invoice.corrects)


def _party(place: Any, party: Party) -> None:
    one = etree.SubElement(place, f"{CAC}Party")
    if party.endpoint:
        scheme, _, address = party.endpoint.partition(":")
        etree.SubElement(one, f"{CBC}EndpointID", schemeID=scheme).text = address
    # A tax number with its country is a VAT number; any other is only known to the two of them.
    vat = party.tax_id if party.tax_id and party.tax_id[:2].isalpha() else None
    if party.tax_id and not vat:
        _text(etree.SubElement(one, f"{CAC}PartyIdentification"), "ID", party.tax_id)
    _text(etree.SubElement(one, f"{CAC}PartyName"), "Name", party.name)
    address = etree.SubElement(one, f"{CAC}PostalAddress")
    for tag, value in (("StreetName", party.street), ("CityName", party.city), ("PostalZone", party.postal_code)):
        if value:
            _text(address, tag, value)
    _text(etree.SubElement(address, f"{CAC}Country"), "IdentificationCode", party.country)
    if vat:
        scheme = etree.SubElement(one, f"{CAC}PartyTaxScheme")
        _text(scheme, "CompanyID", vat)
        _text(etree.SubElement(scheme, f"{CAC}TaxScheme"), "ID", "VAT")
    entity = etree.SubElement(one, f"{CAC}PartyLegalEntity")
    _text(entity, "RegistrationName", party.name)
    if party.registration:
        _text(entity, "CompanyID", party.registration)


def _around(root: Any, invoice: Invoice, one: Share) -> None:
    """An allowance takes away, a charge adds, whatever it is called on the paper."""
    charge = one.amount_minor > 0
    code = (CHARGES if charge else ALLOWANCES).get(one.kind)
    part = etree.SubElement(root, f"{CAC}AllowanceCharge")
    _text(part, "ChargeIndicator", "true" if charge else "false")
    if code:
        _text(part, "AllowanceChargeReasonCode", code)
    _text(part, "AllowanceChargeReason", REASONS[one.kind])
    _amount(part, "Amount", abs(one.amount_minor), invoice)
    _category(etree.SubElement(part, f"{CAC}TaxCategory"), one.percent)


def _totals(
    root: Any, invoice: Invoice, told: breakdown.Breakdown, lines: Sequence[Share], around: Sequence[Share]
) -> None:
    net = sum(one.amount_minor for one in lines)
    allowed = -sum(one.amount_minor for one in around if one.amount_minor < 0)
    charged = sum(one.amount_minor for one in around if one.amount_minor > 0)
    before_tax = net - allowed + charged
    after_tax = before_tax + sum(group.tax_minor for group in told.groups)
    totals = etree.SubElement(root, f"{CAC}LegalMonetaryTotal")
    _amount(totals, "LineExtensionAmount", net, invoice)
    _amount(totals, "TaxExclusiveAmount", before_tax, invoice)
    _amount(totals, "TaxInclusiveAmount", after_tax, invoice)
    if allowed:
        _amount(totals, "AllowanceTotalAmount", allowed, invoice)
    if charged:
        _amount(totals, "ChargeTotalAmount", charged, invoice)
    if told.rounding_minor:
        _amount(totals, "PayableRoundingAmount", told.rounding_minor, invoice)
    _amount(totals, "PayableAmount", after_tax + told.rounding_minor, invoice)


def _line(root: Any, invoice: Invoice, number: int, one: Share) -> None:
    kind, line = ROOTS[invoice.kind], one.line
    part = etree.SubElement(root, f"{CAC}{kind}Line")
    _text(part, "ID", str(number))
    direction = -1 if one.amount_minor < 0 else 1
    pieces = line.quantity if line and line.quantity else 1
    quantity = etree.SubElement(part, f"{CBC}{'Invoiced' if kind == 'Invoice' else 'Credited'}Quantity", unitCode="EA")
    quantity.text = str(direction * pieces)
    _amount(part, "LineExtensionAmount", one.amount_minor, invoice)
    unit = line.unit_price_minor if line and line.quantity else None
    if unit is not None and (more := one.amount_minor - direction * pieces * unit):
        change = etree.SubElement(part, f"{CAC}AllowanceCharge")
        _text(change, "ChargeIndicator", "true" if more > 0 else "false")
        _text(change, "AllowanceChargeReason", "Difference of the line" if more > 0 else "Discount of the line")
        _amount(change, "Amount", abs(more), invoice)
    _item(etree.SubElement(part, f"{CAC}Item"), line, REASONS.get(one.kind, "Fee"), one.percent)
    price = etree.SubElement(part, f"{CAC}Price")
    if unit is None:
        _amount(price, "PriceAmount", abs(one.amount_minor), invoice)
        etree.SubElement(price, f"{CBC}BaseQuantity", unitCode="EA").text = str(pieces)
    else:
        _amount(price, "PriceAmount", unit, invoice)


def _item(item: Any, line: Line | None, otherwise: str, percent: Decimal) -> None:
    described = line.description.strip() if line else ""
    _text(item, "Name", described or (line and line.asin) or otherwise)
    if line and line.asin:
        _text(etree.SubElement(item, f"{CAC}SellersItemIdentification"), "ID", line.asin)
    _category(etree.SubElement(item, f"{CAC}ClassifiedTaxCategory"), percent)
    if line and line.amazon_order_id:
        # A document has one order at most; the line's own is an attribute of what was bought.
        extra = etree.SubElement(item, f"{CAC}AdditionalItemProperty")
        _text(extra, "Name", "Amazon order")
        _text(extra, "Value", line.amazon_order_id)


def _category(place: Any, percent: Decimal) -> None:
    _text(place, "ID", "S" if percent else "Z")
    _text(place, "Percent", f"{percent.normalize():f}" if percent else "0")
    # Peppol's breakdown counts no other scheme.
    _text(etree.SubElement(place, f"{CAC}TaxScheme"), "ID", "VAT")


def _amount(place: Any, tag: str, minor: int, invoice: Invoice) -> None:
    value = Decimal(minor).scaleb(-_DECIMALS.get(invoice.currency, 2))
    etree.SubElement(place, CBC + tag, currencyID=invoice.currency).text = f"{value:f}"


def _text(place: Any, tag: str, value: str) -> None:
    etree.SubElement(place, CBC + tag).text = _NOT_XML.sub(" ", value)
