"""Amazon's invoices from the mail to the ERP's books: how many are where, the last ones, and who waits for a person."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import httpx

from local.connected import Connected
from local.plain import PLAIN
from local.status.forms import Refused
from local.status.markup import button, columns, money, pill, quiet, when

SHOWN = 8
NUMBER = re.compile(r"[A-Z0-9-]{4,40}")
TIMEOUT_SECONDS = 3
# A button's word, and what Amazon's stand-in gets wrong on purpose.
SENDS = {
    "right": ("Mail it again", None),
    "dearer": ("Mail it too dear", "wrong_price"),
    "smudged": ("Mail a bad scan", "smudged"),
}
TONES = {"posted": "good", "approved": "good", "review": "wait", "waiting": "wait", "refused": "bad", "failed": "bad"}
# What waits for whom.
LEADS = {
    "waiting": "goods not known to have left",
    "review": "a person decides",
    "approved": "on its way to the ERP",
    "posted": "in the ERP's books",
}

type Reading = dict[str, Any]


def read(cloud: Connected) -> Reading:
    """Of the main programme: `mails` and `documents` and `invoices` and `erp` by state, the `last` invoices, newest
    first, `manager` and `erp_page`, where people see them."""
    with cloud.query() as connection:
        mails = connection.execute(
            "select outcome as name, count(*)::integer as many from invoices.mail where program_id = 1 group by 1"
        ).fetchall()
        documents = connection.execute(
            "select state as name, count(*)::integer as many from invoices.document where program_id = 1 group by 1"
        ).fetchall()
        counts = connection.execute("select invoices.counts(1) as counts").fetchone()
        sent = connection.execute(
            "select state as name, count(*)::integer as many from erp.document"
            " where program_id = 1 and kind <> 'journal' group by 1"
        ).fetchall()
        last = connection.execute(
            "select shown from invoices.page(1, null, null, null, null, null, null, %s) as shown", (SHOWN,)
        ).fetchall()
    return {
        "mails": _counted(mails),
        "documents": _counted(documents),
        "invoices": counts["counts"] if counts else {},
        "erp": _counted(sent),
        "last": [one["shown"] for one in last],
        "manager": f"{cloud.manager}/invoices",
        "erp_page": cloud.simulator("erp"),
    }


def show(reading: Reading) -> str:
    """The section."""
    if not reading["mails"] and not reading["documents"]:
        return quiet("No invoice yet. Ship an order above: Amazon mails its invoice a few seconds later.")
    line = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{_pills(reading[key])}</td></tr>'
        for key, name in (
            ("mails", "Mails"),
            ("documents", "Documents"),
            ("invoices", "Invoices"),
            ("erp", "At the ERP"),
        )
    )
    waits = reading["invoices"].get("review", 0)
    words = f"{waits} wait for a person" if waits else "none waits for a person"
    links = (
        f'<p><a href="{escape(reading["manager"])}?state=review">{words}</a> · '
        f'<a href="{escape(reading["manager"])}">all in the manager app</a> · '
        f'<a href="{escape(reading["erp_page"])}">the ERP\'s books</a></p>'
    )
    last = columns(
        "Last invoices",
        ("Invoice", "State", "Total", "Came", "Why", "At the ERP", "Amazon mails"),
        (_invoice(one, reading["manager"]) for one in reading["last"]),
    )
    return f'<table class="keys"><tbody>{line}</tbody></table>{links}{last if reading["last"] else ""}'


def send(cloud: Connected, number: str, way: str) -> str:
    """Have Amazon mail an invoice once more; what was done. Raises Refused."""
    if way not in SENDS:
        raise Refused("There is no such mail.")
    error = SENDS[way][1]
    control = f"{cloud.simulator('amazon_business')}/_simulator"
    for path, body in ((f"/invoices/{number}/send", {"error": error}), ("/invoices/mail", {})):
        answer = httpx.post(control + path, json=body, timeout=10 * TIMEOUT_SECONDS, verify=PLAIN)
        if answer.status_code >= 400:
            raise Refused(f"Amazon says no: {answer.json().get('error', answer.status_code)}.")
    return "The mail is out: it is read within seconds and appears here."


def _counted(rows: list[dict[str, Any]]) -> dict[str, int]:
    return {row["name"]: row["many"] for row in rows}


def _pills(counts: dict[str, int]) -> str:
    if not counts:
        return '<span class="quiet">none</span>'
    return " ".join(
        f'<span class="nowrap">{pill(name, TONES.get(name, ""))} {many}'
        + (f' <span class="quiet">{escape(LEADS[name])}</span>' if name in LEADS else "")
        + "</span>"
        for name, many in sorted(counts.items())
    )


def _invoice(one: Reading, manager: str) -> tuple[str, ...]:
    number = one["number"] or "without a number"
    name = f'<a class="mono" href="{escape(manager)}/{escape(str(one["invoice_id"]))}">{escape(number)}</a>'
    kind = ' <span class="quiet">credit memo</span>' if one["kind"] == "credit_memo" else ""
    total = money(one["total_minor"], one["currency"]) if one["total_minor"] is not None else ""
    why = ", ".join(str(code).replace("_", " ") for code in one["findings"])
    return (
        name + kind,
        pill(one["state"], TONES.get(one["state"], "")),
        total,
        when(str(one["received_at"] or "")),
        escape(why),
        f'<span class="mono">{escape(one["erp_document_id"] or "")}</span>',
        _buttons(one),
    )


def _buttons(one: Reading) -> str:
    number = str(one["number"] or "")
    if not NUMBER.fullmatch(number):
        return ""
    return "".join(button(f"/invoices/{number}/{way}", words, of=number) for way, (words, _) in SENDS.items())
