"""`make trace ID=…`: one redemption across API, machine, workers, simulators and the ledger, as one timeline."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import psycopg
from botocore.exceptions import ClientError

from local.clock import Clock
from local.connected import STATE, Connected, NotRunning
from loyalty.database import Connection

# What a log line says about itself and not about the redemption.
_NOISE = frozenset(
    {
        "level", "location", "message", "timestamp", "service", "correlation_id", "redemption_id", "program_id",
        "cold_start", "function_name", "function_memory_size", "function_arn", "function_request_id", "xray_trace_id",
        "_aws", "sampling_rate", "time",
    }
)  # fmt: skip
_INTERESTING = frozenset(
    {
        "ExecutionStarted", "TaskStateEntered", "WaitStateEntered", "SucceedStateEntered", "FailStateEntered",
        "TaskSucceeded", "TaskFailed", "TaskTimedOut", "ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted",
        "ExecutionTimedOut",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. `at` is by the machine's clock, whatever the cloud's showed."""

    at: datetime
    part: str
    what: str


class UnknownRedemption(Exception):
    """There is no such redemption."""


def trace(cloud: Connected, redemption_id: UUID) -> list[Entry]:
    """All that is known of a redemption, oldest first. Raises UnknownRedemption."""
    clock = Clock(cloud)
    with cloud.query() as connection:
        redemption = _one(connection, "select * from redemptions.redemption where redemption_id = %s", redemption_id)
        if redemption is None:
            raise UnknownRedemption(f"there is no redemption {redemption_id}")
        entries = [
            Entry(clock.machine_time(at), part, what)
            for read in (_events, _journal, _payment, _placement)
            for at, part, what in read(connection, redemption)
        ]
    entries += _machine(cloud, str(redemption_id))
    entries += _function_logs(cloud, str(redemption_id))
    entries += _worker_logs(cloud, str(redemption_id))
    entries += [Entry(clock.machine_time(at), part, what) for at, part, what in _outside(cloud, str(redemption_id))]
    return sorted(entries, key=lambda entry: entry.at)


def text(entries: list[Entry]) -> Iterator[str]:
    """The timeline for a terminal: seconds since the first entry, who, what."""
    first = entries[0].at
    yield f"{first:%Y-%m-%d %H:%M:%S} UTC, by the machine's clock"
    for entry in entries:
        yield f"{(entry.at - first).total_seconds():9.3f} s  {entry.part:<16}  {entry.what}"


type _Rows = Iterator[tuple[datetime, str, str]]


def _events(connection: Connection, redemption: dict[str, Any]) -> _Rows:
    for row in _all(
        connection,
        "select kind, detail, occurred_at from redemptions.event where redemption_id = %s order by event_number",
        redemption["redemption_id"],
    ):
        yield row["occurred_at"], "redemption", _said(row["kind"], row["detail"])


def _journal(connection: Connection, redemption: dict[str, Any]) -> _Rows:
    operations = [redemption[key] for key in ("redemption_id", "settle_op_id", "release_op_id")]
    for row in _all(
        connection,
        "select kind, amount, available_after, held_after, created_at from points.journal"
        " where op_id = any(%s) order by sequence, leg",
        operations,
    ):
        after = f"available {row['available_after']}, held {row['held_after']} after it"
        yield row["created_at"], "ledger", f"{row['kind']} {row['amount']} points, {after}"


def _payment(connection: Connection, redemption: dict[str, Any]) -> _Rows:
    for row in _all(
        connection,
        "select from_state, to_state, step, reason, created_at from payments.transition"
        " where redemption_id = %s order by sequence",
        redemption["redemption_id"],
    ):
        detail = {key: row[key] for key in ("step", "reason") if row[key]}
        yield row["created_at"], "payment", _said(f"{row['from_state'] or 'nothing'} → {row['to_state']}", detail)


def _placement(connection: Connection, redemption: dict[str, Any]) -> _Rows:
    row = _one(connection, "select * from orders.placement where redemption_id = %s", redemption["redemption_id"])
    if row is None:
        return
    for column, what in (
        ("queued_at", "queued for Amazon"),
        ("sent_at", f"sent to Amazon ({row['sends']} times, {row['look_ups']} look-ups)"),
        ("concluded_at", f"Amazon's answer: {row['state']}"),
        ("recorded_at", "order written out"),
        ("answered_at", "the machine was told"),
    ):
        if row[column]:
            yield row[column], "order", what


def _machine(cloud: Connected, redemption_id: str) -> Iterator[Entry]:
    machine = cloud.outputs["StateMachineArn"]
    client = cloud.client("stepfunctions")
    # A later execution of the same redemption has a number behind the id.
    names = [redemption_id, *(f"{redemption_id}-{number}" for number in range(1, 6))]
    for name in names:
        arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
        with suppress(ClientError):
            pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
            for event in pages.build_full_result()["events"]:
                if event["type"] in _INTERESTING:
                    yield Entry(event["timestamp"].astimezone(UTC), "machine", _machine_words(event))


def _machine_words(event: dict[str, Any]) -> str:
    details: dict[str, Any] = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    if event["type"].endswith("StateEntered"):
        return f"→ {details.get('name')}"
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", event["type"]).lower()
    return _said(words, {key: details[key] for key in ("error", "cause", "output") if details.get(key)})


def _function_logs(cloud: Connected, redemption_id: str) -> Iterator[Entry]:
    for output, function in cloud.outputs.items():
        if output.endswith("FunctionName"):
            part = output.removesuffix("FunctionName")
            for event in cloud.function_log(function, redemption_id):
                at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield _log_entry(at, part, event["message"])


def _worker_logs(cloud: Connected, redemption_id: str) -> Iterator[Entry]:
    for name in ("orders", "payments"):
        file = cloud.state / "logs" / f"{name}.log"
        for line in file.read_text(errors="replace").splitlines() if file.exists() else ():
            if redemption_id in line:
                stamp, _, said = line.partition(" ")
                yield _log_entry(datetime.fromisoformat(stamp), name, said)


def _log_entry(at: datetime, part: str, line: str) -> Entry:
    try:
        said = json.loads(line)
    except ValueError:
        said = {"message": line}
    service = str(said.get("service") or part)
    rest = {key: value for key, value in said.items() if key not in _NOISE}
    return Entry(at, service[:16], _said(str(said.get("message", "")), rest))


def _outside(cloud: Connected, redemption_id: str) -> _Rows:
    with suppress(httpx.HTTPError, KeyError, ValueError):
        orders = httpx.get(f"{cloud.simulator('amazon_business')}/_simulator/orders?limit=5000", timeout=10).json()
        for order in orders["orders"]:
            if order["external_id"].startswith(redemption_id):
                lines = ", ".join(f"{line.get('asin')} ×{line.get('quantity')}" for line in order["lines"])
                yield _instant(order["placed_at"]), "Amazon Business", f"took the order: {lines}"
                if order.get("shipped_at"):
                    yield _instant(order["shipped_at"]), "Amazon Business", "shipped it"


def _instant(value: Any) -> datetime:
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    return datetime.fromisoformat(str(value)).astimezone(UTC)


def _said(what: str, detail: dict[str, Any]) -> str:
    rest = "  ".join(f"{key}={_short(value)}" for key, value in detail.items() if value not in (None, "", [], {}))
    return f"{what}  {rest}".rstrip()


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, default=str)
    return words if len(words) <= 160 else f"{words[:157]}…"


def _all(connection: Connection, query: str, argument: Any) -> list[dict[str, Any]]:
    return connection.execute(query.encode(), (argument,)).fetchall()


def _one(connection: Connection, query: str, argument: Any) -> dict[str, Any] | None:
    rows = _all(connection, query, argument)
    return rows[0] if rows else None


def main(arguments: list[str]) -> int:
    """0 and the timeline; 1 if there is no such redemption or no cloud; 2 for what is no id."""
    try:
        redemption_id = UUID(arguments[0])
    except (IndexError, ValueError):
        print("usage: make trace ID=<redemption id>", file=sys.stderr)
        return 2
    try:
        for line in text(trace(Connected.to(STATE), redemption_id)):
            print(line)
    except (NotRunning, UnknownRedemption, psycopg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
