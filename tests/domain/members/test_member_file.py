"""A file of members: every line created, there already, or reported."""

from __future__ import annotations

from loyalty.importing import Progress
from loyalty.members.member_file import MemberImport
from tests.conftest import TestDatabase
from tests.domain.people import published

HEADER = b"number,email,phone,tier,country,language\n"


def run(database: TestDatabase, content: bytes) -> tuple[Progress, list[tuple[int, str, str]]]:
    rejected: list[tuple[int, str, str]] = []
    progress = Progress()
    with database.owner() as owner:
        document = published(owner)
    with database.connect("importer") as connection:
        importing = MemberImport(connection, 1, document, lambda *reject: rejected.append(reject), progress)
        assert importing.run([content])
    assert progress.accepted + progress.replayed + progress.rejected == progress.lines
    return progress, rejected


def test_members_arrive_and_arrive_only_once(database: TestDatabase) -> None:
    content = HEADER + b"F1,f1@example.com,+12065550101,gold,US,en\nF2,f2@example.com,,,US,de\n"
    progress, rejected = run(database, content)
    assert (progress.accepted, rejected) == (2, [])
    progress, rejected = run(database, content)
    assert (progress.accepted, progress.replayed, rejected) == (0, 2, [])
    with database.owner() as owner:
        row = owner.execute(
            "select count(*) as n from points.member p join members.member m using (program_id, member_id)"
            " where m.number in ('F1', 'F2')"
        ).fetchone()
    assert row == {"n": 2}


def test_each_wrong_line_is_named_and_nothing_of_it_repeated(database: TestDatabase) -> None:
    progress, rejected = run(
        database,
        HEADER
        + b"G1,g1@example.com,+12065550101,gold,US,en\n"
        + b"G2,not an address,,,US,en\n"
        + b"G3,g3@example.com,,,US\n"
        + b"\xff\xff,g4@example.com,,,US,en\n"
        + b"=HYPERLINK(),g5@example.com,,,US,en\n"
        + b"G1,other@example.com,,,US,en\n"
        + b"\n"
        + b'G6,g6@example.com,"(206) 555-0100",silver,US,en\n',
    )
    assert progress.accepted == 2
    assert sorted(rejected) == [
        (3, "G2", "email"),
        (4, "", "columns"),
        (5, "", "unreadable"),
        (6, "", "member_number"),
        (7, "G1", "member-exists"),
    ]
