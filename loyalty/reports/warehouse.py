"""Asking the warehouse: one statement by the Redshift Data API, its values bound, waited for as long as a page waits.

    warehouse = Warehouse(boto3.client("redshift-data"), "loyalty-full", "loyalty")
    answer = warehouse.ask("select … where program_id = cast(:program_id as integer)", {"program_id": "1"}, "1718")

A statement that takes longer than somebody waits goes on; whoever asks the same again comes back to it, because the
same question about the same load has the same token, whichever function asks.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.refusal import Kind, Refusal

type Cell = str | int | float | bool | None

PATIENCE_SECONDS = 20.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0
# A page shows no more, and an answer of a function is 6 MB at most.
MOST_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Table:
    """An answer. Dates and times are texts as the warehouse writes them; `whole`: these are all of its rows."""

    columns: tuple[str, ...]
    rows: list[list[Cell]]
    whole: bool = True


class StatementFailed(Exception):
    """The warehouse ran it and could not, or somebody ended it; the message is the warehouse's."""


class Warehouse:
    """The database of one workgroup. `client`: boto3's `redshift-data`."""

    def __init__(
        self,
        client: Any,
        workgroup: str,
        database: str,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._workgroup, self._database = client, workgroup, database
        self._patience, self._clock, self._pause = patience_seconds, clock, pause
        # A statement that failed is not the answer to the next one who asks: the token is another then.
        self._failures: dict[str, int] = {}

    def ask(self, sql: str, parameters: Mapping[str, str], load: str) -> Table:
        """The statement's rows. `load` names what was loaded last: the same question after another load is another.

        Raises Refusal `report-not-ready` and `warehouse-away`, both worth another try, and StatementFailed.
        """
        from botocore.exceptions import BotoCoreError, ClientError  # whoever gives us a client has it

        question = json.dumps([self._workgroup, sql, sorted(parameters.items()), load])
        token = hashlib.sha256(f"{question}{self._failures.get(question, 0)}".encode()).hexdigest()
        try:
            statement = self._client.execute_statement(
                WorkgroupName=self._workgroup,
                Database=self._database,
                Sql=sql,
                ClientToken=token,
                StatementName="report",
                # The API refuses an empty list.
                **({"Parameters": [{"name": n, "value": v} for n, v in parameters.items()]} if parameters else {}),
            )["Id"]
            if not self._finished(statement):
                return Table((), [])
            return self._rows(statement)
        except StatementFailed:
            self._failures[question] = self._failures.get(question, 0) + 1
            raise
        except (ClientError, BotoCoreError) as error:
            raise _away(error) from error

    def _finished(self, statement: str) -> bool:
        """Wait for it; whether there are rows."""
        until, pause = self._clock() + self._patience, FIRST_PAUSE_SECONDS
        while True:
            told = self._client.describe_statement(Id=statement)
            if told["Status"] == "FINISHED":
                return bool(told.get("HasResultSet"))
            if told["Status"] in ("FAILED", "ABORTED"):
                raise StatementFailed(told.get("Error") or told["Status"])
            if self._clock() + pause > until:
                raise Refusal(
                    Kind.UNAVAILABLE,
                    "report-not-ready",
                    "The warehouse is still counting; ask again in a moment, it goes on.",
                    retry_after_seconds=5,
                )
            self._pause(pause)
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)

    def _rows(self, statement: str) -> Table:
        columns: tuple[str, ...] = ()
        kinds: list[str] = []
        rows: list[list[Cell]] = []
        page: dict[str, str] = {}
        while len(rows) <= MOST_ROWS:
            answer = self._client.get_statement_result(Id=statement, **page)
            columns = tuple(str(column["name"]).lower() for column in answer["ColumnMetadata"])
            kinds = [str(column.get("typeName", "")) for column in answer["ColumnMetadata"]]
            rows += [
                [_cell(field, kind) for field, kind in zip(record, kinds, strict=True)] for record in answer["Records"]
            ]
            if not answer.get("NextToken"):
                break
            page = {"NextToken": answer["NextToken"]}
        return Table(columns, rows[:MOST_ROWS], len(rows) <= MOST_ROWS)


def _cell(field: Mapping[str, Any], kind: str) -> Cell:
    """numeric comes as text: a whole one is a whole number here, another a fraction."""
    if field.get("isNull"):
        return None
    for name in ("longValue", "doubleValue", "booleanValue"):
        if name in field:
            found: Cell = field[name]
            return found
    text = str(field["stringValue"])
    if kind in ("numeric", "decimal"):
        number = float(text)
        return int(text.partition(".")[0]) if number.is_integer() else number
    return text


def _away(error: Exception) -> Refusal:
    code = getattr(error, "response", {}).get("Error", {}).get("Code", "")
    words = (
        "The warehouse has too much to do; ask again in a moment."
        if code in ("ThrottlingException", "ActiveStatementsExceededException")
        else "The warehouse does not answer. The programme itself is not touched by that."
    )
    return Refusal(Kind.UNAVAILABLE, "warehouse-away", words, retry_after_seconds=15)
