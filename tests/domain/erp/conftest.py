"""A programme whose ERP is the stand-in, one a module; what the invoices' room is told is written down."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from loyalty.erp import delivering, watching
from loyalty.erp.gateway import ErpGateway
from loyalty.erp.rest import RestErp
from loyalty.integrations.outside import Outside
from loyalty.integrations.tokens import token_of
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from loyalty.programme.schema.integrations import Erp
from tests.conftest import TestDatabase
from tests.domain.people import published
from tests.simulators.erp.running import TOKEN, ErpStandIn, erp_stand_in

HOST = "erp.example.com"
ROOM = """
create table public.told (subject uuid, what text, detail text);
create or replace function invoices.posted(p_program_id integer, p_invoice_id uuid, p_erp_document_id text) returns void
language sql security definer as $$ insert into public.told values (p_invoice_id, 'posted', p_erp_document_id) $$;
create or replace function invoices.posting_refused(p_program_id integer, p_invoice_id uuid, p_reason text) returns void
language sql security definer as $$ insert into public.told values (p_invoice_id, 'refused', p_reason) $$;
"""


@dataclass
class Office:
    """Finance: a gateway, an ERP, and staff who watch. `alone`: the invoices' room only says what it was told."""

    database: TestDatabase
    erp: ErpStandIn
    vendor: str = "Amazon Business"
    answer_seconds: float = 5.0
    alone: bool = True
    secret: str = field(default_factory=lambda: json.dumps({"host": HOST, "token": TOKEN}))

    def __post_init__(self) -> None:
        self.owner = self.database.owner()
        published(self.owner)
        if self.alone:
            self.owner.execute(ROOM.encode())
        self.gateway = self.database.connect("erp_gateway")
        self.staff = self.database.connect("invoice_desk")

    def close(self) -> None:
        for connection in (self.owner, self.gateway, self.staff):
            connection.close()

    def programme(self, format: str | None = "json", **invoices: Any) -> None:
        """Publish it with an ERP of that format, or with none."""
        before = reading.current(self.owner, 1)
        facts = json.loads(before.document.model_dump_json())
        erp = {"endpoint": f"https://{HOST}", "format": format, "secret": "erp"}
        facts["integrations"]["erp"] = erp if format else None
        facts["invoices"] |= invoices
        changed = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(self.owner, 1, changed, based_on=before.version, actor="test", why="test")

    def hand_over(self, content: dict[str, Any], subject: UUID | None = None) -> UUID:
        """As the invoices' room does; the document's id."""
        return self.one(
            "select erp.hand_over(1, %s, coalesce(%s, clock.new_id()), %s, %s, %s)",
            content["kind"], subject, self.vendor, content["number"], Jsonb(content),
        )  # fmt: skip

    def run(self) -> delivering.Done:
        """Once what is due."""
        programmes = delivering.connect(self.gateway)
        delivering.hand_over_journal(self.gateway)
        return delivering.deliver(self.gateway, programmes, self._erp, 20.0)

    def later(self, interval: str = "1 hour") -> delivering.Done:
        """After a while once more."""
        self.database.shift_clock(interval)
        return self.run()

    def state(self, document_id: UUID) -> str:
        return str(self.seen(document_id)["state"])

    def seen(self, document_id: UUID) -> dict[str, Any]:
        return watching.document(self.staff, 1, document_id)

    def told(self) -> list[tuple[str, str]]:
        """What the invoices' room was told, in order, and not again."""
        rows = self.owner.execute("select what, detail from public.told").fetchall()
        self.owner.execute("delete from public.told")
        return [(row["what"], row["detail"]) for row in rows]

    def cases(self) -> list[tuple[str, str]]:
        """The open ones: subject and reason."""
        rows = self.owner.execute(
            "select subject, reason from casework.case where kind = 'erp_given_up' and state = 'open' order by subject"
        ).fetchall()
        return [(row["subject"], row["reason"]) for row in rows]

    def one(self, statement: str, *arguments: Any) -> Any:
        row = self.owner.execute(statement.encode(), arguments).fetchone()
        assert row is not None
        return next(iter(row.values()))

    def _erp(self, where: Erp) -> ErpGateway:
        outside = Outside(answer_seconds=self.answer_seconds, hosts={HOST: self.erp.base_url})
        return RestErp(outside, where.endpoint, token_of(self.secret, where))


@pytest.fixture(scope="module")
def shared(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with erp_stand_in(tmp_path_factory.mktemp("erp") / "erp.sqlite") as stand_in:
        made = Office(database, stand_in)
        yield made
        made.close()


@pytest.fixture
def office(shared: Office) -> Iterator[Office]:
    shared.erp.quiet()
    shared.programme()
    shared.answer_seconds, shared.secret = 5.0, json.dumps({"host": HOST, "token": TOKEN})
    yield shared
    for statement in (
        "delete from erp.attempt",
        "delete from erp.document",
        "delete from erp.receiver",
        "delete from public.told",
        "update casework.case set state = 'withdrawn', decided_at = clock.now() where state = 'open'",
    ):
        shared.owner.execute(statement.encode())
