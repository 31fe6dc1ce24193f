"""What runs and where: parts, addresses, people, what only is recorded, and the invariants of the data."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import httpx

from local.connected import Connected
from local.people import MEMBERS, PASSWORD, STAFF
from local.plain import PLAIN
from local.seed import SIMULATORS
from local.status.markup import quiet, table

TIMEOUT_SECONDS = 3
INVARIANTS = (
    "points.invariants",
    "points.budget_invariants",
    "payments.invariants",
    "redemptions.invariants",
    "notifications.invariants",
    "reconciliation.invariants",
    "closure.invariants",
    "tiers.invariants",
    "support.invariants",
    "privacy.invariants",
    "invoices.invariants",
    "lake.invariants",
)

type Reading = dict[str, Any]


# ---- parts -------------------------------------------------------------------------------------------------------


def read_parts(cloud: Connected) -> list[Reading]:
    """Each part with whether it works and a word about it."""
    parts = [_part("PostgreSQL", lambda: _database_version(cloud)), _part("Emulator", lambda: _emulator(cloud))]
    for name in SIMULATORS:
        parts.append(_part(name.replace("_", " ").title(), lambda name=name: _simulator(cloud, name)))  # type: ignore[misc]
    try:
        services = cloud.emulator("GET", "/_local/services")
    except (httpx.HTTPError, ValueError):
        services = []
    return parts + [_service(one) for one in services]


def _part(name: str, look: Callable[[], str]) -> Reading:
    try:
        return {"name": name, "ok": True, "detail": look()}
    except Exception as error:
        return {"name": name, "ok": False, "detail": f"does not answer ({type(error).__name__})"}


def _service(service: Reading) -> Reading:
    running = service["pid"] is not None
    words = f"process {service['pid']}" if running else f"ended ({service['last_exit']})"
    restarts = service["starts"] - 1
    more = f", started again {restarts} times" if restarts > 0 else ""
    return {"name": f"{service['name'].title()} service", "ok": running, "detail": words + more}


def _database_version(cloud: Connected) -> str:
    with cloud.query() as connection:
        row = connection.execute("select current_setting('server_version') as version").fetchone()
        assert row is not None
        return f"{row['version']} on port {cloud.ports.database}"


def _emulator(cloud: Connected) -> str:
    httpx.get(f"{cloud.gateway}/_local/placeholders", timeout=TIMEOUT_SECONDS, verify=PLAIN).raise_for_status()
    return f"on port {cloud.ports.gateway}"


def _simulator(cloud: Connected, name: str) -> str:
    httpx.get(f"{cloud.simulator(name)}/_simulator/health", timeout=TIMEOUT_SECONDS, verify=PLAIN).raise_for_status()
    return f"on port {cloud.ports.named()[name]}"


def show_parts(parts: list[Reading]) -> str:
    """The section."""
    return table((_standing(part), _detail(part)) for part in parts)


def _standing(part: Reading) -> str:
    return f'<span class="dot{"" if part["ok"] else " bad"}"></span>{escape(part["name"])}'


def _detail(part: Reading) -> str:
    # The colour alone would not say it.
    tone, words = ("quiet", "runs") if part["ok"] else ("bad", "down")
    return f'<span class="{tone}">{words}, {escape(part["detail"])}</span>'


# ---- addresses and people ----------------------------------------------------------------------------------------


def read_addresses(cloud: Connected) -> list[Reading]:
    """Names and addresses, the portal first."""
    pool, staff = cloud.outputs["MemberPoolId"], cloud.outputs["StaffPoolId"]
    return [
        {"name": "Member portal", "url": cloud.portal},
        {"name": "Manager app", "url": cloud.manager},
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


def show_addresses(addresses: list[Reading]) -> str:
    """The section."""
    return table((escape(one["name"]), _link(one["url"])) for one in addresses)


def _link(url: str) -> str:
    shown = f"<code>{escape(url)}</code>"
    return f'<a href="{escape(url)}">{shown}</a>' if url.startswith("http") else shown


def read_people(cloud: Connected) -> Reading:
    """Who can sign in, and with what."""
    return {
        "portal": cloud.portal,
        "password": PASSWORD,
        "members": [{"email": member.email, "name": member.name, "number": member.number} for member in MEMBERS],
        "staff": [{"email": person.email, "name": person.name, "group": person.group} for person in STAFF],
    }


def show_people(people: Reading) -> str:
    """The section."""
    members = [(escape(one["email"]), f"member {escape(one['number'])}") for one in people["members"]]
    staff = [(escape(one["email"]), escape(one["group"])) for one in people["staff"]]
    return (
        f'<p>Members at <a href="{escape(people["portal"])}" target="_blank" rel="noopener">the portal</a>. The'
        f' password of all is <code>{escape(people["password"])}</code>.</p><div class="pair">'
        f"<div><h3>Members</h3>{table(members)}</div><div><h3>Staff</h3>{table(staff)}</div></div>"
    )


# ---- what holds, and what is not there ---------------------------------------------------------------------------


def read_invariants(cloud: Connected) -> list[Reading]:
    """Each invariant by name with its violations."""
    found: list[Reading] = []
    with cloud.query() as connection:
        for view in INVARIANTS:
            found += connection.execute(f"select name, violations from {view}".encode()).fetchall()  # noqa: S608
    return found


def show_invariants(rows: list[Reading]) -> str:
    """The section."""
    broken = [row for row in rows if row["violations"]]
    told = "".join(
        f'<p class="bad"><strong>{escape(row["name"])}</strong>: {row["violations"]} violations</p>' for row in broken
    )
    names = "".join(f"<li>{escape(row['name'])}</li>" for row in rows if not row["violations"])
    return f"{told}<details><summary>{len(rows) - len(broken)} of {len(rows)} hold</summary><ul>{names}</ul></details>"


def show_placeholders(found: dict[str, list[str]]) -> str:
    """The section."""
    if not found:
        return quiet("None: every resource of the app does something here.")
    rows = ((f"<code>{escape(kind)}</code>", _named(names)) for kind, names in found.items())
    count = sum(map(len, found.values()))
    return f"<details><summary>{count} resources of {len(found)} types</summary>{table(rows)}</details>"


def _named(names: list[str]) -> str:
    return f'<span class="quiet">{escape(", ".join(names))}</span>'
