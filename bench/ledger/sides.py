"""What the clients do, as pgbench scripts. A refusal divides by zero and ends the client: only success counts."""

from __future__ import annotations

from bench.ledger.place import CALLER, REFERENCE
from bench.ledger.slices import Side

# The key is made by PostgreSQL's own function, for pgbench has none; callers bring theirs.
HOLD = (
    "points.hold(1, :member, uuidv7(), :amount, now() + interval '30 minutes',"
    " '\\x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02', 'bench')"
)
CHANGE = (
    "with changed as (update bench.account set balance = balance + 1, version = version + 1 where id = :member"
    " returning id) insert into bench.history (account_id, delta) select id, 1 from changed;\n"
)


def reference(database: str, members: int, name: str = "reference", clients: int = 8) -> Side:
    """The least PostgreSQL can do for a balance and its history: one statement, one commit, one key."""
    return Side(name, database, REFERENCE, _member(range(1, members + 1)) + CHANGE, clients)


def hold(database: str, members: range, name: str = "hold", clients: int = 8, most: int = 20) -> Side:
    """A hold, with an answer that has all balances."""
    return Side(
        name,
        database,
        CALLER,
        f"{_member(members)}\\set amount random(1, {most})\n"
        f"select op_id, version, available, held, pending, debt, 1 / (status = 'ok')::int as done from {HOLD};\n",
        clients,
    )


def loop(members: range, times: int) -> str:
    """So many holds inside the server, a hundred in a transaction."""
    return f"""
        do $$ begin
            for i in 1 .. {times} loop
                perform {HOLD.replace(":member", "m").replace(":amount", "1 + i % 20")}
                from (select {members.start} + floor(random() * {len(members)})::bigint as m offset 0) one;
                if i % 100 = 0 then commit; end if;
            end loop;
        end $$"""


def pair(database: str, members: range, name: str = "pair", clients: int = 8) -> Side:
    """A hold, and in a transaction after it its settlement."""
    return Side(
        name,
        database,
        CALLER,
        f"{_member(members)}\\set amount random(1, 20)\n"
        f"select op_id as hold_id, version, available, held, 1 / (status = 'ok')::int as done from {HOLD} \\gset\n"
        "select version, available, held, 1 / (status = 'ok')::int as done"
        " from points.settle(1, :member, uuidv7(), :hold_id, :amount, 'bench');\n",
        clients,
    )


def _member(members: range) -> str:
    return f"\\set member random({members.start}, {members.stop - 1})\n"
