"""Years of journal, written straight into past months' partitions by the owner: its functions would need an hour.

A row is as the ledger writes an adjustment, up by 100 points and down again, so that balances, numbers and lots (I1-I7)
are right. Only the links are dummies, 32 bytes of a hash that continue nothing; the rows after them, written by the
ledger, continue from the last. The members have no lots yet: they are filled after their history, as time has it.
"""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

from bench.ledger.place import Place
from loyalty.database import Connection
from loyalty.migration import DATABASE_FOLDER

MONTHS = 24
WRITERS = 2

# By column; one that the journal does not have is left out. g is the row's number, m the member, at when it was booked.
COLUMNS = {
    "program_id": "1",
    "member_id": "m",
    "op_id": "(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(g % 4096), 3, '0')"
    " || '8' || lpad(to_hex(m), 15, '0'))::uuid",
    "leg": "1",
    "sequence": "g",
    "kind": "'adjust'",
    "dr": "case g % 2 when 1 then 14 else 1 end",
    "cr": "case g % 2 when 1 then 1 else 14 end",
    "amount": "100",
    "available_after": "case g % 2 when 1 then 100 else 0 end",
    "held_after": "0",
    "pending_after": "0",
    "debt_after": "0",
    "lot_keys": "lot",
    "lot_amounts": "array[100::bigint]",
    "reference": "'history'",
    "actor": "'bench'",
    "request_hash": "'\\x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02'::bytea",
    "occurred_at": "at",
    "created_at": "at",
    "txid": "txid_current()",
    "chain": "sha256(int8send(m) || int8send(g))",
}
SINCE = "date_trunc('month', clock.now() at time zone 'UTC') at time zone 'UTC' - interval '{months} months'"
ROWS = """
insert into points.journal ({columns})
select {expressions}
from (select array[points.lot_key('2199-12-31', false)] as lot, {since} as since,
        interval '{months} months' / {each} as step) s,
    generate_series({first}::bigint, {last}) g, generate_series(1::bigint, {members}) m,
    lateral (select since + step * (g - 1) + step * (m / ({members} + 1.0)) as at) t
"""


def write(place: Place, database: str, members: int, rows: int) -> int:
    """So many rows (evenly, an even number for each member) of the past two years; how many there are now."""
    each = rows // members // 2 * 2
    if each == 0:
        return 0
    with place.owner(database) as connection:
        _open_past_months(connection)
        names = [
            row["attname"]
            for row in connection.execute(
                "select attname from pg_attribute where attrelid = 'points.journal'::regclass and attnum > 0"
                " and not attisdropped"
            ).fetchall()
            if row["attname"] in COLUMNS
        ]
    cuts = [each * part // WRITERS for part in range(WRITERS + 1)]
    with ThreadPoolExecutor(WRITERS) as pool:
        statements = [
            ROWS.format(
                columns=", ".join(names),
                expressions=", ".join(COLUMNS[name] for name in names),
                since=SINCE.format(months=MONTHS),
                months=MONTHS,
                each=each,
                first=first + 1,
                last=last,
                members=members,
            )
            for first, last in itertools.pairwise(cuts)
        ]
        list(pool.map(lambda statement: _execute(place, database, statement), statements))
    with place.owner(database) as connection:
        connection.execute(
            "update points.member set version = %(each)s, chain = sha256(int8send(member_id) || int8send(%(each)s))"
            " where program_id = 1 and member_id <= %(members)s",
            {"each": each, "members": members},
        )
    return each * members


def _open_past_months(connection: Connection) -> None:
    """By the ledger's own procedure, which makes the months around now: so it is told other nows."""
    clock = (DATABASE_FOLDER / "clock" / "clock.sql").read_bytes()
    for months in range(MONTHS - 2, 0, -6):
        connection.execute(
            "create or replace function clock.now() returns timestamptz language sql stable parallel safe"
            f" return transaction_timestamp() - interval '{months} months'".encode()
        )
        connection.execute("call points.ensure_partitions()")
    connection.execute(clock)


def _execute(place: Place, database: str, statement: str) -> None:
    with place.owner(database) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute(statement.encode())
