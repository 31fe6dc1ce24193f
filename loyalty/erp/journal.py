"""A locked day of the general-ledger journal as it leaves: always JSON, each line debits what it credits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loyalty.erp.gateway import Unfit
from loyalty.erp.rest_json import compact


def text(content: Mapping[str, Any]) -> str:
    """`content` as erp.hand_over_journal wrote it. Raises Unfit when the lines are not the day's total."""
    lines = content["lines"]
    if sum(line["amount_minor"] for line in lines) != content["total_minor"]:
        raise Unfit("total", "The lines are not the day's total.")
    return compact({
        "kind": "journal",
        "number": content["day"],
        "program": content["program"],
        "day": content["day"],
        "currency": content["currency"],
        "rate_version": content["rate_version"],
        "content_sha256": content["content_hash"],
        "total_minor": content["total_minor"],
        "lines": [
            {
                "line_number": line["line_number"],
                "event": line["event"],
                "funder": line["funder"],
                "debit": {"account": line["debit_account"], "code": line["debit_code"]},
                "credit": {"account": line["credit_account"], "code": line["credit_code"]},
                "amount_minor": line["amount_minor"],
            }
            for line in lines
        ],
    })  # fmt: skip
