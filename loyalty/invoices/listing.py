"""What staff see of invoices: lists, one with everything around it, mail, samples, months. Codes are in words here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from loyalty.database import Connection
from loyalty.invoices import wording
from loyalty.refusal import Kind, Refusal

# More than a person reads, and than a browser saves at once.
MOST_DIFFERENCES = 500
MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True)
class Filter:
    """What is asked for, None for whatever it is. `month` like 2026-11; `number` how it begins; `order` Amazon's."""

    state: str | None = None
    month: str | None = None
    number: str | None = None
    order: str | None = None
    finding: str | None = None


def page(
    connection: Connection, program_id: int, wanted: Filter, after: UUID | None, page_size: int
) -> list[dict[str, Any]]:
    """Newest first; `findings` are codes, `doubts` the same in words."""
    rows = connection.execute(
        "select told from invoices.page(%s, %s, %s, %s, %s, %s, %s, %s) as told",
        (program_id, wanted.state, _first(wanted.month), wanted.number, wanted.order, wanted.finding, after, page_size),
    ).fetchall()
    return [_row(row["told"]) for row in rows]


def counts(connection: Connection, program_id: int) -> dict[str, int]:
    """How many there are, by state."""
    row = connection.execute("select invoices.counts(%s) as told", (program_id,)).fetchone()
    assert row is not None
    told: dict[str, int] = row["told"]
    return told


def one(connection: Connection, program_id: int, invoice_id: UUID) -> dict[str, Any]:
    """With everything around it, its history newest first. Raises Refusal (not found)."""
    row = connection.execute("select invoices.one(%s, %s) as told", (program_id, invoice_id)).fetchone()
    if row is None or row["told"] is None:
        raise _unknown("invoice")
    told: dict[str, Any] = row["told"]
    currency = (told["content"] or told["draft"]).get("currency")
    told["findings"] = [wording.finding(each, currency) for each in told["findings"]]
    for match in told["matches"]:
        place = f"lines.{match['line']}."
        match["findings"] = [each for each in told["findings"] if each["field"].startswith(place)]
    if told["state"] not in ("waiting", "review"):
        # Nothing is to be done about them any more; what differs stands at its line still.
        told["findings"] = []
    told["history"].reverse()
    for event in told["history"]:
        event["at"] = datetime.fromisoformat(event["at"])
        event["words"] = wording.event(event["kind"], event["detail"])
    return told


def actions(told: dict[str, Any], actor: str) -> tuple[list[str], bool]:
    """What this person may do with it now, and whether a second one has to approve what differs."""
    if told["state"] in ("approved", "refused"):
        return ["take_back"], False
    if told["state"] != "review":
        return [], False
    second = bool(told["blocks"]) and actor in {one["actor"] for one in told["corrections"]}
    found = ["correct", "refuse"]
    if told["content"] is not None and not second:
        found.append("approve_difference" if told["blocks"] else "approve")
    return found, second


def paper(connection: Connection, program_id: int, invoice_id: UUID) -> dict[str, Any]:
    """Where its PDF lies: object_key, pages. Raises Refusal (not found)."""
    row = connection.execute("select * from invoices.paper(%s, %s)", (program_id, invoice_id)).fetchone()
    if row is None:
        raise _unknown("paper")
    return row


def mails(
    connection: Connection, program_id: int, outcome: str | None, before: UUID | None, page_size: int
) -> list[dict[str, Any]]:
    """Newest first, each with what was in it, and in words why it was refused."""
    rows = connection.execute(
        "select told from invoices.mails(%s, %s, %s, %s) as told", (program_id, outcome, before, page_size)
    ).fetchall()
    found: list[dict[str, Any]] = [row["told"] for row in rows]
    for mail in found:
        mail["words"] = wording.reason(mail.pop("reason"))
        for document in mail["documents"]:
            document["words"] = wording.reason(document.pop("reason"))
            document["invoices"] = [_row(each) for each in document["invoices"]]
    return found


def samples(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """Values that people corrected, newest first."""
    return connection.execute("select * from invoices.samples(%s, %s)", (program_id, MOST_SAMPLES)).fetchall()


def months(connection: Connection, program_id: int) -> list[dict[str, Any]]:
    """The last two years, newest first."""
    rows = connection.execute("select told from invoices.months(%s) as told", (program_id,)).fetchall()
    return [row["told"] for row in rows]


def month(connection: Connection, program_id: int, wanted: str) -> dict[str, Any]:
    """One with the orders that explain its difference. Raises Refusal (not found)."""
    row = connection.execute(
        "select invoices.month(%s, %s, %s) as told", (program_id, _first(wanted), MOST_DIFFERENCES)
    ).fetchone()
    if row is None or row["told"] is None:
        raise _unknown("month")
    told: dict[str, Any] = row["told"]
    if told["month"]["charged_minor"] is None:
        # Nobody has asked Amazon yet: nothing differs from what is not known.
        told["differences"] = []
    for difference in told["differences"]:
        difference["words"] = wording.WHY[difference.pop("why")]
    return told


def _row(told: dict[str, Any]) -> dict[str, Any]:
    if told["state"] not in ("waiting", "review"):
        told["findings"] = []
    return {**told, "doubts": [wording.in_short(code) for code in told["findings"]]}


def _first(month: str | None) -> date | None:
    return None if month is None else date.fromisoformat(f"{month}-01")


def _unknown(what: str) -> Refusal:
    return Refusal(Kind.NOT_FOUND, f"unknown-{what}", f"This programme has no such {what}.")
