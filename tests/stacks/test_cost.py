"""What the templates cost: every type is known, more members never cost less, one thing less costs just that less."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from itertools import pairwise

import pytest

from cost.bill import CAPABILITIES, World
from cost.cautions import cautions
from cost.estimate import at, bill, world_of
from cost.free import FREE
from cost.reckoning import RULES
from cost.templates import Templates
from stacks.settings import CONFIG_FOLDER, load
from tests.stacks.assembly import Assembly

SIZES = (1_000, 100_000, 10_000_000)


@pytest.fixture(scope="module")
def world(assembly: Assembly) -> World:
    personalize = load(CONFIG_FOLDER / "full.toml").insight.personalize
    return world_of(Templates(assembly.templates), SIZES[0], personalize=personalize)


def test_every_type_in_every_template_is_priced_or_free_for_a_reason(assembly: Assembly, laptop: Assembly) -> None:
    for one in (assembly, laptop):
        kinds = {resource["Type"] for template in one.templates.values() for resource in template["Resources"].values()}
        assert {kind for kind in kinds if not kind.startswith("Custom::")} <= {*RULES, *FREE}


def test_nothing_is_priced_and_free_at_once() -> None:
    assert not RULES.keys() & FREE.keys()
    assert all(len(reason) > 10 for reason in FREE.values())


def test_every_stack_is_for_something(world: World) -> None:
    assert {resource.part for resource in world.templates.all} <= CAPABILITIES.keys()
    assert "other" not in bill(world).by_capability


def test_more_members_never_cost_less_in_any_service(world: World) -> None:
    bills = [bill(at(world, members)) for members in SIZES]
    for smaller, larger in pairwise(bills):
        for service, usd in larger.by_service.items():
            assert usd >= smaller.by_service.get(service, 0), service
        assert larger.fixed_usd == smaller.fixed_usd
        assert larger.usd_per_redemption < smaller.usd_per_redemption


def test_one_nat_gateway_in_place_of_three_saves_exactly_two(assembly: Assembly, world: World) -> None:
    fewer = deepcopy(assembly.templates)
    resources = fewer["loyalty-full-network"]["Resources"]
    gateways = [id for id, one in resources.items() if one["Type"] == "AWS::EC2::NatGateway"]
    assert len(gateways) == 3
    for id in gateways[1:]:
        del resources[id]
    before = bill(world)
    after = bill(world_of(Templates(fewer), SIZES[0], personalize=world.personalize))
    assert before.usd - after.usd == 2 * 730 * Decimal("0.045")


def test_a_service_that_is_not_there_costs_nothing(assembly: Assembly, world: World) -> None:
    without = {stack: template for stack, template in assembly.templates.items() if not stack.endswith("-lake")}
    services = bill(world_of(Templates(without), SIZES[0])).by_service
    assert {"Redshift", "Glue", "QuickSight", "Personalize"} <= bill(world).by_service.keys()
    assert not {"Redshift", "Glue", "QuickSight", "Personalize"} & services.keys()


def test_a_database_that_is_too_small_for_the_members_is_said(world: World) -> None:
    today = max(price.date for price in world.prices.values())
    assert not any("too small" in told for told in cautions(bill(world), today))
    assert any("too small" in told for told in cautions(bill(at(world, SIZES[-1])), today))
