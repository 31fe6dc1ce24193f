"""The day's reconciliation, run and read as a business operator reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from local import joining
from local.connected import Connected
from local.status.reconciliation import WORDS

OPERATOR = "otto@staff.example"
SECONDS = 180
SHOWN = 5


def reconcile(cloud: Connected, say: Callable[[str], None]) -> list[str]:
    """Lay points, payments and Amazon's charges over each other; what does not match, one line each."""
    say("\n— reconciliation: points, the payment provider, Amazon's charges")
    day = _run(cloud)
    with joining.staff_signed_in(cloud, OPERATOR) as operator:
        answer = operator.get("/reconciliation", params={"day": day})
    if answer.status_code != 200:
        return [f"GET /reconciliation: {answer.status_code} {answer.text[:300]}"]
    report: dict[str, Any] = answer.json()["report"]
    say(
        f"    {day}: {report['matched']} matched, {report['explained']} explained, {report['tickets']} tickets,"
        f" {len(report['orphans'])} orphans"
    )
    for one in report["differences"]:
        amount = "" if one["amount_minor"] is None else f", {one['amount_minor'] / 100:,.2f} {one['currency']}"
        say(f"    {one['leg']:9} {WORDS.get(one['kind'], one['kind'])}: {one['redemptions']} redemptions{amount}")
    posted = sum(one["amount_minor"] for one in report["price_variances"])
    say(f"    house:price_variance {posted / 100:,.2f} in {len(report['price_variances'])} rows by product and seller")
    return [
        *(f"{one['redemption_id']} does not match: {one['differences']}" for one in report["unmatched"][:SHOWN]),
        *(f"{one['source']} has {one['reference']}, no redemption knows it" for one in report["orphans"][:SHOWN]),
    ]


def _run(cloud: Connected) -> str:
    """Today, as it stands. Raises RuntimeError if it does not end."""
    function, wanted = cloud.outputs["ReconciliationFunctionName"], {"now": True, "program_id": 1}
    deadline = time.monotonic() + SECONDS
    while True:
        answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(wanted).encode())
        told = json.loads(answer["Payload"].read())
        (day,) = told.get("days") or [{"state": "failed", "stopped": str(told)[:300]}]
        if day["state"] == "done":
            return str(day["day"])
        if time.monotonic() > deadline:
            raise RuntimeError(f"the reconciliation is {day['state']} after {SECONDS} s: {day['stopped']}")
        time.sleep(1)
