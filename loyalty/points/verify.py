"""Prove a statement: python -m loyalty.points.verify [--head NUMBER:LINK] statement.json [next-part.json ...]

Every row of a statement carries the SHA-256 of all it says and of the row before. Whoever changes, swaps, drops or
adds a row, or any field of one, must change the last link too: the statement's head. So the rows are proven against the
head the statement names, and, with --head, against one that you wrote down yourself, now or from an earlier statement.

Needs Python and this file: no database, no other package, nobody else's data. Ends with 0: proven; 1: not what the
ledger wrote, with what is wrong; 2: no statement, or it cannot be read.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

FORMAT = "loyalty-statement/1"
PROVEN, NOT_PROVEN, NO_STATEMENT = 0, 1, 2
MOST_PROBLEMS_SHOWN = 20

AVAILABLE, HELD, PENDING, DEBT = 1, 2, 3, 4
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_INT4_TYPE, _INT8_TYPE = 23, 20


class NoStatement(Exception):
    """The file is not a statement; the message says why."""


@dataclass(slots=True)
class Book:
    """The balances and lots that the rows lead to."""

    available: int = 0
    held: int = 0
    pending: int = 0
    debt: int = 0
    lots: dict[int, int] = field(default_factory=dict)

    def move(self, row: Mapping[str, Any]) -> None:
        """Move a row's points out of its `dr` account into its `cr` account, and its lots with them."""
        for account, amount in ((row["dr"], -row["amount"]), (row["cr"], row["amount"])):
            if account == AVAILABLE:
                self.available += amount
            elif account == HELD:
                self.held += amount
            elif account == PENDING:
                self.pending += amount
            elif account == DEBT:
                # Below zero in the books, shown positive.
                self.debt -= amount
        if AVAILABLE in (row["dr"], row["cr"]):
            sign = 1 if row["cr"] == AVAILABLE else -1
            keys = row["lot_to"] if sign > 0 and row["lot_to"] is not None else row["lot_keys"]
            for key, amount in zip(keys or (), row["lot_amounts"] or (), strict=False):
                self.lots[key] = self.lots.get(key, 0) + sign * amount
                if self.lots[key] == 0:
                    del self.lots[key]

    def balances(self) -> tuple[int, int, int, int]:
        """Available, held, pending, debt."""
        return self.available, self.held, self.pending, self.debt


# ---- the link: the bytes PostgreSQL hashes in points.link, one field after the other --------------------------------


def link(before: bytes, program_id: int, member_id: int, row: Mapping[str, Any]) -> bytes:
    """SHA-256 of the link before and of everything the row says."""
    return hashlib.sha256(
        b"".join(
            (
                before,
                struct.pack(">iq", program_id, member_id),
                UUID(row["op_id"]).bytes,
                struct.pack(">hq", row["leg"], row["sequence"]),
                _text(row["kind"]),
                struct.pack(">hh", row["dr"], row["cr"]),
                struct.pack(
                    ">qqqqq",
                    *(row[name] for name in ("amount", "available_after", "held_after", "pending_after", "debt_after")),
                ),
                _list(row["lot_keys"], _INT4_TYPE, ">ii"),
                _list(row["lot_amounts"], _INT8_TYPE, ">iq"),
                _list(row["lot_to"], _INT4_TYPE, ">ii"),
                *(_text(row[name]) for name in ("ref_op", "reference", "actor", "approver")),
                struct.pack(">i", len(row["request_hash"]) // 2),
                bytes.fromhex(row["request_hash"]),
                struct.pack(">qq", _microseconds(row["occurred_at"]), _microseconds(row["created_at"])),
            )
        )
    ).digest()


def _text(text: str | None) -> bytes:
    if text is None:
        return struct.pack(">i", -1)
    encoded = text.encode()
    return struct.pack(">i", len(encoded)) + encoded


def _list(values: list[int] | None, element_type: int, form: str) -> bytes:
    """An array as PostgreSQL sends it: dimensions, no nulls, type, length, first index, then each with its length."""
    if values is None:
        return b"\xff\xff\xff\xff"
    if not values:
        return struct.pack(">iii", 0, 0, element_type)
    size = struct.calcsize(form) - 4
    return struct.pack(">iiiii", 1, 0, element_type, len(values), 1) + b"".join(
        struct.pack(form, size, value) for value in values
    )


def _microseconds(instant: str) -> int:
    return (datetime.fromisoformat(instant) - _EPOCH) // timedelta(microseconds=1)


# ---- reading: one way to write each value, so that nothing can be written differently and look the same --------------

type Check = Callable[[Any], bool]


def _integer(bits: int) -> Check:
    return lambda value: type(value) is int and -(2 ** (bits - 1)) <= value < 2 ** (bits - 1)


def _matching(pattern: str, parsed: Callable[[str], object] = str) -> Check:
    def check(value: Any) -> bool:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            return False
        try:
            parsed(value)
        except ValueError:
            return False
        return True

    return check


def _or_nothing(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _list_of(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(check(one) for one in value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


_ID = _matching(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_HEX = _matching(r"([0-9a-f]{2})*")
_INSTANT = _matching(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", datetime.fromisoformat)

DOCUMENT: dict[str, Check] = {
    "format": lambda value: value == FORMAT,
    "program_id": _integer(32),
    "member_id": _integer(64),
    "rows": lambda value: isinstance(value, list),
    "head": lambda value: isinstance(value, dict),
}
HEAD: dict[str, Check] = {
    "sequence": _integer(64),
    "chain": _HEX,
    **dict.fromkeys(("available", "held", "pending", "debt"), _integer(64)),
    "lot_keys": _list_of(_integer(32)),
    "lot_amounts": _list_of(_integer(64)),
}
ROW: dict[str, Check] = {
    "sequence": _integer(64),
    "op_id": _ID,
    "leg": _integer(16),
    "kind": _is_text,
    "dr": _integer(16),
    "cr": _integer(16),
    **dict.fromkeys(("amount", "available_after", "held_after", "pending_after", "debt_after"), _integer(64)),
    "lot_keys": _or_nothing(_list_of(_integer(32))),
    "lot_amounts": _or_nothing(_list_of(_integer(64))),
    "lot_to": _or_nothing(_list_of(_integer(32))),
    "ref_op": _or_nothing(_ID),
    "reference": _or_nothing(_is_text),
    "actor": _is_text,
    "approver": _or_nothing(_is_text),
    "request_hash": _HEX,
    "occurred_at": _INSTANT,
    "created_at": _INSTANT,
    "chain": _matching(r"[0-9a-f]{64}"),
}


def read(text: str | bytes) -> dict[str, Any]:
    """A statement's document. Raises NoStatement."""
    try:
        document = json.loads(text, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError) as failure:
        raise NoStatement(f"is not JSON: {failure}") from None
    _require(document, DOCUMENT, "the statement")
    _require(document["head"], HEAD, "the head")
    for place, row in enumerate(document["rows"], 1):
        _require(row, ROW, f"row {place} of the file")
    return dict(document)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise NoStatement("says something twice in one place")
    return named


def _require(part: Any, checks: Mapping[str, Check], name: str) -> None:
    if not isinstance(part, dict):
        raise NoStatement(f"{name} is no object")
    if missing := checks.keys() - part.keys():
        raise NoStatement(f"{name} lacks {', '.join(sorted(missing))}")
    if unproven := part.keys() - checks.keys():
        raise NoStatement(f"{name} says what nothing proves: {', '.join(sorted(unproven))}")
    for field_name, check in checks.items():
        if not check(part[field_name]):
            raise NoStatement(f"{name} has no valid {field_name}")


# ---- proving -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """`problems` is empty if and only if everything is proven."""

    rows: int
    problems: tuple[str, ...]


def prove(documents: Sequence[Mapping[str, Any]], known_heads: Iterable[tuple[int, str]] = ()) -> Proof:
    """Prove the parts of one statement, in their order, against their heads and those the reader knows."""
    problems: list[str] = []
    first = documents[0]
    owner = (first["program_id"], first["member_id"])
    if any((document["program_id"], document["member_id"]) != owner for document in documents):
        problems.append("the parts are not of one member")
    heads: dict[int, list[tuple[str, str, Mapping[str, Any] | None]]] = {}
    for document in documents:
        head = document["head"]
        heads.setdefault(head["sequence"], []).append(("the statement's own head", head["chain"], head))
    for sequence, chain in known_heads:
        heads.setdefault(sequence, []).append(("the head you gave", chain, None))

    book, before, number, rows = Book(), b"", 0, 0
    _compare(heads.pop(0, ()), 0, before, book, problems)
    for document in documents:
        for row in document["rows"]:
            rows += 1
            problems += _of_order(row["sequence"], number)
            number = row["sequence"]
            expected = link(before, *owner, row)
            before = bytes.fromhex(row["chain"])
            if expected != before:
                problems.append(f"row {number} is not what was written there, or does not follow the row before it")
            book.move(row)
            stated = tuple(row[f"{name}_after"] for name in ("available", "held", "pending", "debt"))
            if stated != book.balances():
                problems.append(f"row {number} does not add up: {book.balances()}, but it says {stated}")
            _compare(heads.pop(number, ()), number, before, book, problems)
    for sequence in sorted(heads):
        problems.append(f"row {sequence}, which a head names, is missing: the statement ends with row {number}")
    if number > documents[-1]["head"]["sequence"]:
        problems.append("there are rows behind the statement's own head")
    return Proof(rows, tuple(dict.fromkeys(problems)))


def _of_order(sequence: int, number: int) -> list[str]:
    if sequence == number + 1:
        return []
    if sequence > number + 1:
        missing = f"row {number + 1} is" if sequence == number + 2 else f"rows {number + 1} to {sequence - 1} are"
        return [f"{missing} missing"]
    return [f"row {sequence} comes after row {number}"]


def _compare(
    heads: Iterable[tuple[str, str, Mapping[str, Any] | None]],
    sequence: int,
    chain: bytes,
    book: Book,
    problems: list[str],
) -> None:
    for name, expected, balances in heads:
        if expected != chain.hex():
            problems.append(f"row {sequence} has another link than {name}")
        if balances is None:
            continue
        stated = tuple(balances[one] for one in ("available", "held", "pending", "debt"))
        if stated != book.balances():
            problems.append(f"the rows lead to {book.balances()}, but the head says {stated}")
        lots = list(zip(balances["lot_keys"], balances["lot_amounts"], strict=False))
        if lots != sorted(book.lots.items()) or len(balances["lot_keys"]) != len(balances["lot_amounts"]):
            problems.append("the rows lead to other lots than the head says")


# ---- the command -------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the files and say what was found."""
    import argparse  # What only makes statements starts without it.

    parser = argparse.ArgumentParser(
        prog="python -m loyalty.points.verify", description="Prove that a statement is what the ledger wrote."
    )
    parser.add_argument("files", nargs="+", metavar="statement.json", help="a statement; its parts in their order")
    parser.add_argument(
        "--head", action="append", default=[], type=_head, metavar="NUMBER:LINK", help="a head that you know"
    )
    given = parser.parse_args(arguments)
    documents = []
    for name in given.files:
        try:
            documents.append(read(Path(name).read_bytes()))
        except (OSError, NoStatement) as failure:
            sys.stderr.write(f"NO STATEMENT: {name}: {failure}\n")
            return NO_STATEMENT
    proof = prove(documents, given.head)
    if proof.problems:
        sys.stderr.write(_refuted(documents[0], proof))
        return NOT_PROVEN
    sys.stdout.write(_proven(documents[-1], proof))
    return PROVEN


def _refuted(document: Mapping[str, Any], proof: Proof) -> str:
    lines = [f"NOT PROVEN: this is not what the ledger wrote for {_owner(document)}."]
    lines += [f"  {problem}" for problem in proof.problems[:MOST_PROBLEMS_SHOWN]]
    if len(proof.problems) > MOST_PROBLEMS_SHOWN:
        lines.append(f"  and {len(proof.problems) - MOST_PROBLEMS_SHOWN} more")
    return "\n".join(lines) + "\n"


def _proven(document: Mapping[str, Any], proof: Proof) -> str:
    head = document["head"]
    return (
        f"PROVEN: {proof.rows} rows of {_owner(document)}, from the first on, and no others, as written.\n"
        f"  available {head['available']}, held {head['held']}, pending {head['pending']}, debt {head['debt']}\n"
        f"  head {head['sequence']}:{head['chain']}\n"
        "  Keep the head: a later statement proven with --head shows that nothing up to here was rewritten.\n"
    )


def _owner(document: Mapping[str, Any]) -> str:
    return f"member {document['member_id']} in programme {document['program_id']}"


def _head(text: str) -> tuple[int, str]:
    if not re.fullmatch(r"0:|[1-9]\d{0,18}:[0-9a-f]{64}", text):
        raise ValueError("a head is a row's number, a colon and its link in hexadecimal")
    sequence, _, chain = text.partition(":")
    return int(sequence), chain


if __name__ == "__main__":
    sys.exit(main())
