"""What a member is called in the lake: a random key from the first moment, and none after erasure."""

from __future__ import annotations

from pathlib import Path

from tests.analytics.export.lake import Lake, read
from tests.domain.people import somebody


def test_a_member_has_a_key_at_once_that_says_nothing(lake: Lake) -> None:
    first, second = somebody(lake.owner), somebody(lake.owner)
    keys = [lake.one("select lake.key_of(1, %s)", one.member_id) for one in (first, second)]
    assert None not in keys
    # Not by time either: the ids of a moment begin alike.
    assert len({str(key)[:8] for key in keys}) == 2
    assert lake.one("select lake.fill_keys(1000)") == 0
    lake.owner.execute("delete from lake.member_key")
    assert lake.one("select lake.fill_keys(1)") == 1
    assert lake.one("select lake.fill_keys(1000)") == 1


def test_an_erased_member_leaves_no_key_and_the_sums_stay(lake: Lake) -> None:
    lake.only = ("member", "personalised", "points_entry", "preference", "redemption", "viewer", "wish")
    bought = lake.bought()
    lake.wish(bought.member_id, "B0TOWELS00")
    lake.look(bought.member_id, "B0TOWELS00")
    lake.consent(bought.member_id, "sms", True)
    lake.export()
    key = str(lake.one("select lake.key_of(1, %s)", bought.member_id))
    sums = lake.batch("points_entry")["meta"]["sums"]
    lake.owner.execute(
        "insert into closure.closure(program_id, closure_id, member_id, request_hash, state, started_at, undo_until,"
        " due_at, closed_at, sign_in_removed_at, erased_at) values"
        " (1, clock.new_id(), %s, '\\x', 'closed', now(), now(), now(), now(), now(), null)",
        (bought.member_id,),
    )
    lake.owner.execute("update members.member set state = 'closed' where member_id = %s", (bought.member_id,))
    lake.owner.execute("update closure.closure set state = 'erased', erased_at = now()")
    assert lake.one("select lake.key_of(1, %s)", bought.member_id) is None
    assert lake.owner.execute("select * from lake.invariants where violations > 0").fetchall() == []
    # What is exported from now on does not know the member; what it did stays in the sums.
    lake.owner.execute("select lake.begin_epoch()")
    assert lake.export().problems == ()
    for table in lake.only:
        assert not [row for row in lake.rows(table) if key in row], table
    assert lake.batch("points_entry")["meta"]["sums"] == sums
    assert lake.rows("member") == []
    assert {row[2] for row in lake.rows("redemption")} == {None}


def test_advertising_is_in_the_lake_of_who_wants_it_now(lake: Lake) -> None:
    lake.only = ("preference",)
    member, other = somebody(lake.owner), somebody(lake.owner)
    lake.consent(member.member_id, "email", True)
    lake.consent(other.member_id, "email", False)
    lake.export()
    key = str(lake.one("select lake.key_of(1, %s)", member.member_id))
    assert lake.rows("preference") == [(1, key, "en", True, False)]
    lake.consent(member.member_id, "email", False)
    told = lake.export()["preference"]
    assert (told.rows, told.replaces, lake.rows("preference")) == (0, True, [])


def test_for_whom_may_be_chosen_is_as_their_choice_says(lake: Lake) -> None:
    lake.only = ("personalised",)
    everybody = [somebody(lake.owner) for _ in range(6)]
    for number, country in ((1, "DE"), (3, "DE")):
        lake.owner.execute(
            "update members.member set country = %s where member_id = %s", (country, everybody[number].member_id)
        )
    for number, wanted in ((2, False), (3, True), (4, False), (4, True)):
        lake.owner.execute("select interactions.choose(1, %s, %s, 'member')", (everybody[number].member_id, wanted))
    lake.owner.execute("update members.member set state = 'closed' where member_id = %s", (everybody[5].member_id,))
    lake.export()
    expected = lake.owner.execute(
        "select k.member_key::text as key from members.member as m"
        " join lake.member_key as k using (program_id, member_id)"
        " cross join lateral interactions.personalisation(m.program_id, m.member_id) as c"
        " where m.program_id = 1 and c.wanted"
    ).fetchall()
    assert {row[1] for row in lake.rows("personalised")} == {row["key"] for row in expected}
    keys = [str(lake.one("select lake.key_of(1, %s)", one.member_id)) for one in everybody]
    told = {row[1] for row in lake.rows("personalised")}
    assert [key in told for key in keys] == [True, False, False, True, True, False]


def test_whose_a_look_was_is_in_the_lake_of_who_wants_it_now(lake: Lake) -> None:
    lake.only = ("catalogue_view", "viewer")
    member, other = somebody(lake.owner), somebody(lake.owner)
    lake.look(member.member_id, "B0TOWELS00")
    lake.look(other.member_id, "B0TOWELS00")
    lake.export()
    names = {str(lake.one("select lake.key_of(1, %s)", one.member_id)) for one in (member, other)}
    assert {row[2] for row in lake.rows("viewer")} == names
    lake.owner.execute("select interactions.choose(1, %s, false, 'member')", (member.member_id,))
    told = lake.export()
    assert (told["viewer"].replaces, told["catalogue_view"].status) == (True, "unchanged")
    kept = str(lake.one("select lake.key_of(1, %s)", other.member_id))
    assert {row[2] for row in lake.rows("viewer")} == {kept}
    # What was looked at stays, as nobody's.
    assert len(lake.rows("catalogue_view")) == 2
    # Nor does an older batch tell, once another has come.
    lake.look(other.member_id, "B0LAMP0000")
    lake.export("viewer")
    before = {str(lake.one("select lake.key_of(1, %s)", member.member_id))}
    files = [Path(entry) for entry in lake.folder.glob("bronze/viewer/*/*.parquet")]
    assert len(files) == 2
    assert not before & {row[2] for file in files for row in read(file)}
