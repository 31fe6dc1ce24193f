"""What the status page shows, read anew each time. A part that cannot be read says so and hides nothing else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx

from local.clock import Clock
from local.connected import Connected
from local.people import MEMBERS, PASSWORD, STAFF
from local.plug.plug import Plug
from local.seed import SIMULATORS
from local.simulators.amazon_pay.control import KINDS as AMAZON_PAY_KINDS
from local.simulators.amazon_pay.throttles import PUBLISHED
from local.simulators.stripe.app import ROUTES as STRIPE_ROUTES
from local.status import orders, plug, reconciliation
from loyalty.database import Connection

AMAZON_PAY_OPERATIONS = ("*", *PUBLISHED)
LAST_REDEMPTIONS = 12
LAST_MESSAGES = 12
TIMEOUT_SECONDS = 3

type Reading = dict[str, Any]


def read(cloud: Connected, supply: Plug | None = None) -> Reading:
    """The whole page as JSON can say it: one key a panel, `{"error": …}` for a panel that cannot be read."""
    panels: dict[str, Callable[[Connected], Any]] = {
        "clock": _clock,
        "parts": _parts,
        "addresses": _addresses,
        "people": _people,
        "redemptions": _redemptions,
        "orders": orders.read,
        "reconciliation": reconciliation.read,
        "messages": _messages,
        "told": _told,
        "faults": _faults,
        "placeholders": Connected.placeholders,
        "invariants": _invariants,
    }
    with ThreadPoolExecutor(max_workers=len(panels)) as pool:
        waiting = {name: pool.submit(_tolerant, panel, cloud) for name, panel in panels.items()}
        return {name: answer.result() for name, answer in waiting.items()} | {"plug": plug.read(supply)}


def _tolerant(panel: Callable[[Connected], Any], cloud: Connected) -> Any:
    try:
        return panel(cloud)
    except Exception as error:  # the page must show what still works
        return {"error": f"{type(error).__name__}: {error}".strip()}


def _clock(cloud: Connected) -> Reading:
    clock = Clock(cloud)
    return {"now": clock.now().isoformat(timespec="seconds"), "shift_seconds": clock.shift().total_seconds()}


def _parts(cloud: Connected) -> list[Reading]:
    """Each part with whether it works and a word about it."""
    parts = [_part("PostgreSQL", lambda: _database_version(cloud)), _part("Emulator", lambda: _emulator(cloud))]
    for name in SIMULATORS:
        parts.append(_part(name.replace("_", " ").title(), lambda name=name: _simulator(cloud, name)))  # type: ignore[misc]
    services = _tolerant(lambda c: c.emulator("GET", "/_local/services"), cloud)
    for service in services if isinstance(services, list) else []:
        running = service["pid"] is not None
        words = f"process {service['pid']}" if running else f"ended ({service['last_exit']})"
        restarts = service["starts"] - 1
        parts.append(
            {
                "name": f"{service['name'].title()} service",
                "ok": running,
                "detail": f"{words}, started again {restarts} times" if restarts > 0 else words,
            }
        )
    return parts


def _part(name: str, look: Callable[[], str]) -> Reading:
    try:
        return {"name": name, "ok": True, "detail": look()}
    except Exception as error:
        return {"name": name, "ok": False, "detail": f"{type(error).__name__}: {error}".strip()}


def _database_version(cloud: Connected) -> str:
    with cloud.query() as connection:
        row = connection.execute("select current_setting('server_version') as version").fetchone()
        assert row is not None
        return f"{row['version']} on port {cloud.ports.database}"


def _emulator(cloud: Connected) -> str:
    httpx.get(f"{cloud.gateway}/_local/placeholders", timeout=TIMEOUT_SECONDS).raise_for_status()
    return f"on port {cloud.ports.gateway}"


def _simulator(cloud: Connected, name: str) -> str:
    httpx.get(f"{cloud.simulator(name)}/_simulator/health", timeout=TIMEOUT_SECONDS).raise_for_status()
    return f"on port {cloud.ports.named()[name]}"


def _addresses(cloud: Connected) -> list[Reading]:
    pool, staff = cloud.outputs["MemberPoolId"], cloud.outputs["StaffPoolId"]
    return [
        {"name": "Member API", "url": cloud.api("Member")},
        {"name": "Manager API", "url": cloud.api("Manager")},
        {"name": "Inbound API", "url": cloud.api("Inbound")},
        {"name": "Member sign-in", "url": f"{cloud.gateway}/{pool}/.well-known/openid-configuration"},
        {"name": "Staff sign-in", "url": f"{cloud.gateway}/{staff}/.well-known/openid-configuration"},
        {"name": "Amazon Business", "url": f"{cloud.simulator('amazon_business')}/_simulator/products"},
        {"name": "Amazon Pay", "url": f"{cloud.simulator('amazon_pay')}/_simulator/charges"},
        {"name": "Stripe", "url": f"{cloud.simulator('stripe')}/_simulator/intents"},
        {"name": "AWS", "url": cloud.gateway},
        {"name": "PostgreSQL", "url": f"postgresql://postgres@127.0.0.1:{cloud.ports.database}/loyalty"},
    ]


def _people(_: Connected) -> Reading:
    return {
        "password": PASSWORD,
        "members": [{"email": member.email, "name": member.name, "number": member.number} for member in MEMBERS],
        "staff": [{"email": person.email, "name": person.name, "group": person.group} for person in STAFF],
    }


def _redemptions(cloud: Connected) -> list[Reading]:
    """The last redemptions, newest first, each with its lines and its timeline."""
    with cloud.query() as connection:
        if not _exists(connection, "redemptions.redemption"):
            return []
        rows = connection.execute(
            """
            select r.redemption_id::text, r.program_id, r.state, r.outcome, r.points, r.money_minor, r.currency,
                   r.created_at, p.state as payment,
                   (select coalesce(json_agg(json_build_object('title', l.title, 'quantity', l.quantity,
                           'accepted', l.accepted_quantity) order by l.line_number), '[]')
                      from redemptions.line l where l.redemption_id = r.redemption_id) as lines,
                   (select coalesce(json_agg(json_build_object('at', e.occurred_at, 'kind', e.kind,
                           'detail', e.detail) order by e.event_number), '[]')
                      from redemptions.event e where e.redemption_id = r.redemption_id) as events
              from redemptions.redemption r
              left join payments.payment p using (program_id, redemption_id)
             order by r.created_at desc limit %s
            """,
            (LAST_REDEMPTIONS,),
        ).fetchall()
    return [{**row, "created_at": row["created_at"].isoformat(timespec="seconds")} for row in rows]


def _messages(cloud: Connected) -> list[Reading]:
    """Captured e-mail and SMS, newest first: nothing leaves this machine."""
    found = [
        {
            "at": datetime.fromtimestamp(mail["Timestamp"], UTC).isoformat(timespec="seconds"),
            "to": ", ".join(mail["To"]),
            "subject": mail["Subject"],
            "text": mail["BodyText"] or mail["BodyHtml"],
        }
        for mail in cloud.mails()
    ]
    mails = sorted(found, key=lambda message: message["at"], reverse=True)[:LAST_MESSAGES]
    # An SMS is kept without its time, so it cannot be sorted among the mails.
    texts = [
        {"at": "", "to": sms["PhoneNumber"], "subject": f"SMS: {sms['Message'][:40]}…", "text": sms["Message"]}
        for sms in cloud.texts()[-LAST_MESSAGES:]
    ]
    return [*reversed(texts), *mails]


def _told(cloud: Connected) -> Reading:
    """What members were told lately and what became of it; what of it still waits to be said."""
    with cloud.query() as connection:
        if not _exists(connection, "notifications.message"):
            return {"messages": [], "outbox": {}}
        rows = connection.execute(
            "select n.number, m.channel, m.template, m.state, m.reason, m.language, m.parts,"
            " coalesce(m.sending_at, m.created_at)::text as at from notifications.message m"
            " join members.member n using (program_id, member_id) order by m.created_at desc limit %s",
            (LAST_MESSAGES * 2,),
        ).fetchall()
        outbox = connection.execute("select * from outbox.standing()").fetchone()
    return {"messages": rows, "outbox": outbox}


def _faults(cloud: Connected) -> dict[str, Reading]:
    """Each simulator's switches: which are on, and what may be switched."""
    return {name: _tolerant(lambda c, name=name: _faults_of(c, name), cloud) for name in SIMULATORS}  # type: ignore[misc]


def _faults_of(cloud: Connected, name: str) -> Reading:
    answer = httpx.get(f"{cloud.simulator(name)}/_simulator/faults", timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    said = answer.json()
    # One simulator describes its switches itself, the others answer with those that are on.
    if isinstance(said, list):
        operations = [row[2] for row in STRIPE_ROUTES] if name == "stripe" else AMAZON_PAY_OPERATIONS
        return {"faults": said, "operations": operations, "kinds": AMAZON_PAY_KINDS}
    return dict(said)


def _invariants(cloud: Connected) -> list[Reading]:
    with cloud.query() as connection:
        found: list[Reading] = []
        for view in (
            "points.invariants",
            "points.budget_invariants",
            "payments.invariants",
            "redemptions.invariants",
            "notifications.invariants",
            "reconciliation.invariants",
            "closure.invariants",
        ):
            if _exists(connection, view):
                found += connection.execute(f"select name, violations from {view}".encode()).fetchall()  # noqa: S608
        return found


def _exists(connection: Connection, name: str) -> bool:
    row = connection.execute("select to_regclass(%s) is not null as there", (name,)).fetchone()
    return bool(row and row["there"])
