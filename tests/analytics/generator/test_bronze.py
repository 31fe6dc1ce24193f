"""A generated programme as batches of the lake: by contract, by its rules, the same bytes for the same seed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from analytics.export import manifest
from analytics.export.contract import contracts
from analytics.export.quality import rules
from analytics.export.target import Folder
from analytics.generator import Generated, bronze, programme


@pytest.fixture(scope="module")
def lake(small: Generated, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    bronze.write(small, folder)
    return folder


@pytest.fixture(scope="module")
def duck(lake: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        opened.execute("create temp macro regexp_like(text, pattern) as regexp_matches(text, pattern)")
        opened.execute("create temp macro octet_length(text) as strlen(text)")
        for contract in contracts():
            opened.execute(
                f"create view {contract.table} as from read_parquet('{lake}/bronze/{contract.table}/*/*.parquet',"
                " hive_partitioning = false)"
            )
        yield opened


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


def test_the_same_seed_gives_the_same_bytes(lake: Path, tmp_path: Path) -> None:
    bronze.write(programme(seed=3, members=400, days=200), tmp_path)
    assert digests(lake) == digests(tmp_path)


def test_every_table_has_its_contracts_columns_and_keeps_its_rules(duck: duckdb.DuckDBPyConnection) -> None:
    for contract in contracts():
        described = duck.execute(f"describe {contract.table}").fetchall()
        assert [(row[0], row[1]) for row in described] == [(c.name, c.duck) for c in contract.columns]
        found = rules.broken(contract, rules.rules(contract), contract.table, lambda sql: duck.sql(sql).fetchall())
        assert not found, [str(one) for one in found]


def test_every_manifest_keeps_what_it_promises_and_every_state_names_one(lake: Path) -> None:
    target = Folder(lake.resolve())
    for contract in contracts():
        state, _ = manifest.state_of(target, contract.table)
        assert state is not None
        found = target.read(state.batches[-1].manifest)
        assert found is not None
        assert manifest.problems(target, found[0]) == []


def test_the_lakes_sums_are_the_truths(small: Generated, duck: duckdb.DuckDBPyConnection) -> None:
    sums = small.truth.sums
    movements = dict(duck.execute("select event, sum(points) from points_movement group by event").fetchall())
    assert movements == {"opened": sums.issued, "redeemed": sums.redeemed, "restored": sums.restored}
    assert sums.expired == 0
    entries = dict(duck.execute("select kind, sum(points) from points_entry group by kind").fetchall())
    assert entries["accrue"] == sums.issued == duck.execute("select sum(points) from accrual").fetchall()[0][0]
    assert entries["settle"] == sums.redeemed
    money = dict(duck.execute("select kind, sum(amount_minor) from money group by kind").fetchall())
    assert money == {"capture": sums.captured_minor, "refund": sums.refunded_minor}
    assert duck.execute("select sum(quantity - accepted_quantity) from redemption_line").fetchall() == [
        (small.truth.refused_units.sum(),)
    ]


def test_rows_belong_to_each_other(duck: duckdb.DuckDBPyConnection) -> None:
    for child, parent, key in (
        ("redemption_line", "redemption", "redemption_id"), ("shipment", "redemption", "redemption_id"),
        ("units_back", "redemption_line", "redemption_id"), ("invoice_line", "invoice", "invoice_id"),
        ("accrual", "points_entry", "op_id"), ("points_entry", "member", "member_key"),
        ("campaign_participant", "campaign", "campaign"), ("redemption_line", "product", "asin"),
    ):  # fmt: skip
        lost = duck.execute(f"select count(*) from {child} anti join {parent} using ({key})").fetchall()
        assert lost == [(0,)], f"{child} without {parent}"
