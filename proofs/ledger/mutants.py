# ruff: noqa: E501
"""Seeded bugs: textual changes of the ledger's SQL, each of which the tests must notice.

A change names the text it replaces, and that text must stand in its file exactly once: a mutant cannot rot into
one that changes nothing. `tables` ones are in the migration and need a database from scratch; the others replace functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from loyalty.migration import DATABASE_FOLDER

LOTS = "points/1_lots.sql"
JOURNAL = "points/2_journal.sql"
LEDGER = "points/3_operations.sql"
HOLDS = "points/4_holds.sql"
BULK = "points/bulk.sql"
DUTIES = "points/duties.sql"
READING = "points/reading.sql"
TABLES = "migrations/20261122031000_points.sql"
ROW = "migrations/20261122060000_points_row.sql"

type Change = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A bug by its name: what is replaced by what in which file."""

    name: str
    file: str
    changes: tuple[Change, ...]

    @property
    def tables(self) -> bool:
        return self.file in (TABLES, ROW)

    def patched(self, folder: Path = DATABASE_FOLDER) -> str:
        """The file with the bug in it. Raises ValueError if the text it replaces is not there exactly once, or stays."""
        text = (folder / self.file).read_text()
        for before, after in self.changes:
            if text.count(before) != 1:
                raise ValueError(f"mutant '{self.name}': {text.count(before)} times in {self.file}: {before!r}")
            if before == after:
                raise ValueError(f"mutant '{self.name}' changes nothing")
            text = text.replace(before, after)
        return text


def _of(name: str, file: str, *changes: Change) -> Mutant:
    return Mutant(name, file, changes)


_LOCK = "    where w.program_id = p_program_id and w.member_id = p_member_id for no key update;\n"
_OWN = "    where m.program_id = p_program_id and m.member_id = p_member_id and m.head > p_amount\n"
_READ_HOLD = "    h := points.pinned_by(m, p_hold_id);\n"
_NOT_OPEN = "    if h.open is null then return points.answer('hold_not_open', m, p_op_id, p_amount); end if;\n"
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
        ROW,
        ("    primary key (op_id, member_id, program_id, leg),\n", ""),
    ),
    _of(
        "the request's hash is forgotten",
        JOURNAL,
        ("    if v_hash <> p_hash then return points.answer('key_reuse', m, p_op_id, 0); end if;\n", ""),
    ),
    _of("a replay says ok again", JOURNAL, ("    select 'replay', p_op_id, sequence", "    select 'ok', p_op_id, sequence")),
    _of(
        "a replay tells the balance of now",
        JOURNAL,
        ("select 'replay', p_op_id, sequence, available_after,", "select 'replay', p_op_id, m.version, m.available,"),
    ),
    _of(
        "a hold whose key is taken is made again",
        HOLDS,
        ("        return points.hold_taken_back(p_program_id, p_member_id, p_op_id, p_amount, p_request_hash);\n", "        null;\n"),
    ),
    _of(
        "a hold whose key is taken stays in the row",
        HOLDS,
        ("    where u.program_id = p_program_id and u.member_id = p_member_id;\n",
         "    where false and u.program_id = p_program_id and u.member_id = p_member_id;\n"),
    ),
    _of(
        "a hold whose key is taken leaves its link in the row",
        HOLDS,
        ("        chain = points.link_at(p_program_id, p_member_id, u.version - 1)\n", "        chain = u.chain\n"),
    ),
    _of(
        "a reversal's reference is not looked up",
        LEDGER,
        ("    if found then return points.replay(m, r.op_id, p_request_hash); end if;\n", ""),
    ),
    _of(
        "another member's accrual is answered as one's own",
        LEDGER,
        ("if not points.same_person(p_program_id, v_known.member_id, p_member_id) then", "if false then"),
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
        "an operation does not lock its member",
        LOTS,
        (_LOCK, _LOCK.replace(" for no key update", "")),
    ),
    _of(
        "a hold is one statement that reads the lots before it waits for the lock",
        HOLDS,
        ("    set head = m.head - p_amount, available = m.available - p_amount, held = m.held + p_amount, version",
         "    set head = o.head - p_amount, available = o.available - p_amount, held = m.held + p_amount, version"),
        (_OWN, f"    from points.member o\n{_OWN}        and o.program_id = m.program_id and o.member_id = m.member_id\n"),
    ),
    _of(
        "settling looks at the hold before it locks the member",
        HOLDS,
        (f"{_READ_HOLD}{_NOT_OPEN}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}", f"{_NOT_OPEN}{_OVER_HOLD}\n{_LAPSE}{_SETTLES}"),
        ("    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.standing;\n"
         "    h points.pinned;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n",
         "    v_hash bytea := points.request('settle', p_hold_id::text, p_amount::text);\n    m points.standing;\n"
         "    h points.pinned;\n    j points.journal;\n    v_replay points.outcome;\n    v_parts record;\nbegin\n"
         "    select open, lot_keys, lot_amounts, lease_until into h from points.hold\n"
         "    where program_id = p_program_id and member_id = p_member_id and hold_id = p_hold_id;\n"),
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
    _of("zero is an amount", JOURNAL, ("p_amount between 1 and 9007199254740991, false", "p_amount between 0 and 9007199254740991, false")),
    _of(
        "a negative amount is an amount",
        JOURNAL,
        ("coalesce(p_amount between 1 and", "coalesce(p_amount <> 0 and p_amount between -9007199254740991 and"),
    ),
    _of("there is always room", JOURNAL, ("return m.available + m.held + m.pending + p_amount <= 9007199254740991;", "return true;")),
    _of(
        "the last point cannot be held after others lapsed",
        HOLDS,
        ("    if m.available - v_lapsed < p_amount then\n", "    if m.available - v_lapsed <= p_amount then\n"),
    ),
    _of(
        "a whole hold cannot be settled",
        HOLDS,
        (f"{_OVER_HOLD}\n{_LAPSE}{_SETTLES}", f"{_OVER_HOLD.replace('>', '>=')}\n{_LAPSE}{_SETTLES}"),
    ),
    _of(
        "more than was held may be settled",
        HOLDS,
        (f"{_OVER_HOLD}\n{_LAPSE}{_SETTLES}", f"\n{_LAPSE}{_SETTLES.replace('p_amount', 'least(p_amount, h.open)')}"),
    ),
    _of(
        "more than was held may be released",
        HOLDS,
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
    _of(
        "a hold takes lapsed points",
        HOLDS,
        ("the programme is.\n        and m.head_key >= points.lot_key(((v_now + interval '14 hours') at time zone 'UTC')::date, true)\n",
         "the programme is.\n"),
    ),
    _of(
        "a settling keeps lapsed points",
        HOLDS,
        ("            and m.head_key >= points.lot_key(((v_now + interval '14 hours') at time zone 'UTC')::date, true)\n", ""),
    ),
    _of(
        "a hold may take more than its lot has",
        HOLDS,
        (_OWN, _OWN.replace(" and m.head > p_amount", "")),
    ),
    _of(
        "the later lots are not stored",
        LOTS,
        ("        holds = m.holds, lots = v_lots\n", "        holds = m.holds\n"),
    ),
    _of(
        "what one hold leaves open drops the others",
        LOTS,
        ("        continue when m.hold_ids[i] = p_hold_id;\n", "        continue;\n"),
    ),
    _of(
        "settling takes the latest of the hold",
        HOLDS,
        (_SETTLES,
         "    select * into v_parts from (\n"
         "        select rest_keys as first_keys, rest_amounts as first_amounts,\n"
         "            first_keys as rest_keys, first_amounts as rest_amounts\n"
         "        from points.split(h.lot_keys, h.lot_amounts, h.open - p_amount)) s;\n"),
    ),
    _of(
        "a release goes to points without expiry",
        HOLDS,
        ("points.put(m.lot_keys, m.lot_amounts, v_key, p_amounts[i]);",
         "points.put(m.lot_keys, m.lot_amounts, 2147483647, p_amounts[i]);"),
    ),
    _of(
        "a release goes all to the latest of its lots",
        HOLDS,
        ("        back_to := back_to || v_key;\n",
         "        v_key := greatest(v_key, p_keys[cardinality(p_keys)]);\n"
         "        back_to := back_to || v_key;\n"),
    ),
    _of(
        "a release does not say to which lots it went",
        HOLDS,
        ("    back_to := nullif(back_to, back_keys);\n", "    back_to := null;\n"),
    ),
    _of(
        "a release leaves the hold open",
        HOLDS,
        ("    perform points.store(points.pin(m, p_hold_id, v_parts.first_keys, v_parts.first_amounts, h.lease_until));\n",
         "    perform points.store(m);\n"),
    ),
    _of(
        "a settled hold gives up its soonest lots again and again",
        HOLDS,
        ("points.pin(m, p_hold_id, v_parts.rest_keys, v_parts.rest_amounts, h.lease_until)",
         "points.pin(m, p_hold_id, v_parts.rest_keys[:0], v_parts.rest_amounts[:0], h.lease_until)"),
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
        JOURNAL,
        ("points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id), true));",
         "points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id) + 1, true));"),
    ),
    _of(
        "points lapse a day late",
        JOURNAL,
        ("points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id), true));",
         "points.lapsed(m.lot_keys, m.lot_amounts, points.lot_key(points.today(m.program_id) - 1, true));"),
    ),
    _of(
        "extended points lapse on their last good day",
        LOTS,
        ("    while p_keys[i] < p_first_good_key loop", "    while p_keys[i] <= p_first_good_key loop"),
    ),
    _of(
        "the day ends at midnight in London wherever the programme is",
        LOTS,
        ("return (clock.now() at time zone points.zone(p_program_id))::date;", "return (clock.now() at time zone 'UTC')::date;"),
    ),
    _of(
        "expiry takes held points",
        LEDGER,
        ("    if m.available < v_before then perform points.store(m); end if;\n",
         "    if m.available < v_before then perform points.store(m); end if;\n"
         "    update points.member h set held = 0, hold_ids = '{}', holds = '{0}'\n"
         "    where h.program_id = p_program_id and h.member_id = p_member_id\n"
         "        and h.holds[2] < points.lot_key(points.today(p_program_id), true);\n"),
    ),
    _of(
        "the member may extend a lot twice",
        HOLDS,
        ("        if v_key < v_first_good and p_caused_by = 'member' and points.lot_extended(v_key) then\n",
         "        if false then\n"),
    ),
    _of("our failure uses up the member's extension", HOLDS, ("p_caused_by = 'member' or points.lot_extended(v_key));", "true);")),
    _of("our failure gives the member a new extension", HOLDS, ("p_caused_by = 'member' or points.lot_extended(v_key));", "p_caused_by = 'member');")),
    _of(
        "points may come already expired",
        JOURNAL,
        ("or p_expires_on between points.today(p_program_id) and date '9999-12-31';", "or p_expires_on < date '9999-12-31';"),
    ),
    _of("a lease may shrink", HOLDS, ("greatest(h.lease_until, p_lease_until)", "p_lease_until")),
    _of(
        "a resolved hold's lease may be extended",
        HOLDS,
        ("    if h.open is null then return false; end if;\n", "    if h.open is null then return true; end if;\n"),
    ),
    _of("pending points are available at once", LEDGER, ("    if a.pending_until is null then\n", "    if true then\n")),
    _of("pending points mature again and again", DUTIES, ("update points.pending set amount = 0,", "update points.pending set amount = amount,")),
    _of("pending points mature before their day", DUTIES, (" and p.pending_until <= clock.now()", "")),
    _of(
        "the balance counts lapsed points",
        READING,
        ("    if v_key < v_first_good then\n", "    if false then\n"),
    ),
    # ---- journal
    _of("the sequence stands still", JOURNAL, ("    m.version := m.version + 1;\n", "")),
    _of("the chain misses the approver", JOURNAL, ("        || points.sealed(j.approver) ||", "        ||")),
    _of("the chain misses the link before", JOURNAL, ("        p_before || int4send(j.program_id)", "        int4send(j.program_id)")),
    _of(
        "the journal may be changed",
        ROW,
        ("create trigger append_only before update or delete on points.journal\n"
         "    for each row execute function points.refuse_change();\n", ""),
    ),
    _of(
        "the member row is not checked",
        ROW,
        ("        available = head + lots[1] and held = holds[1] and head_key < lots[2])\n", "        available >= 0)\n"),
    ),
    _of("held is not checked", ROW, (" and held = holds[1] and", " and")),
    _of("a later lot may have no points", ROW, ("p_lots[i] < v_left then", "p_lots[i] <= v_left then")),
    _of("a hold may have no points", ROW, ("if p_holds[i] < v_left then", "if p_holds[i] <= v_left then")),
    _of("a usual hold is not counted", HOLDS, ("held = m.held + p_amount, version = m.version + 1,", "held = m.held + p_amount, version = m.version,")),
    _of("a usual hold's link does not say who held", HOLDS, ("            || points.sealed(p_actor)\n", "")),
    _of(
        "the journal has a partition for everything",
        JOURNAL,
        ("            v_name);\n    end loop;\nend $$;",
         "            v_name);\n    end loop;\n"
         "    create table if not exists points.journal_rest partition of points.journal default;\nend $$;"),
    ),
    # ---- whose
    _of(
        "a hold reaches another programme's member",
        HOLDS,
        (_OWN, _OWN.replace("m.program_id = p_program_id and ", "")),
    ),
    _of(
        "an operation reaches another programme's member",
        LOTS,
        (_LOCK, _LOCK.replace("w.program_id = p_program_id and ", "")),
    ),
    _of(
        "a settling whose key is taken stays in the row",
        HOLDS,
        ("    where s.program_id = p_program_id and s.member_id = p_member_id;\n",
         "    where false and s.program_id = p_program_id and s.member_id = p_member_id;\n"),
    ),
    _of(
        "the usual settling believes what it looked up",
        HOLDS,
        ("            and m.hold_ids[1] = p_hold_id and m.hold_ids[2] is distinct from p_hold_id and m.holds[1:4] = v_hold\n", ""),
    ),
    _of(
        "a hold is settled out of whatever is held",
        LOTS,
        ("        continue when m.hold_ids[i] <> p_hold_id;\n", ""),
    ),
    _of(
        "a partner may adjust points",
        LEDGER,
        ("grant execute on procedure points.ensure_partitions() to sweeper;",
         "grant execute on function points.adjust(int, bigint, uuid, bigint, date, text, bytea, text, text) to partner_api;"),
    ),
)  # fmt: skip
