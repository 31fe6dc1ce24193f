"""What leaves the database arrives in the lake, once, whole, and as it was agreed."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from analytics.export import duck, manifest
from analytics.export.duck import Unreachable
from analytics.export.target import Folder
from tests.analytics.export.lake import CONTRACTS, Lake, columns
from tests.domain.people import somebody

ALL = pytest.mark.parametrize("table", CONTRACTS)


@ALL
def test_the_lake_has_what_the_database_has(full_lake: Lake, table: str) -> None:
    assert full_lake.rows(table) == full_lake.source(table)


def test_something_of_nearly_everything_was_there_to_compare(full_lake: Lake) -> None:
    empty = {table for table in CONTRACTS if not full_lake.rows(table)}
    assert empty <= {"tier_change", "points_movement", "lot_entry", "rate", "invoice", "invoice_line", "product",
                     "campaign", "campaign_participant"}  # fmt: skip


@ALL
def test_files_have_the_contracts_columns_in_order_and_type(full_lake: Lake, table: str) -> None:
    file = full_lake.batch(table)["entries"][0]["url"].removeprefix("file://")
    with duckdb.connect() as reader:
        found = reader.sql(f"describe select * from read_parquet('{file}', hive_partitioning = false)").fetchall()
    assert [(row[0], row[1]) for row in found] == columns(CONTRACTS[table])


def test_sums_of_points_and_money_are_the_databases(full_lake: Lake) -> None:
    points = full_lake.one("select sum(amount)::bigint from points.journal")
    assert int(full_lake.batch("points_entry")["meta"]["sums"]["points"]) == points > 0
    money = full_lake.one(
        "select (select sum(amount_minor) from payments.capture) + (select sum(amount_minor) from payments.refund)"
    )
    assert int(full_lake.batch("money")["meta"]["sums"]["amount_minor"]) == money > 0


def test_a_manifest_says_what_its_files_are(full_lake: Lake) -> None:
    told = full_lake.batch("points_entry")
    sizes = [Path(entry["url"].removeprefix("file://")).stat().st_size for entry in told["entries"]]
    assert [entry["meta"]["content_length"] for entry in told["entries"]] == sizes
    assert told["meta"]["content_length"] == sum(sizes)
    assert told["meta"]["record_count"] == len(full_lake.rows("points_entry"))
    assert told["meta"]["schema_hash"] == CONTRACTS["points_entry"].schema_hash


def test_nothing_of_a_person_is_in_any_file(full_lake: Lake) -> None:
    text = str([full_lake.rows(table) for table in CONTRACTS])
    assert "B0TOWELS00" in text
    for row in full_lake.owner.execute("select number, email, phone, subject from members.member").fetchall():
        assert not [word for word in row.values() if word and word in text]


def test_a_row_written_by_a_long_transaction_is_late_and_never_lost(lake: Lake) -> None:
    lake.only = ("member",)
    early = somebody(lake.owner)
    lake.export()
    with lake.database.owner() as slow, slow.transaction():
        somebody(slow)
        swift = somebody(lake.owner)
        # The swift one's number is above the slow one's, which is still open.
        for _ in range(2):
            assert lake.export(wait=False)["member"].status == "unchanged"
        lake.owner.execute("update members.member set tier = 'gold' where member_id = %s", (early.member_id,))
    somebody(lake.owner)
    assert lake.export()["member"].rows == 4
    assert lake.rows("member") == lake.source("member")
    assert str(lake.one("select lake.key_of(1, %s)", swift.member_id)) in {row[1] for row in lake.rows("member")}


def test_what_changed_comes_again_though_its_statement_said_nothing(lake: Lake) -> None:
    bought = lake.bought()
    lake.export("redemption", "redemption_line")
    lake.owner.execute("update redemptions.redemption set outcome = outcome where true")
    told = lake.export("redemption", "redemption_line")
    assert (told["redemption"].rows, told["redemption_line"].status) == (1, "unchanged")
    assert bought.redemption_id


def test_all_of_an_orders_shipments_come_when_one_is_another(lake: Lake) -> None:
    bought = lake.bought()
    lake.export("shipment")
    assert len(lake.rows("shipment")) == 2
    bought.hear(bought.push("DELIVERED", 40, "S2", line=2))
    told = lake.export("shipment")["shipment"]
    assert (told.rows, told.replaces) == (2, False)
    assert lake.rows("shipment") == lake.source("shipment")


def test_saying_an_export_again_changes_nothing(lake: Lake) -> None:
    somebody(lake.owner)
    lake.export("member", "tier")
    before = {path: path.read_bytes() for path in lake.folder.rglob("*") if path.is_file()}
    told = lake.export("member", "tier")
    assert {table.status for table in told.tables} == {"unchanged"}
    same = {path: content for path, content in before.items() if "state" not in path.parts}
    assert {path: path.read_bytes() for path in same} == same


def test_a_batch_that_was_cut_short_is_done_again_and_was_never_seen(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody(lake.owner)

    def refuse(*_: object) -> None:
        raise ConnectionError("plug pulled")

    for place in ("upload", "write", "write_if"):
        with monkeypatch.context() as broken:
            broken.setattr(Folder, place, refuse)
            with pytest.raises(ConnectionError):
                lake.export("member")
        assert lake.state("member") is None
        # What an earlier attempt left beside the files is no part of the batch.
        for part in lake.folder.rglob("part-00000.parquet"):
            part.with_name("part-00007.parquet").write_bytes(b"half")
    assert lake.export("member")["member"].rows == 1
    state = lake.state("member")
    assert state is not None
    # Who else writes in this server moves on the number by which a batch is called: an attempt may have its own.
    batch = lake.folder.glob(f"bronze/member/batch={state.last}/part-*")
    assert [path.name for path in batch] == ["part-00000.parquet"]
    assert lake.rows("member") == lake.source("member")


def test_a_manifest_whose_files_are_cut_is_seen_through(lake: Lake) -> None:
    somebody(lake.owner)
    lake.export("member")
    told = json.dumps(lake.batch("member")).encode()
    assert manifest.problems(lake.target, told) == []
    part = next(lake.folder.rglob("part-*"))
    part.write_bytes(part.read_bytes()[:-1])
    assert "bytes were promised" in manifest.problems(lake.target, told)[0]


def test_of_two_exports_at_once_one_counts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    somebody(lake.owner)
    published = manifest.publish

    def overtaken(*given: object) -> object:
        with monkeypatch.context() as alone:
            alone.setattr(manifest, "publish", published)
            assert lake.export("member")["member"].status == "exported"
        return published(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(manifest, "publish", overtaken)
    told = lake.export("member")["member"]
    assert told.status == "refused"
    assert "another export was faster" in told.problems[0]
    assert lake.rows("member") == lake.source("member")


def test_a_database_that_was_restored_is_exported_anew(lake: Lake) -> None:
    lake.only = ("member",)
    kept, lost = somebody(lake.owner), somebody(lake.owner)
    lake.export()
    # The restored one does not know the second, and its transactions' numbers come again.
    lake.owner.execute("delete from members.member where member_id = %s", (lost.member_id,))
    state = lake.state("member")
    assert state is not None
    ahead = json.loads(state.document()) | {"hi": state.hi + 10**9}
    lake.target.write("state/member.json", json.dumps(ahead).encode())
    told = lake.export()["member"]
    assert (told.replaces, told.rows) == (True, 1)
    assert told.why_full == "the database is younger than the last export: it was restored"
    assert lake.rows("member") == lake.source("member")
    # Where the numbers have overtaken the lake's, the epoch tells.
    lake.owner.execute("select lake.begin_epoch()")
    again = lake.export()["member"]
    assert again.why_full == "another epoch: the database was restored"
    assert again.batch is not None
    assert told.batch is not None
    assert again.batch > told.batch
    assert str(lake.one("select lake.key_of(1, %s)", kept.member_id)) == lake.rows("member")[0][1]


@pytest.mark.parametrize("table", ["member", "tier"])
def test_a_table_whose_oldest_batch_the_bucket_has_let_go_is_there_whole_after_the_next_night(
    lake: Lake, table: str
) -> None:
    somebody(lake.owner)
    first = lake.export(table)[table]
    somebody(lake.owner)
    lake.export(table)
    for file in lake.folder.glob(f"bronze/{table}/batch={first.batch}/*"):
        file.unlink()
    told = lake.export(table)[table]
    assert (told.replaces, told.why_full) == (True, "a batch is not there any more")
    assert lake.rows(table) == lake.source(table) != []
    assert lake.export(table)[table].status == "unchanged"


def test_a_clock_that_is_set_back_loses_nothing(lake: Lake) -> None:
    somebody(lake.owner)
    lake.export("member")
    lake.database.shift_clock("-40 days")
    somebody(lake.owner)
    assert lake.export("member")["member"].rows == 1
    assert lake.rows("member") == lake.source("member")


def test_a_column_that_is_another_is_said_and_nothing_of_the_table_leaves(lake: Lake) -> None:
    lake.owner.execute("alter view lake.tier rename column rank to place")
    lake.owner.execute("drop view lake.wish")
    lake.owner.execute(
        "create view lake.wish as select 1::bigint as program_id, 'k'::text as member_key, 'a'::text as asin,"
        " 'now'::text as added_at, 0::bigint as row_xid, true as extra"
    )
    lake.owner.execute("grant select on lake.wish to lake_reader")
    lake.owner.execute("revoke select on lake.rate from lake_reader")
    told = lake.export("tier", "wish", "rate", "campaign")
    assert told["tier"].problems == (
        "lake.tier.rank: the contract has it, the view has not",
        "lake.tier.place: the view has it, the contract has not",
    )
    assert told["wish"].problems == (
        "lake.wish.program_id: the contract says integer, the view has bigint",
        "lake.wish.added_at: the contract says timestamp, the view has text",
        "lake.wish.extra: the view has it, the contract has not",
    )
    assert told["rate"].problems == ("lake.rate: there is no such view, or it may not be read",)
    assert told["campaign"].status == "exported"
    assert [lake.state(table) for table in ("tier", "wish", "rate")] == [None] * 3


def test_a_row_that_breaks_a_rule_stops_its_table_and_is_named(lake: Lake) -> None:
    member = somebody(lake.owner)
    bad = somebody(lake.owner)
    lake.owner.execute("alter table members.member drop constraint member_country_check")
    lake.owner.execute("update members.member set country = 'usa' where member_id = %s", (bad.member_id,))
    told = lake.export("member", "tier")
    key = lake.one("select lake.key_of(1, %s)", bad.member_id)
    assert told["member"].status == "refused"
    assert (
        f"member: country is like [A-Z]{{2}}: 1 rows, e.g. program_id=1, member_key={key}, country=usa" in told.problems
    )
    assert "member: country has at most 2 bytes" in told["member"].problems[0]
    assert (lake.state("member"), told["tier"].status) == (None, "exported")
    assert member.number not in " ".join(told.problems)


def test_many_rows_are_few_files_each_sorted_in_its_place(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(7):
        somebody(lake.owner)
    monkeypatch.setattr(duck, "ROWS_PER_FILE", 3)
    lake.export("member")
    assert len(lake.batch("member")["entries"]) == 3
    assert lake.rows("member") == lake.source("member")


def test_who_does_not_answer_is_said_without_the_password(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as said:
        duck.export("host=127.0.0.1 port=1 user=lake_reader password=hush dbname=x", Folder(tmp_path))
    assert "hush" not in str(said.value)
