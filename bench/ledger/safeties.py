"""What makes the ledger trustworthy, read from the catalogue: a fast ledger without its walls would be no result."""

from __future__ import annotations

import psycopg

from loyalty.database import Connection

# Two months back, for late keys, to three ahead.
MONTHS = 6
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")

# Of the journal and all its partitions. Bits of tgtype: row 1, before 2, delete 8, update 16, truncate 32.
WALLS = """
select count(*) filter (where not exists (
        select from pg_trigger g where g.tgrelid = t.relid and g.tgfoid = 'points.refuse_change'::regproc
            and g.tgenabled in ('O', 'A') and g.tgtype & 27 = 27
            and g.tgqual is null and g.tgattr = ''::int2vector)) as rows,
    count(*) filter (where not exists (
        select from pg_trigger g where g.tgrelid = t.relid and g.tgfoid = 'points.refuse_change'::regproc
            and g.tgenabled in ('O', 'A') and g.tgtype & 34 = 34)) as whole
from pg_partition_tree('points.journal') t
"""
SUM_CHECK = """
select count(*) as constraints from pg_constraint c
where c.conrelid = 'points.member'::regclass and c.contype = 'c' and c.convalidated
    and exists (select from pg_attribute a where a.attrelid = c.conrelid and a.attnum = any (c.conkey)
        and a.attname = 'available')
    and exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid
        where a.attrelid = c.conrelid and a.attnum = any (c.conkey) and t.typcategory = 'A')
"""
NOT_NULL = """
select count(*) as tables from pg_partition_tree('points.journal') t
join pg_attribute a on a.attrelid = t.relid and a.attname = %s and a.attnotnull and not a.attisdropped
"""
# The leading columns of a valid unique index of the journal, in whatever order.
KEY = """
select count(*) as keys from pg_index i
where i.indrelid = 'points.journal'::regclass and i.indisunique and i.indisvalid and i.indpred is null
    and (select array_agg(a.attname::text order by a.attname) filter (where k.place <= 3)
         from unnest(i.indkey::int2[]) with ordinality as k (number, place)
         join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.number)
        = array['member_id', 'op_id', 'program_id']
"""
PARTITIONS = """
select c.relkind = 'p' as partitioned, count(i.inhrelid) as leaves,
    bool_or(pg_get_expr(l.relpartbound, l.oid) = 'DEFAULT') as open_ended
from pg_class c left join pg_inherits i on i.inhparent = c.oid left join pg_class l on l.oid = i.inhrelid
where c.oid = 'points.journal'::regclass group by c.relkind
"""
# A setting that somebody turned off for a role, a database or a function.
TURNED_OFF = """
select count(*) as times from (
    select unnest(setconfig) as setting from pg_db_role_setting
    union all select unnest(proconfig) from pg_proc where pronamespace = 'points'::regnamespace
) s where split_part(s.setting, '=', 1) = %s
"""


class NotAsDeployed(Exception):
    """The message names what is missing."""


def require(connection: Connection) -> None:
    """Raises NotAsDeployed unless every safety stands. As the owner."""
    if lacking := missing(connection):
        raise NotAsDeployed("; ".join(lacking))


def missing(connection: Connection) -> list[str]:
    """The safeties that do not stand, in words."""

    def count(query: str, *parameters: str) -> int:
        row = connection.execute(query.encode(), parameters or None).fetchone()
        return int(next(iter(row.values()))) if row else 0

    leaves = count("select count(*) from pg_partition_tree('points.journal')")
    partitions = connection.execute(PARTITIONS.encode()).fetchone()
    walls = connection.execute(WALLS.encode()).fetchone()
    assert partitions is not None
    assert walls is not None
    stands = {
        "CHECK of the lots' sum": count(SUM_CHECK) > 0 and _refuses_points_without_lots(connection),
        "chain of every row": count(NOT_NULL, "chain") == leaves,
        "request hash of every row": count(NOT_NULL, "request_hash") == leaves,
        "unique key of an operation": count(KEY) > 0,
        "partitions by month": bool(partitions["partitioned"])
        and int(partitions["leaves"]) >= MONTHS
        and not partitions["open_ended"],
        "append-only trigger (rows)": walls["rows"] == 0,
        "append-only trigger (truncate)": walls["whole"] == 0,
        "logged tables": count(
            "select count(*) from pg_class where relnamespace = 'points'::regnamespace and relpersistence <> 'p'"
        )
        == 0,
    }
    for setting in DURABLE:
        stands[setting] = (
            count("select count(*) from pg_settings where name = %s and setting <> 'off'", setting) == 1
            and count(TURNED_OFF, setting) == 0
        )
    return [name for name, standing in stands.items() if not standing]


def _refuses_points_without_lots(connection: Connection) -> bool:
    """A CHECK may stand there and say yes to everything."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("insert into points.member (program_id, member_id, available) values (0, 0, 1)")
    except psycopg.errors.CheckViolation:
        return True
    return False
