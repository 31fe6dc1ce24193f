"""What staff see of connections and deliveries, and the two things they may do about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

PROVIDERS = {"amazon_pay": "Amazon Pay", "stripe": "Stripe"}

_REFUSALS = {
    "unknown_delivery": (Kind.NOT_FOUND, "There is no such delivery."),
    "unknown_webhook": (Kind.NOT_FOUND, "There is no such webhook."),
    "off": (Kind.CONFLICT, "The webhook is switched off, or no longer part of the programme."),
    "not_stopped": (Kind.CONFLICT, "The webhook is switched off: switch it on in the programme."),
}


def connections(connection: Connection, program_id: int, document: Programme) -> list[dict[str, Any]]:
    """Those of the published programme with what their last test said; never a secret."""
    rows = connection.execute("select * from integrations.checks(%s)", (program_id,)).fetchall()
    checks = {row.pop("connection"): row for row in rows}
    settings = document.integrations
    group = settings.amazon_business.buying_group
    found: list[tuple[str, str, str, str | None]] = [
        ("amazon-business", "amazon-business", "Amazon Business", f"buying group {group}" if group else None),
        ("payment", "payment", PROVIDERS[settings.payment.provider], f"captures at {settings.payment.capture_at}"),
    ]
    if settings.erp:
        found.append(("erp", "erp", f"ERP ({settings.erp.format})", settings.erp.endpoint))
    found += [(f"webhook-{hook.code}", "webhook", hook.code, hook.url) for hook in settings.webhooks]
    return [
        {"name": name, "kind": kind, "title": title, "where": where, "check": checks.get(name)}
        for name, kind, title, where in found
    ]


def webhooks(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """How each stands."""
    rows = connection.execute("select told from integrations.webhooks(%s) as told", (program_id,)).fetchall()
    return [row["told"] for row in rows]


def deliveries(
    connection: Connection,
    program_id: int,
    *,
    code: str | None,
    state: str | None,
    topic: str | None,
    before: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """The log, newest first."""
    return connection.execute(
        "select * from integrations.deliveries(%s, %s, %s, %s, %s, %s)", (program_id, code, state, topic, before, limit)
    ).fetchall()


def delivery(connection: Connection, program_id: int, delivery_id: UUID) -> dict[str, Any]:
    """One with its attempts. Raises Refusal."""
    row = connection.execute("select integrations.delivery_of(%s, %s) as told", (program_id, delivery_id)).fetchone()
    if row is None or row["told"] is None:
        raise _refusal("unknown_delivery")
    told: dict[str, Any] = row["told"]
    return told


def redeliver(connection: Connection, program_id: int, delivery_id: UUID) -> None:
    """Send it once more. Raises Refusal."""
    _accepted(connection, "select integrations.redeliver(%s, %s) as told", program_id, delivery_id)


def start(connection: Connection, program_id: int, code: str, actor: str) -> None:
    """Send again to one that was stopped. Raises Refusal."""
    _accepted(connection, "select integrations.start(%s, %s, %s) as told", program_id, code, actor)


def _accepted(connection: Connection, statement: str, *values: Any) -> None:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    if row["told"] != "ok":
        raise _refusal(row["told"])


def _refusal(status: str) -> Refusal:
    kind, detail = _REFUSALS[status]
    return Refusal(kind, status.replace("_", "-"), detail)
