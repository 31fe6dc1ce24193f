"""The simulator's file: its tables, and one connection used by the server's one thread."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists orders(external_id text primary key, request_hash text not null,
    purchase_order_number text not null, accepted integer not null, placed_at text not null, shipped_at text,
    charged_minor integer not null, currency text not null, result text not null);
create table if not exists order_lines(external_id text not null, line_external_id text not null, asin text not null,
    quantity integer not null, accepted_quantity integer not null, rejected_quantity integer not null,
    unit_price_minor integer, principal_minor integer not null, shipping_minor integer not null,
    tax_minor integer not null, amazon_order_id text, primary key (external_id, line_external_id));
create table if not exists requests(id integer primary key, at text not null, operation text not null,
    status integer not null, external_id text);
create table if not exists products(asin text primary key, kind text not null, parent text, category text not null,
    category_name text not null, popularity integer not null, scenario text, title text not null, brand text not null,
    price_minor integer not null, list_price_minor integer not null, price_type text not null, stock integer,
    promise_days integer not null, more text not null);
create table if not exists credentials(only_row integer primary key check (only_row = 1), client_id text not null,
    client_secret text not null, refresh_token text not null, buyer_email text not null, buying_group text not null);
create table if not exists tokens(access_token text primary key, expires_at text not null);
create table if not exists faults(operation text not null, kind text not null, times integer,
    primary key (operation, kind));
create table if not exists settings(name text primary key, value text not null);
create table if not exists carts(cart_id text not null, position integer not null, asin text not null,
    offer_id text, quantity integer not null, external_id text, primary key (cart_id, position));
create table if not exists attempts(external_id text primary key, times integer not null);
create table if not exists open_orders(external_id text primary key, placed_at text not null);
create table if not exists shipments(shipment_id text primary key, amazon_order_id text not null,
    external_id text not null, shipped_at text not null, promised_start text not null);
create table if not exists packages(shipment_id text not null, package_id text not null, tracking_id text not null,
    carrier text not null, status text not null, status_at text not null, promised_end text not null,
    primary key (shipment_id, package_id));
create table if not exists package_units(shipment_id text not null, package_id text not null,
    line_external_id text not null, quantity integer not null,
    primary key (shipment_id, package_id, line_external_id));
create table if not exists package_events(id integer primary key, shipment_id text not null, package_id text not null,
    status text not null, at text not null);
create table if not exists cancelled_units(id integer primary key, external_id text not null,
    line_external_id text not null, amazon_order_id text not null, quantity integer not null, at text not null);
create table if not exists transactions(id integer primary key, transaction_id text not null, type text not null,
    at text not null, feed_at text not null, external_id text, line_external_id text, amazon_order_id text,
    purchase_order_number text, shipment_id text, asin text, quantity integer not null,
    principal_minor integer not null, shipping_minor integer not null, tax_minor integer not null);
create table if not exists notices(id integer primary key, kind text not null, body text not null,
    attempts integer not null);
create table if not exists invoices(number text primary key, about text not null unique, kind text not null,
    external_id text not null,
    corrects text, region text not null, issued_at text not null, due_at text not null, state text not null);
create table if not exists invoice_lines(id integer primary key, number text not null, transaction_id text not null,
    shipment_id text not null, line_external_id text not null, amazon_order_id text not null, asin text not null,
    quantity integer not null, principal_minor integer not null, shipping_minor integer not null,
    tax_minor integer not null);
create table if not exists invoice_mails(id integer primary key, number text not null, error text,
    attempts integer not null, sent_at text);
create table if not exists invoice_reports(report_id text primary key, number text, marketplace_id text not null,
    created_at text not null, cancelled_at text, fatal integer not null);
create table if not exists report_links(token text primary key, report_id text not null, compressed integer not null,
    expires_at text not null);
create index if not exists invoices_state on invoices(state, due_at);
create index if not exists invoices_order on invoices(external_id);
create index if not exists invoice_lines_number on invoice_lines(number);
create index if not exists invoice_lines_transaction on invoice_lines(transaction_id);
create index if not exists invoice_lines_shipment on invoice_lines(shipment_id);
create index if not exists invoice_mails_waiting on invoice_mails(id) where sent_at is null;
create index if not exists open_orders_placed on open_orders(placed_at);
create index if not exists order_lines_amazon on order_lines(amazon_order_id);
create index if not exists shipments_order on shipments(external_id);
create index if not exists shipments_amazon on shipments(amazon_order_id);
create index if not exists packages_under_way on packages(status) where status not in ('DELIVERED', 'REFUND_ISSUED');
create index if not exists package_events_package on package_events(shipment_id, package_id);
create index if not exists cancelled_units_order on cancelled_units(external_id);
create index if not exists transactions_feed on transactions(feed_at);
create index if not exists transactions_order on transactions(external_id);
create index if not exists transactions_name on transactions(transaction_id);
"""


class Store:
    """Rows as sqlite3.Row; every statement commits by itself unless inside `with store.transaction():`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(SCHEMA)

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def each(self, sql: str, *values: Any) -> Iterator[sqlite3.Row]:
        """Row by row; nothing may be written before the last one is read or the iterator is let go."""
        return self._connection.execute(sql, values)

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def run(self, sql: str, *values: Any) -> None:
        self._connection.execute(sql, values)

    def run_many(self, sql: str, rows: list[tuple[Any, ...]]) -> None:
        with self.transaction():
            self._connection.executemany(sql, rows)

    def transaction(self) -> _Transaction:
        return _Transaction(self._connection)

    def log(self, at: datetime, operation: str, status: int, external_id: str | None) -> None:
        """Remember a request."""
        self.run(
            "insert into requests(at, operation, status, external_id) values (?, ?, ?, ?)",
            at.isoformat(),
            operation,
            status,
            external_id,
        )

    def read_settings(self) -> dict[str, Any]:
        return {row["name"]: json.loads(row["value"]) for row in self.all("select name, value from settings")}

    def close(self) -> None:
        self._connection.close()


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("begin immediate")

    def __exit__(self, kind: object, *_: object) -> None:
        self._connection.execute("rollback" if kind else "commit")
