"""Is it UBL 2.1, and does it keep the rules of Peppol BIS Billing 3.0? Imports lxml: only the gateway comes here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from peppol import check_rules, validate_xsd

from loyalty.erp.gateway import Unfit

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"


def check(root: Any) -> None:
    """`root`: an element of lxml. Raises Unfit with the first rule that is not kept, or `UBL-XSD`."""
    valid, errors = validate_xsd(root.getroottree())
    if not valid:
        raise Unfit("UBL-XSD", errors[0][:300] if errors else "is no UBL")
    # The package's BR-CO-16 does not know the rounding amount; this one is the rule as it is written.
    for found in [*(one for one in check_rules(root) if one.rule_id != "BR-CO-16"), *_payable(root)]:
        if isinstance(found, Unfit):
            raise found
        if found.severity == "fatal":
            raise Unfit(found.rule_id, found.message[:300])


def _payable(root: Any) -> list[Unfit]:
    totals = root.find(f"{CAC}LegalMonetaryTotal")

    def amount(name: str) -> Decimal:
        return Decimal(totals.findtext(f"{CBC}{name}") or 0)

    due = amount("TaxInclusiveAmount") - amount("PrepaidAmount") + amount("PayableRoundingAmount")
    if amount("PayableAmount") != due:
        return [Unfit("BR-CO-16", f"PayableAmount is not {due}")]
    return []
