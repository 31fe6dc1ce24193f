"""A file of purchases: one accrual a basket, every line accounted for, nothing stops it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty import lines as files
from loyalty.importing import NotThisFile, Progress
from loyalty.points import accrual_file, accruals, ledger
from loyalty.points.accrual_file import AccrualImport
from tests.conftest import TestDatabase
from tests.domain.people import published, somebody
from tests.domain.points_in.test_accruals import changed

HEADER = b"basket_id,member_number,occurred_at,category,spend_minor,currency\n"
BOUGHT = (datetime.now(UTC) - timedelta(days=3)).replace(microsecond=0).isoformat()
_BASKETS = itertools.count(1)


def basket() -> str:
    """An id no other test uses."""
    return f"b{next(_BASKETS)}"


def row(basket_id: str, number: str, spend: object = 1_00, category: str = "Dairy", **over: str) -> bytes:
    occurred_at, currency = over.get("occurred_at", BOUGHT), over.get("currency", "USD")
    return f"{basket_id},{number},{occurred_at},{category},{spend},{currency}\n".encode()


class Importing:
    """Imports bytes as the importer's role and remembers what was rejected."""

    def __init__(
        self, database: TestDatabase, content: bytes, chunk: int = 1 << 16, program_id: int = 1, pending_days: int = 0
    ) -> None:
        self.rejected: list[tuple[int, str, str]] = []
        self.progress = Progress()
        with database.owner() as owner:
            document = changed(published(owner, program_id), pending_days=pending_days)
        with database.connect("importer") as connection:
            AccrualImport(connection, program_id, document, "grocer", self._reject, self.progress).run(
                chunks(content, chunk)
            )
        assert self.progress.accepted + self.progress.replayed + self.progress.rejected == self.progress.lines

    def _reject(self, line: int, subject: str, reason: str) -> None:
        self.rejected.append((line, subject, reason))


def chunks(content: bytes, size: int) -> Iterator[bytes]:
    return (content[start : start + size] for start in range(0, len(content), size))


def available(database: TestDatabase, member_id: int) -> int:
    with database.owner() as owner:
        balance = ledger.balance(owner, 1, member_id)
    assert balance is not None
    return balance.available


def test_the_lines_of_a_basket_are_one_accrual_rounded_once(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    one = basket()
    done = Importing(database, HEADER + row(one, jane.number, 5) * 2 + row(basket(), jane.number, 19_99))
    assert (done.progress.accepted, done.progress.records_accepted, done.progress.points) == (3, 2, 1 + 199)
    assert available(database, jane.member_id) == 200


def test_a_file_read_twice_counts_once(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    content = HEADER + row(basket(), jane.number) + row(basket(), jane.number, 2_00)
    Importing(database, content)
    again = Importing(database, content)
    assert (again.progress.accepted, again.progress.replayed, again.progress.records_replayed) == (0, 2, 2)
    assert available(database, jane.member_id) == 30


def test_a_basket_that_says_something_else_now_is_a_conflict(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    one = basket()
    Importing(database, HEADER + row(one, jane.number, 1_00))
    again = Importing(database, HEADER + row(one, jane.number, 2_00))
    assert again.rejected == [(2, one, "conflict")]
    assert available(database, jane.member_id) == 10


@pytest.mark.parametrize(
    ("spoiled", "reason"),
    [
        (b"{b},{m},{t},Dairy,-5,USD\n", "negative-spend"),
        (b"{b},{m},{t},Dairy,NaN,USD\n", "spend"),
        (b"{b},{m},{t},Dairy,1.50,USD\n", "spend"),
        (b"{b},{m},{t},Dairy,1_000,USD\n", "spend"),
        (b"{b},{m},{t},Dairy,,USD\n", "spend"),
        (b"{b},{m},{t},Dairy,9223372036854775808,USD\n", "spend"),
        (b"{b},{m},{t},Dairy,100,EUR\n", "currency"),
        (b"{b},{m},{t},,100,USD\n", "category"),
        (b"{b},{m},{t},Da\xffry,100,USD\n", "category"),
        (b"{b},{m},{t},Dairy,100\n", "columns"),
        (b"{b},{m},{t},Dairy,100,USD,1\n", "columns"),
        (b'{b},{m},{t},"Dairy,100,USD\n', "columns"),
        (b"{b},nobody,{t},Dairy,100,USD\n", "unknown-member"),
        (b"{b},=cmd(),{t},Dairy,100,USD\n", "member-number"),
        (b"{b},{m},yesterday,Dairy,100,USD\n", "occurred-at"),
        (b"{b},{m},2026-01-01T00:00:00,Dairy,100,USD\n", "occurred-at"),
        (b"{b},{m},0001-01-01T00:00:00+14:00,Dairy,100,USD\n", "occurred-at"),
        (b"{b},{m},2999-01-01T00:00:00Z,Dairy,100,USD\n", "future"),
        (b"{b},{m},2001-01-01T00:00:00Z,Dairy,100,USD\n", "lapsed"),
        (b"{b}," + b"x" * 5000 + b"\n", "too-long"),
    ],
)
def test_a_broken_line_is_reported_and_the_file_goes_on(database: TestDatabase, spoiled: bytes, reason: str) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    broken = basket()
    for mark, value in ((b"{b}", broken), (b"{m}", jane.number), (b"{t}", BOUGHT)):
        spoiled = spoiled.replace(mark, value.encode())
    content = HEADER + row(basket(), jane.number) + spoiled + row(basket(), jane.number)
    for chunk in (1 << 16, 7):
        done = Importing(database, content, chunk)
        assert done.rejected == [(3, broken, reason)]
        assert done.progress.accepted + done.progress.replayed == 2
    assert available(database, jane.member_id) == 20


def test_a_broken_line_takes_its_basket_with_it_so_that_it_can_be_sent_again(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    one = basket()
    done = Importing(database, HEADER + row(one, jane.number) + row(one, jane.number, "x") + row(one, jane.number))
    assert done.rejected == [(2, one, "spend"), (3, one, "spend"), (4, one, "spend")]
    assert Importing(database, HEADER + row(one, jane.number) * 3).progress.points == 30


def test_a_basket_belongs_to_one_member_and_one_time(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane, joe = somebody(owner), somebody(owner)
    one, two = basket(), basket()
    other_time = "2026-01-01T00:00:00+00:00"
    done = Importing(
        database,
        HEADER
        + row(one, jane.number)
        + row(one, joe.number)
        + row(two, jane.number)
        + row(two, jane.number, occurred_at=other_time),
    )
    assert [reason for _, _, reason in done.rejected] == ["other-member"] * 2 + ["other-time"] * 2


def test_nothing_of_a_line_is_repeated_in_the_report(database: TestDatabase) -> None:
    done = Importing(database, HEADER + b"jane@example.com,rubbish\n\xff\xfe\n")
    assert done.rejected == [(2, "", "columns"), (3, "", "columns")]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_spreadsheets_dialects_are_read(database: TestDatabase, line_end: bytes) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    quoted = row(basket(), jane.number, category='"Milk, eggs ""and"" cheese"')
    header = b",".join(b'"' + name + b'"' for name in HEADER.rstrip().split(b",")) + b"\n"
    content = b"\xef\xbb\xbf" + header + quoted + b"\n" + row(basket(), jane.number).rstrip(b"\n")
    done = Importing(database, content.replace(b"\n", line_end))
    assert (done.progress.accepted, done.rejected) == (2, [])


def test_quantities_are_whole_numbers(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    good, bad = basket(), basket()
    lines = [row(good, jane.number), row(bad, jane.number)]
    content = HEADER.rstrip() + b",quantity\n" + lines[0].rstrip() + b",2\n" + lines[1].rstrip() + b",two\n"
    assert Importing(database, content).rejected == [(3, bad, "quantity")]


@pytest.mark.parametrize("content", [b"", b"member,points\n1,2\n", b"\x00\x01\x02", b"x" * 100_000])
def test_what_is_no_file_of_purchases_is_refused_as_a_whole(database: TestDatabase, content: bytes) -> None:
    with pytest.raises(NotThisFile):
        Importing(database, content)


def test_a_run_that_stops_goes_on_where_it_was(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accrual_file, "BASKETS_PER_BATCH", 3)
    with database.owner() as owner:
        document, jane = published(owner), somebody(owner)
    content = HEADER + b"".join(row(basket(), jane.number) * 2 for _ in range(10)) + b"rubbish\n"
    progress, runs, rejected = Progress(), 0, []
    with database.connect("importer") as connection:
        done = False
        while not done:
            runs += 1
            # State crosses as JSON between runs.
            progress = Progress(**progress.as_json())
            importing = AccrualImport(
                connection, 1, document, "grocer", lambda line, _, reason: rejected.append((line, reason)), progress
            )
            done = importing.run(chunks(content[progress.offset :], 100), out_of_time=lambda: True)
    assert runs > 3
    assert (progress.lines, progress.accepted, progress.replayed, progress.points) == (21, 20, 0, 200)
    assert rejected == [(22, "columns")]


def test_an_endless_basket_is_refused_in_constant_memory(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accrual_file, "LINES_PER_BASKET", 10)
    monkeypatch.setattr(accrual_file, "LINES_PER_BATCH", 20)
    with database.owner() as owner:
        jane = somebody(owner)
    endless, good = basket(), basket()
    done = Importing(database, HEADER + row(endless, jane.number) * 95 + row(good, jane.number))
    assert done.progress.reasons == {"too-many-lines": 95}
    assert done.progress.points == 10


def test_each_programme_has_its_own_members(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    done = Importing(database, HEADER + row(basket(), jane.number), program_id=2)
    assert [reason for _, _, reason in done.rejected] == ["unknown-member"]


@settings(max_examples=200, deadline=None)
@given(
    content=st.binary(max_size=300) | st.text(alphabet='a,"\r\n\x00é', max_size=300).map(str.encode),
    size=st.integers(1, 50),
)
def test_the_lengths_of_lines_say_where_the_reader_is(content: bytes, size: int) -> None:
    read = [line for block in files.blocks(chunks(content, size)) for line in block]
    assert b"\n".join(read) == content.removesuffix(b"\n") or not content.strip(b"\n")
    assert sum(len(line) + 1 for line in read) - (not content.endswith(b"\n") and bool(content)) == len(content)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=200))
def test_no_bytes_are_a_fault_of_ours(database: TestDatabase, junk: bytes) -> None:
    done = Importing(database, HEADER + junk)
    assert done.progress.points == 0


def test_points_of_a_programme_that_makes_them_wait_are_pending(database: TestDatabase) -> None:
    with database.owner() as owner:
        jane = somebody(owner)
    old = (datetime.now(UTC) - timedelta(days=40)).isoformat()
    one, two = basket(), basket()
    content = HEADER + row(one, jane.number, 1_00) + row(two, jane.number, 2_00, occurred_at=old)
    done = Importing(database, content, pending_days=14)
    assert (done.progress.records_accepted, done.progress.points) == (2, 30)
    assert Importing(database, content, pending_days=21).progress.records_replayed == 2
    with database.owner() as owner:
        balance = ledger.balance(owner, 1, jane.member_id)
        assert balance is not None
        assert (balance.available, balance.pending) == (0, 30)
        owner.execute("select points.mature_due(100, 'sweeper')")
    # The day of the older purchase has come already.
    assert available(database, jane.member_id) == 20
    with database.connect("partner_api") as connection:
        assert accruals.release(connection, 1, "grocer", one, "test").points == 10
    assert available(database, jane.member_id) == 30
