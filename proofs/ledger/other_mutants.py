"""Seeded bugs beside the ledger's own files: restored points, transfers, limits, statements, sums and closed months."""

from __future__ import annotations

from proofs.ledger.mutants import MUTANTS, Change, Mutant

RESTORE = "points/restore.sql"
TRANSFER = "points/transfer.sql"
VELOCITY = "points/velocity.sql"
STATEMENT = "points/statement.sql"
MONTHS = "points/months.sql"
ROLLUP = "points/rollup.sql"

_BOTH = "where program_id = p_program_id and member_id in (p_from, p_to) order by member_id for no key update;"


def _of(name: str, file: str, *changes: Change) -> Mutant:
    return Mutant(name, file, changes)


_SPENT = "    v_spent := points.redeemed_of(p_program_id, p_member_id, p_hold_id);\n"
_LOCKED = "    select * into m from points.locked("
_LATEST = "points.split(v_spent.lot_keys, v_spent.lot_amounts, v_spent.redeemed - p_amount);"

OTHER_MUTANTS = (
    # ---- restored points
    _of(
        "more may be restored than was settled",
        RESTORE,
        ("    if p_amount > v_spent.redeemed then", "    if false then"),
        (_LATEST, _LATEST.replace("v_spent.redeemed - p_amount", "greatest(v_spent.redeemed - p_amount, 0)")),
    ),
    _of(
        "all that was settled cannot be restored",
        RESTORE,
        ("p_amount > v_spent.redeemed", "p_amount >= v_spent.redeemed"),
    ),
    _of(
        "what was restored before is forgotten",
        RESTORE,
        ("case when j.cr = 11 then l.amount else -l.amount end", "case when j.cr = 11 then l.amount else 0 end"),
    ),
    _of(
        "an event restores again",
        RESTORE,
        ("    if found then return points.replay(m, v_known, v_hash); end if;\n", ""),
        ("p_amount, v_hash, v_now);", "p_amount, v_hash, v_now) on conflict do nothing;"),
    ),
    _of(
        "the soonest of the spent points come back",
        RESTORE,
        (_LATEST, "points.split(v_spent.lot_keys, v_spent.lot_amounts, p_amount);"),
        (
            "put_back(m, v_parts.rest_keys, v_parts.rest_amounts,",
            "put_back(m, v_parts.first_keys, v_parts.first_amounts,",
        ),
    ),
    _of("points that cannot come back stay redeemed", RESTORE, ("    if r.gone > 0 then", "    if false then")),
    _of("a restoration does not say who caused it", RESTORE, ("    j.reference := p_caused_by;\n", "")),
    _of(
        "what was spent is read before the member is locked",
        RESTORE,
        (_SPENT, ""),
        (_LOCKED, _SPENT + _LOCKED),
    ),
    _of(
        "a hold of another member is restored",
        RESTORE,
        ("j.op_id = p_hold_id and j.member_id = p_member_id and", "j.op_id = p_hold_id and"),
        (
            "j.program_id = p_program_id and j.member_id = p_member_id and j.sequence > v_hold",
            "j.program_id = p_program_id",
        ),
    ),
    # ---- transfers
    _of(
        "a transfer locks the giver before the receiver",
        TRANSFER,
        (
            f"    perform from points.member\n    {_BOTH}\n",
            "    perform from points.member\n"
            "    where program_id = p_program_id and member_id = p_from for no key update;\n"
            "    perform from points.member\n"
            "    where program_id = p_program_id and member_id = p_to for no key update;\n",
        ),
    ),
    _of("a transfer does not lock the receiver", TRANSFER, (_BOTH, _BOTH.replace("in (p_from, p_to)", "= p_from"))),
    _of(
        "a transfer takes lapsed points",
        TRANSFER,
        ("if m.available - v_lapsed < p_amount", "if m.available < p_amount"),
    ),
    _of("a transfer does not count towards the day's limit", TRANSFER, ("j.kind = 'transfer' and j.dr = 1", "false")),
    _of("what was received counts as given", TRANSFER, ("j.kind = 'transfer' and j.dr = 1", "j.kind = 'transfer'")),
    _of(
        "the last point of a day's limit cannot be given",
        TRANSFER,
        ("+ p_amount\n        > coalesce(", "+ p_amount\n        >= coalesce("),
    ),
    _of("who owes points gives some away", TRANSFER, ("    if m.debt > 0 then", "    if false then")),
    _of("received points do not pay debt first", TRANSFER, ("v_repaid := least(t.debt, p_amount);", "v_repaid := 0;")),
    _of(
        "received points lose their expiry",
        TRANSFER,
        (
            "points.put(t.lot_keys, t.lot_amounts, v_own.rest_keys[i],",
            "points.put(t.lot_keys, t.lot_amounts, 2147483647,",
        ),
    ),
    _of(
        "received points may be extended once more",
        TRANSFER,
        (
            "points.put(t.lot_keys, t.lot_amounts, v_own.rest_keys[i],",
            "points.put(t.lot_keys, t.lot_amounts, v_own.rest_keys[i] | 1,",
        ),
    ),
    _of("a transfer stores only the giver", TRANSFER, ("    perform points.store(t);\n", "")),
    # ---- limits
    _of(
        "the last point of a day's limit cannot be held",
        VELOCITY,
        ("+ p_amount > p_daily_limit", "+ p_amount >= p_daily_limit"),
    ),
    _of(
        "the day's limit is read before the member is locked",
        VELOCITY,
        (
            "        select * into m from points.locked(p_program_id, p_member_id);\n",
            "        select program_id, member_id, available, held, pending, debt, version, chain into m\n"
            "        from points.member\n"
            "        where program_id = p_program_id and member_id = p_member_id;\n",
        ),
    ),
    _of(
        "what the member cancelled makes room for more",
        VELOCITY,
        ("l.kind in ('release', 'restore') and l.reference = 'ours'", "l.kind in ('release', 'restore')"),
    ),
    # ---- statements
    _of(
        "a page leaves out a row",
        STATEMENT,
        ("j.sequence < coalesce(p_before_sequence,", "j.sequence < coalesce(p_before_sequence - 1,"),
    ),
    _of(
        "the balance of an instant misses what was booked then",
        STATEMENT,
        ("filter (where j.created_at > p_at)", "filter (where j.created_at >= p_at)"),
    ),
    # ---- sums
    _of("the sums pass by a transaction that still runs", ROLLUP, ("then pg_snapshot_xmin(", "then pg_snapshot_xmax(")),
    _of(
        "two workers add up the same rows", ROLLUP, ("from points.rollup_mark for update;", "from points.rollup_mark;")
    ),
    _of("the sums forget how far they came", ROLLUP, ("    update points.rollup_mark set below = v_below;\n", "")),
    # ---- months
    _of(
        "a month closes before its end",
        MONTHS,
        ("    if clock.now() < v_until + interval '1 hour' then", "    if false then"),
    ),
    _of("a month closes over a broken chain", MONTHS, ("where gap <> 1 or chain <> expected)", "where gap <> 1)")),
    _of(
        "a month closes over balances that do not add up",
        MONTHS,
        (
            "        where (s.available - s.available_before,",
            "        where false and (s.available - s.available_before,",
        ),
    ),
)

EVERY = (*MUTANTS, *OTHER_MUTANTS)
