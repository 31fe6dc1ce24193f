"""The estimate is said the same on the screen, in the document and in the picture, and says what it is not."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import pytest

from cost import picture, report
from cost.__main__ import main
from cost.cautions import cautions
from cost.estimate import Bill, at, bill
from tests.cost.test_reckoning import API, NETWORK, some_world

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def bills() -> list[Bill]:
    world = some_world(1000, network=NETWORK, api=API)
    return [bill(world), bill(at(world, 50_000))]


def test_the_screen_says_sums_shares_and_what_a_redemption_costs(bills: list[Bill]) -> None:
    said = report.text("some", bills, TODAY)
    assert re.search(r"members +1,000 +50,000", said)
    assert re.search(r"\n  NAT gateway +66 +66\n", said)
    assert re.search(r"\n  network +66 +66\n", said)
    for one in bills:
        assert f"{one.usd_per_redemption:,.4f}" in said
    assert "estimated" in said
    assert "no tax, no free allowance" in said


def test_the_largest_are_the_five_largest_in_their_order(bills: list[Bill]) -> None:
    largest = bills[-1].largest(5)
    assert len(largest) == 5
    assert [usd for _, usd in largest] == sorted((usd for _, usd in largest), reverse=True)
    assert largest[0][0] == "NAT gateway: hours"


def test_the_document_adds_up_and_names_every_line(bills: list[Bill]) -> None:
    made = json.loads(json.dumps(report.document("some", bills[0], TODAY)))
    assert made["label"] == "estimate"
    assert made["usd"] == pytest.approx(made["usd_fixed"] + made["usd_variable"])
    assert made["usd"] == pytest.approx(sum(line["usd"] for line in made["lines"]), abs=1e-4)
    assert made["usd"] == pytest.approx(sum(made["services"].values()), abs=1e-4)
    assert made["usd"] == pytest.approx(sum(made["capabilities"].values()), abs=1e-4)
    assert {"loyalty-some-network/NatOne", "loyalty-some-api/Stage"} <= {line["resource"] for line in made["lines"]}
    assert made["io_optimized"] is None


def test_the_page_has_a_row_for_each_service_and_purpose(bills: list[Bill]) -> None:
    page = report.markdown("some", bills, TODAY)
    for name in {*bills[-1].by_service, *bills[-1].by_capability}:
        assert f"\n| {name} | " in page


def test_the_picture_has_a_bar_for_each_size_and_bars_of_one_length(bills: list[Bill]) -> None:
    drawn = picture.drawn(bills)
    widths = [Decimal(width) for width in re.findall(r'width="([\d.]+)" height="30"', drawn)]
    assert sum(widths) == pytest.approx(Decimal(2 * picture.WIDE), abs=1)
    assert drawn.count("members</text>") == 2


def test_old_prices_and_those_from_memory_are_said(bills: list[Bill]) -> None:
    said = " ".join(cautions(bills[0], TODAY))
    assert re.search(r"1 of the \d+ prices are from memory|[2-9] of the \d+ prices are from memory", said)
    assert "A year old and more" not in said
    assert "A year old and more: api_gateway_requests" in " ".join(cautions(bills[0], date(2028, 1, 1)))


def test_a_config_that_is_not_there_and_an_assumption_that_is_none_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["--env", "nowhere"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("config/nowhere.toml: there is no such file")
    assert not said.out
    monkeypatch.setattr("cost.__main__.synthesised", lambda settings: None)
    assert main(["--env", "dev", "--members", "10", "--set", "wishes=3"]) == 1
    assert capsys.readouterr().err.startswith("wishes: no such assumption")


@pytest.mark.parametrize("members", ["0", "-5", "many"])
def test_a_number_of_members_that_is_none_is_refused(members: str) -> None:
    with pytest.raises(SystemExit):
        main(["--members", members])
