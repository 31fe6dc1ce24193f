"""A statement proves itself: whatever is changed in it is found, by a program that knows nothing but the file."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from loyalty.points import statement, verify
from loyalty.points.verify import DOCUMENT, HEAD, NO_STATEMENT, NOT_PROVEN, PROVEN, ROW
from tests.conftest import REPOSITORY, TestDatabase
from tests.domain.points.conftest import Book

type Document = dict[str, Any]


@pytest.fixture(scope="module")
def original(database: TestDatabase) -> Iterator[Document]:
    """The statement of a member to whom everything has happened: every kind, several lots, extensions, debt."""
    with database.owner() as connection:
        book = Book(connection)
        member = book.member((book.day(3), 100), (book.day(40), 50), (None, 25))
        gone = book.member((None, 5))
        spent, back, lapsing = book.hold(member, 110), book.hold(member, 30), book.hold(gone, 5)
        book.settle(member, spent.op_id, 60)
        basket = f"basket-{book.new_id()}"
        waiting = book.accrue(member, 40, book.day(50), reference=basket, pending_until=book.now() + timedelta(days=1))
        book.reverse(basket, 10)
        book.call("mature", 1, member, book.new_id(), waiting.op_id, "test")
        book.turn_clock("5 days")
        book.release(member, spent.op_id, 50)
        book.release(member, back.op_id, 30, "ours")
        book.adjust(member, -20)
        book.adjust(member, 7, book.day(9))
        held = book.hold(member, int(book.row(member)["available"]))
        book.reverse(basket, 30)
        book.accrue(member, 100, book.day(2))
        book.turn_clock("4 days")
        book.expire(member)
        book.settle(member, held.op_id, 1)
        book.release(gone, lapsing.op_id, 5)
        found = statement.document(connection, 1, member)
        assert found is not None
        kinds = {row["kind"] for row in found["rows"]}
        assert {"accrue", "hold", "settle", "release", "adjust", "reverse", "mature", "repay", "expire"} <= kinds
        yield found
        assert book.violations() == {}


def run(tmp_path: Path, *documents: Document | str, options: tuple[str, ...] = ()) -> tuple[int, str]:
    """The command on these files: its exit code and what it said."""
    files = []
    for place, document in enumerate(documents):
        file = tmp_path / f"{place}.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        files.append(str(file))
    # Isolated, without site-packages, away from this repository: the file alone must do.
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(REPOSITORY / "loyalty/points/verify.py"), *files, *options],
        capture_output=True, text=True, cwd=tmp_path, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def problems(document: Document, *known: tuple[int, str]) -> tuple[str, ...]:
    return verify.prove([verify.read(json.dumps(document))], known).problems


def test_what_the_ledger_wrote_is_proven(original: Document, tmp_path: Path) -> None:
    code, said = run(tmp_path, original)
    assert code == PROVEN, said
    assert f"PROVEN: {len(original['rows'])} rows" in said
    assert f"head {original['head']['sequence']}:{original['head']['chain']}" in said


def test_it_runs_as_a_module_of_the_repository(original: Document, tmp_path: Path) -> None:
    (tmp_path / "statement.json").write_text(json.dumps(original))
    done = subprocess.run(
        [sys.executable, "-m", "loyalty.points.verify", str(tmp_path / "statement.json")],
        capture_output=True, text=True, cwd=REPOSITORY, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout[:6]) == (PROVEN, "PROVEN"), done.stderr


def test_every_column_of_the_journal_is_in_the_statement(database: TestDatabase, original: Document) -> None:
    with database.owner() as connection:
        columns = connection.execute(
            "select attname as name from pg_attribute"
            " where attrelid = 'points.journal'::regclass and attnum > 0 and not attisdropped"
        ).fetchall()
    # txid says where this copy of the database wrote the row, and is not sealed.
    assert {column["name"] for column in columns} == (ROW.keys() | {"program_id", "member_id", "txid"})


def _different(value: Any) -> list[Any]:
    """Other values of the same shape."""
    match value:
        case None:
            return [[1], "x", str(verify.UUID(int=1))]
        case int():
            return [value + 1, value - 1, -value - 1, 0 if value else 1]
        case []:
            return [[1]]
        case list():
            return [value[:-1], [*value, 1], [value[0] + 1, *value[1:]], None]
        case str() if value.endswith("Z"):
            return [
                value.replace(value[5:7], "01" if value[5:7] != "01" else "02", 1),
                value[:-2] + "9Z",
                value[:-2] + "8Z",
            ]
        case str() if len(value) == 36 and value.count("-") == 4:
            return [value[:-1] + ("0" if value[-1] != "0" else "1"), None]
        case str():
            return [value + "00", ("0" if value[:1] != "0" else "1") + value[1:], value[:-2], None]
        case _:
            raise AssertionError(value)


@pytest.mark.parametrize("name", sorted(ROW))
def test_a_change_of_any_field_of_any_row_is_found(original: Document, name: str) -> None:
    changed = 0
    for place, row in enumerate(original["rows"]):
        for value in _different(row[name]):
            if value == row[name]:
                continue
            forged = copy.deepcopy(original)
            forged["rows"][place][name] = value
            try:
                assert problems(forged), (name, row[name], value)
            except verify.NoStatement:
                continue
            changed += 1
    assert changed >= len(original["rows"])


@pytest.mark.parametrize("name", sorted(HEAD))
def test_a_change_of_any_field_of_the_head_is_found(original: Document, name: str) -> None:
    for value in _different(original["head"][name]):
        if value is None:
            continue
        forged = copy.deepcopy(original)
        forged["head"][name] = value
        assert problems(forged), (name, value)


@pytest.mark.parametrize("name", ["program_id", "member_id"])
def test_a_statement_cannot_be_passed_off_as_somebody_elses(original: Document, name: str) -> None:
    assert problems(original | {name: original[name] + 1})


def _swap(rows: list[Any]) -> None:
    rows[2], rows[3] = rows[3], rows[2]


REARRANGED: dict[str, Callable[[list[Any]], Any]] = {
    "the first row dropped": lambda rows: rows.pop(0),
    "a row dropped": lambda rows: rows.pop(4),
    "the last row dropped": lambda rows: rows.pop(),
    "all rows dropped": lambda rows: rows.clear(),
    "a row twice": lambda rows: rows.insert(5, rows[4]),
    "the last row twice": lambda rows: rows.append(rows[-1]),
    "two rows swapped": _swap,
    "all rows reversed": lambda rows: rows.reverse(),
}


@pytest.mark.parametrize("how", REARRANGED)
def test_rows_cannot_be_dropped_added_or_reordered(original: Document, tmp_path: Path, how: str) -> None:
    forged = copy.deepcopy(original)
    REARRANGED[how](forged["rows"])
    code, said = run(tmp_path, forged)
    assert code == NOT_PROVEN, said
    assert said.startswith("NOT PROVEN")


def test_a_dropped_row_is_named(original: Document) -> None:
    forged = copy.deepcopy(original)
    del forged["rows"][4]
    assert "row 5 is missing" in problems(forged)


def _reforge(document: Document) -> Document:
    """A forger who can compute: every link and the head fit again."""
    before, book = b"", verify.Book()
    for number, row in enumerate(document["rows"], 1):
        book.move(row)
        row["sequence"] = number
        row |= dict(zip(("available_after", "held_after", "pending_after", "debt_after"), book.balances(), strict=True))
        before = verify.link(before, document["program_id"], document["member_id"], row)
        row["chain"] = before.hex()
    lots = sorted(book.lots.items())
    document["head"] = {
        "sequence": len(document["rows"]), "chain": before.hex(),
        **dict(zip(("available", "held", "pending", "debt"), book.balances(), strict=True)),
        "lot_keys": [key for key, _ in lots], "lot_amounts": [amount for _, amount in lots],
    }  # fmt: skip
    return document


@pytest.mark.parametrize("dropped", [0, 3, -1])
def test_a_forger_who_recomputes_everything_is_found_by_a_head_that_the_reader_knows(
    original: Document, tmp_path: Path, dropped: int
) -> None:
    head = original["head"]
    known = f"{head['sequence']}:{head['chain']}"
    forged = copy.deepcopy(original)
    forged["rows"].pop(dropped)
    assert run(tmp_path, _reforge(forged), options=("--head", known))[0] == NOT_PROVEN
    assert run(tmp_path, _reforge(copy.deepcopy(original)), options=("--head", known))[0] == PROVEN


def test_an_earlier_head_proves_that_nothing_was_rewritten_since(original: Document, tmp_path: Path) -> None:
    earlier = original["rows"][5]
    assert run(tmp_path, original, options=("--head", f"6:{earlier['chain']}"))[0] == PROVEN
    forged = copy.deepcopy(original)
    forged["rows"][2]["actor"] = "somebody else"
    code, said = run(tmp_path, _reforge(forged), options=("--head", f"6:{earlier['chain']}"))
    assert (code, "row 6 has another link than the head you gave" in said) == (NOT_PROVEN, True)


def test_a_long_statement_comes_in_parts_that_are_proven_together(
    database: TestDatabase, original: Document, tmp_path: Path
) -> None:
    member = original["member_id"]
    with database.owner() as connection:
        parts = [statement.document(connection, 1, member, after, 8) for after in range(0, len(original["rows"]), 8)]
    whole = [part for part in parts if part]
    assert len(whole) > 2
    assert [row for part in whole for row in part["rows"]] == original["rows"]
    assert run(tmp_path, *whole)[0] == PROVEN
    for forged in (whole[:-1], whole[1:], whole[::-1], [whole[0], *whole[2:]], [*whole, whole[-1]]):
        assert run(tmp_path, *forged)[0] == NOT_PROVEN


def test_a_member_to_whom_nothing_happened_has_a_proven_statement_of_nothing(book: Book, tmp_path: Path) -> None:
    empty = statement.document(book.connection, 1, book.member())
    assert empty is not None
    assert empty["rows"] == []
    assert run(tmp_path, empty)[0] == PROVEN
    assert statement.document(book.connection, 1, -1) is None
    assert statement.document(book.connection, 2, book.member()) is None


@pytest.mark.parametrize("part", ["document", "head", "row"])
def test_what_nothing_proves_is_no_part_of_a_statement(original: Document, tmp_path: Path, part: str) -> None:
    for change in ("added", "left out"):
        forged = copy.deepcopy(original)
        place, fields = {
            "document": (forged, DOCUMENT), "head": (forged["head"], HEAD), "row": (forged["rows"][1], ROW)
        }[part]  # fmt: skip
        if change == "added":
            place["note"] = "paid in full"
        else:
            del place[sorted(fields)[0]]
        assert run(tmp_path, forged)[0] == NO_STATEMENT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        "\x00",
        '{"format": "loyalty-statement/1", "format": "loyalty-statement/1"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_statement_is_said_so(tmp_path: Path, text: str) -> None:
    code, said = run(tmp_path, text)
    assert (code, said[:12]) == (NO_STATEMENT, "NO STATEMENT")


@pytest.mark.parametrize("value", [1.0, True, "1", None, 2**63, [1]])
def test_a_value_has_one_way_to_be_written(original: Document, value: Any) -> None:
    forged = copy.deepcopy(original)
    forged["rows"][0]["amount"] = value
    with pytest.raises(verify.NoStatement, match="amount"):
        problems(forged)


def test_a_missing_file_is_no_statement(tmp_path: Path) -> None:
    assert verify.main([str(tmp_path / "nowhere.json")]) == NO_STATEMENT


texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1)
instants = st.integers(-(10**15), 10**17).map(lambda us: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))
key_lists = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=4)


@given(
    row=st.fixed_dictionaries(
        {
            "op_id": st.uuids().map(str),
            "leg": st.integers(0, 2**15 - 1),
            "sequence": numbers,
            "kind": st.sampled_from(["accrue", "write_off", "mature"]),
            "dr": st.integers(-(2**15), 2**15 - 1),
            "cr": st.integers(0, 20),
            "amount": st.integers(1, 2**63 - 1),
            "available_after": numbers,
            "held_after": numbers,
            "pending_after": numbers,
            "debt_after": numbers,
            "lot_keys": st.none() | key_lists,
            "lot_amounts": st.none() | st.lists(numbers, max_size=4),
            "lot_to": st.none() | key_lists,
            "ref_op": st.none() | st.uuids().map(str),
            "reference": st.none() | texts,
            "actor": texts,
            "approver": st.none() | texts,
            "request_hash": st.binary(max_size=40).map(bytes.hex),
            "occurred_at": instants,
            "created_at": instants,
        }
    ),
    before=st.binary(max_size=32),
    member=st.tuples(st.integers(-(2**31), 2**31 - 1), numbers),
)
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_the_verifiers_link_is_the_databases(
    database: TestDatabase, row: Document, before: bytes, member: tuple[int, int]
) -> None:
    plain = {name: statement._text(value) for name, value in row.items()}
    sent = plain | {"program_id": member[0], "member_id": member[1], "request_hash": f"\\x{plain['request_hash']}"}
    with database.owner() as connection:
        found = connection.execute(
            "select points.link(%s, jsonb_populate_record(null::points.journal, %s)) as link", (before, Jsonb(sent))
        ).fetchone()
    assert found is not None
    assert found["link"] == verify.link(before, *member, plain)
