# ruff: noqa: E501
"""Seeded bugs: textual changes of the ledger's SQL, each of which the tests must notice.

A change names the text it replaces, and that text must stand in its file exactly once: a mutant cannot rot into
one that changes nothing. `tables` ones are in the migration and need a database from scratch; the others replace functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loyalty.migration import DATABASE_FOLDER

LEDGER = "points/ledger.sql"
BULK = "points/bulk.sql"
DUTIES = "points/duties.sql"
READING = "points/reading.sql"
TABLES = "migrations/20261122031000_points.sql"

type Change = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name: what is replaced by what in which file."""

    name: str
    file: str
    changes: tuple[Change, ...]

    @property
    def tables(self) -> bool:
        return self.file == TABLES

    def patched(self, folder: Path = DATABASE_FOLDER) -> str:
        """The file with the bug in it. Raises ValueError if the text it replaces is not there exactly once."""
        text = (folder / self.file).read_text()
        for before, after in self.changes:
            if text.count(before) != 1:
                raise ValueError(f"mutant '{self.name}': {text.count(before)} times in {self.file}: {before!r}")
            text = text.replace(before, after)
        return text


def _of(name: str, file: str, *changes: Change) -> Mutant:
    return Mutant(name, file, changes)


_LOCK = "where program_id = p_program_id and member_id = p_member_id for no key update;"
_UNKNOWN = "if not found then return points.refusal('unknown_member', p_op_id, p_amount); end if;"
_READ_HOLD = (
    "    select * into h from points.hold\n"
    "    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id and open > 0;\n"
)
_NOT_OPEN = "    if not found then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;\n"
_OVER_HOLD = "    if p_amount > h.open then return points.answer('over_hold', m, p_op_id, p_amount); end if;\n"
_LAPSE = "    m := points.expire_lapsed(m, v_now, clock.new_id(), ''::bytea, 'ledger');\n"
_SETTLES = "    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, p_amount);\n"
_RELEASES = "    select * into v_parts from points.split(h.lot_keys, h.lot_amounts, h.open - p_amount);\n"

MUTANTS = (
    # ---- at most once
    _of(
        "an accrual's reference is no unique key",
        TABLES,
        ("primary key (program_id, op_id),\n    unique (program_id, partner, partner_reference)\n",
         "primary key (program_id, op_id)\n"),
    ),
    _of(
        "an operation's key is no unique key",
        TABLES,
        ("    primary key (program_id, member_id, op_id, leg),\n", ""),
    ),
    _of(
        "the request's hash is forgotten",
        LEDGER,
        ("    if v_hash <> p_hash then return points.answer('key_reuse', m, p_op_id, 0); end if;\n", ""),
    ),
    _of("a replay says ok again", LEDGER, ("    select 'replay', p_op_id, sequence", "    select 'ok', p_op_id, sequence")),
    _of(
        "a replay tells the balance of now",
        LEDGER,
        ("select 'replay', p_op_id, sequence, available_after,", "select 'replay', p_op_id, m.version, m.available,"),
    ),
    _of(
        "a hold whose key is taken is made again",
        LEDGER,
        ("    insert into points.journal values (j.*) on conflict do nothing;\n"
         "    if not found then return points.replay(m, p_op_id, p_request_hash); end if;\n",
         "    insert into points.journal values (j.*) on conflict do nothing;\n"),
    ),
    _of(
        "a reversal's reference is not looked up",
        LEDGER,
        ("    if found then return points.replay(m, r.op_id, p_request_hash); end if;\n", ""),
    ),
    _of(
        "another member's accrual is answered as one's own",
        LEDGER,
        ("        if v_known.member_id <> p_member_id then return points.refusal('key_reuse', p_op_id, 0); end if;\n", ""),
    ),
    _of(
        "the importer counts a row that stands twice in its file twice",
        BULK,
        ("then 'replay'\n", "then 'ok'\n"),
    ),
    _of(
        "the importer stores only its last member",
        BULK,
        ("            if m.member_id is not null then perform points.store(m); end if;\n            select",
         "            select"),
    ),
    # ---- many at once
    _of(
        "a hold does not lock its member",
        LEDGER,
        (f"{_LOCK}\n    {_UNKNOWN}\n\n    if m.available < p_amount or",
         f"{_LOCK.replace(' for no key update', '')}\n    {_UNKNOWN}\n\n    if m.available < p_amount or"),
    ),
    _of(
        "a hold is one statement that reads the lots before it waits for the lock",
        LEDGER,
        ("    update points.member\n"
         "    set available = j.available_after, held = j.held_after, version = j.sequence, chain = j.chain,\n",
         "    update points.member u\n"
         "    set available = u.available - p_amount, held = u.held + p_amount, version = j.sequence, chain = j.chain,\n"),
        (f"{_LOCK}\n    {_UNKNOWN}\n\n    if m.available < p_amount or",
         f"{_LOCK.replace(' for no key update', '')}\n    {_UNKNOWN}\n\n    if m.available < p_amount or"),
    ),
    _of(
        "settling looks at the hold before it locks the member",
        LEDGER,
        (f"{_READ_HOLD}{_NOT_OPEN}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}",
         f"{_NOT_OPEN.replace('not found', 'h.hold_id is null')}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}"),
        ("    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.member;\n"
         "    h points.hold;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n",
         "    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.member;\n"
         "    h points.hold;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n"
         f"{_READ_HOLD}"),
    ),
    _of(
        "settling locks the hold before the member",
        LEDGER,
        ("    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.member;\n"
         "    h points.hold;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n",
         "    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.member;\n"
         "    h points.hold;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n"
         f"{_READ_HOLD.replace('open > 0;', 'open > 0 for update;')}"),
    ),
    _of(
        "the importer locks its members as they stand in the file",
        BULK,
        ("    perform from points.member\n"
         "    where program_id = p_program_id and member_id = any (p_member_ids)\n"
         "    order by member_id for no key update;\n",
         "    for i in 1 .. coalesce(cardinality(p_member_ids), 0) loop\n"
         "        perform from points.member\n"
         "        where program_id = p_program_id and member_id = p_member_ids[i] for no key update;\n"
         "    end loop;\n"),
    ),
    # ---- how much
    _of("zero is an amount", LEDGER, ("p_amount between 1 and 9007199254740991, false", "p_amount between 0 and 9007199254740991, false")),
    _of(
        "a negative amount is an amount",
        LEDGER,
        ("coalesce(p_amount between 1 and", "coalesce(p_amount <> 0 and p_amount between -9007199254740991 and"),
    ),
    _of("there is always room", LEDGER, ("return m.available + m.held + m.pending + p_amount <= 9007199254740991;", "return true;")),
    _of(
        "the last point cannot be held after others lapsed",
        LEDGER,
        ("        if m.available - v_lapsed < p_amount then\n", "        if m.available - v_lapsed <= p_amount then\n"),
    ),
    _of(
        "a whole hold cannot be settled",
        LEDGER,
        (f"{_OVER_HOLD}\n{_LAPSE}{_SETTLES}", f"{_OVER_HOLD.replace('>', '>=')}\n{_LAPSE}{_SETTLES}"),
    ),
    _of(
        "more than was held may be settled",
        LEDGER,
        (f"{_OVER_HOLD}\n{_LAPSE}{_SETTLES}", f"\n{_LAPSE}{_SETTLES.replace('p_amount', 'least(p_amount, h.open)')}"),
    ),
    _of(
        "more than was held may be released",
        LEDGER,
        (f"{_OVER_HOLD}\n{_LAPSE}{_RELEASES}", f"\n{_LAPSE}{_RELEASES.replace('h.open - p_amount', 'greatest(h.open - p_amount, 0)')}"),
    ),
    _of(
        "an adjustment may take lapsed points",
        LEDGER,
        ("    if m.available - v_lapsed < -p_amount then\n", "    if m.available < -p_amount then\n"),
    ),
    _of(
        "a reversal forgets the ones before it",
        LEDGER,
        ("        select coalesce(sum(amount), 0) from points.reversal\n", "        select 0 from points.reversal\n"),
        ("accrual_op_id = a.op_id) then", "accrual_op_id = a.op_id limit 1) then"),
    ),
    # ---- which lots
    _of("a hold takes lapsed points", LEDGER, ("if m.available < p_amount or m.lot_keys[1] < v_first_good then", "if m.available < p_amount then")),
    _of(
        "settling takes the latest of the hold",
        LEDGER,
        (_SETTLES,
         "    select * into v_parts from (\n"
         "        select rest_keys as first_keys, rest_amounts as first_amounts,\n"
         "            first_keys as rest_keys, first_amounts as rest_amounts\n"
         "        from points.split(h.lot_keys, h.lot_amounts, h.open - p_amount)) s;\n"),
    ),
    _of(
        "a release goes to points without expiry",
        LEDGER,
        ("points.put(m.lot_keys, m.lot_amounts, v_key, v_parts.rest_amounts[i]);",
         "points.put(m.lot_keys, m.lot_amounts, 2147483647, v_parts.rest_amounts[i]);"),
    ),
    _of(
        "a release goes all to the latest of its lots",
        LEDGER,
        ("        v_back_to := v_back_to || v_key;\n",
         "        v_key := greatest(v_key, v_parts.rest_keys[cardinality(v_parts.rest_keys)]);\n"
         "        v_back_to := v_back_to || v_key;\n"),
    ),
    _of(
        "a release does not say to which lots it went",
        LEDGER,
        ("v_back_amounts, nullif(v_back_to, v_back_keys));", "v_back_amounts, null);"),
    ),
    _of(
        "a release leaves the hold open",
        LEDGER,
        ("set open = open - p_amount, lot_keys = v_parts.first_keys, lot_amounts = v_parts.first_amounts,",
         "set open = open,"),
    ),
    _of(
        "a reversal takes the soonest lot, not the purchase's",
        LEDGER,
        ("    v_key := points.lot_key(a.expires_on, false);\n",
         "    v_key := coalesce(m.lot_keys[1], points.lot_key(a.expires_on, false));\n"),
    ),
    _of("new points do not pay debt first", LEDGER, ("v_repaid bigint := least(m.debt, p_amount);", "v_repaid bigint := 0;")),
    _of(
        "what is written off becomes debt",
        LEDGER,
        ("case p_debt_policy when 'debt' then 4 else 15 end", "4"),
    ),
    # ---- time
    _of(
        "points lapse on their last good day",
        LEDGER,
        ("points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id), true));",
         "points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id) + 1, true));"),
    ),
    _of(
        "points lapse a day late",
        LEDGER,
        ("points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id), true));",
         "points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id) - 1, true));"),
    ),
    _of(
        "extended points lapse on their last good day",
        LEDGER,
        ("    while p_keys[i] < p_first_good_key loop", "    while p_keys[i] <= p_first_good_key loop"),
    ),
    _of(
        "the day ends at midnight in London wherever the programme is",
        LEDGER,
        ("return (clock.now() at time zone points.zone(p_program_id))::date;", "return (clock.now() at time zone 'UTC')::date;"),
    ),
    _of(
        "expiry takes held points",
        LEDGER,
        ("    m := points.expire_lapsed(m, clock.now(), p_op_id, v_hash, p_actor);\n",
         "    m := points.expire_lapsed(m, clock.now(), p_op_id, v_hash, p_actor);\n"
         "    update points.hold h set open = 0, lot_keys = '{}', lot_amounts = '{}'\n"
         "    where h.program_id = p_program_id and h.member_id = p_member_id\n"
         "        and h.lot_keys[1] < points.lot_key(points.today(p_program_id), true);\n"),
    ),
    _of(
        "the member may extend a lot twice",
        LEDGER,
        ("        if v_key < v_first_good and p_caused_by = 'member' and points.lot_extended(v_key) then\n",
         "        if false then\n"),
    ),
    _of("our failure uses up the member's extension", LEDGER, ("p_caused_by = 'member' or points.lot_extended(v_key));", "true);")),
    _of("our failure gives the member a new extension", LEDGER, ("p_caused_by = 'member' or points.lot_extended(v_key));", "p_caused_by = 'member');")),
    _of(
        "points may come already expired",
        LEDGER,
        ("or p_expires_on between points.today(p_program_id) and date '9999-12-31';", "or p_expires_on < date '9999-12-31';"),
    ),
    _of("a lease may shrink", LEDGER, ("greatest(lease_until, p_lease_until)", "p_lease_until")),
    _of(
        "a resolved hold's lease may be extended",
        LEDGER,
        ("hold_id = p_hold_id and open > 0;\n    return found;", "hold_id = p_hold_id;\n    return found;"),
    ),
    _of("pending points are available at once", LEDGER, ("    if a.pending_until is null then\n", "    if true then\n")),
    _of("pending points mature again and again", DUTIES, ("update points.pending set amount = 0,", "update points.pending set amount = amount,")),
    _of("pending points mature before their day", DUTIES, (" and p.pending_until <= clock.now()", "")),
    _of(
        "the balance counts lapsed points",
        READING,
        ("    select m.available - l.lapsed, m.held,", "    select m.available, m.held,"),
    ),
    # ---- journal
    _of("the sequence stands still", LEDGER, ("    m.version := m.version + 1;\n", "")),
    _of("the chain misses the approver", LEDGER, ("        || points.sealed(j.approver) ||", "        ||")),
    _of("the chain misses the link before", LEDGER, ("        p_before || int4send(j.program_id)", "        int4send(j.program_id)")),
    _of(
        "the journal may be changed",
        TABLES,
        ("create trigger append_only before update or delete on points.journal\n"
         "    for each row execute function points.refuse_change();\n", ""),
    ),
    _of(
        "the member row is not checked",
        TABLES,
        ("        points.lots_agree(available, lot_keys, lot_amounts) and held >= 0 and pending >= 0 and debt >= 0)\n",
         "        available >= 0)\n"),
    ),
    _of(
        "the journal has a partition for everything",
        LEDGER,
        ("            v_name);\n    end loop;\nend $$;",
         "            v_name);\n    end loop;\n"
         "    create table if not exists points.journal_rest partition of points.journal default;\nend $$;"),
    ),
    # ---- whose
    _of(
        "a hold reaches another programme's member",
        LEDGER,
        (f"{_LOCK}\n    {_UNKNOWN}\n\n    if m.available < p_amount or",
         f"where member_id = p_member_id for no key update;\n    {_UNKNOWN}\n\n    if m.available < p_amount or"),
    ),
    _of(
        "a hold of another member can be settled",
        LEDGER,
        (f"{_READ_HOLD}{_NOT_OPEN}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}",
         f"{_READ_HOLD.replace('and member_id = p_member_id ', '')}{_NOT_OPEN}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}"),
    ),
    _of(
        "a partner may adjust points",
        LEDGER,
        ("grant execute on procedure points.ensure_partitions() to sweeper;",
         "grant execute on function points.adjust(int, bigint, uuid, bigint, date, text, bytea, text, text) to partner_api;"),
    ),
)  # fmt: skip
