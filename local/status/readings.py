"""What the back room shows, read anew each time. A section that cannot be read says so and hides no other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.connected import Connected
from local.plug.plug import Plug
from local.status import (
    clock,
    faults,
    invoices,
    lake,
    machine,
    mailboxes,
    orders,
    payments,
    plug,
    reconciliation,
    redemptions,
    running,
)

type Reading = dict[str, Any]


def read(cloud: Connected, supply: Plug | None = None, execution: str = "") -> Reading:
    """The whole page as JSON can say it: one key a section, `{"error": …}` for one that cannot be read. `execution` is
    the one of the state machine that is looked at."""
    sections: dict[str, Callable[[Connected], Any]] = {
        "clock": clock.read,
        "parts": running.read_parts,
        "addresses": running.read_addresses,
        "people": running.read_people,
        "redemptions": redemptions.read,
        "orders": orders.read,
        "payments": payments.read,
        "invoices": invoices.read,
        "machine": lambda cloud: machine.read(cloud, execution),
        "reconciliation": reconciliation.read,
        "lake": lake.read,
        "messages": mailboxes.read,
        "told": mailboxes.read_told,
        "faults": faults.read,
        "placeholders": Connected.placeholders,
        "invariants": running.read_invariants,
    }
    with ThreadPoolExecutor(max_workers=len(sections)) as pool:
        waiting = {name: pool.submit(_tolerant, section, cloud) for name, section in sections.items()}
        return {name: answer.result() for name, answer in waiting.items()} | {"plug": plug.read(supply)}


def _tolerant(section: Callable[[Connected], Any], cloud: Connected) -> Any:
    try:
        return section(cloud)
    except Exception as error:  # the page must show what still works
        return {"error": f"{type(error).__name__}: {error}".strip()}
