"""The APIs cannot take all connections: the functions behind them have a bound that Aurora's size bears."""

from __future__ import annotations

import pytest

from stacks.connections import LEAST, SHARES, connections, for_the_apis, reserved
from stacks.sections import Database
from stacks.settings import REPOSITORY
from tests.stacks.assembly import Assembly
from tests.stacks.test_functions import runners


def _bounds(templates: Assembly) -> dict[str, int | None]:
    return {
        one.name: one.resource.properties.get("ReservedConcurrentExecutions")
        for one in runners(templates)
        if one.resource.type == "AWS::Lambda::Function"
    }


def _behind_a_gateway(templates: Assembly) -> set[str]:
    functions = {(one.resource.stack, one.resource.id): one for one in runners(templates)}
    called = [
        functions[templates.follow(one.stack, one.properties["FunctionName"])[:2]]
        for one in templates.resources("AWS::Lambda::Permission")
        if one.properties["Principal"] in ("apigateway.amazonaws.com", "cognito-idp.amazonaws.com")
    ]
    return {one.name for one in called if "DATABASE_ROLE" in one.environment}


def test_every_function_that_anybody_may_call_and_that_comes_to_the_database_is_bounded(assembly: Assembly) -> None:
    bounds = _bounds(assembly)
    bounded = {name for name, bound in bounds.items() if bound}
    assert bounded == _behind_a_gateway(assembly)
    assert sum(bounds[name] or 0 for name in bounded) <= 400, "the config's number is of all together"


def test_nothing_is_set_aside_where_the_config_sets_nothing(laptop: Assembly) -> None:
    assert {bound for bound in _bounds(laptop).values() if bound} == set()


@pytest.mark.parametrize("in_all", [LEAST, 133, 400, 3_750])
def test_shares_are_never_more_than_the_whole_and_never_nothing(in_all: int) -> None:
    shares = [reserved(name, in_all) or 0 for name in SHARES]
    assert min(shares) >= 1
    assert sum(shares) <= in_all


@pytest.mark.parametrize(
    ("database", "allowed"),
    [
        (Database(min_acu=1, max_acu=1), 189),
        (Database(min_acu=1, max_acu=4), 823),
        (Database(min_acu=1, max_acu=6), 823),
        (Database(min_acu=1, max_acu=16), 3_360),
        (Database(min_acu=0.5, max_acu=16), 2_000),
        (Database(min_acu=2, max_acu=64), 5_000),
        (Database(mode="provisioned", instance_class="r8g.large"), 1_678),
        (Database(mode="provisioned", instance_class="r8g.xlarge"), 3_357),
        (Database(mode="provisioned", instance_class="r8g.16xlarge"), 5_000),
        (Database(mode="provisioned", instance_class="t4g.medium"), None),
    ],
)
def test_aurora_allows_connections_by_its_size(database: Database, allowed: int | None) -> None:
    assert connections(database) == allowed


def test_the_handbook_says_the_same_numbers() -> None:
    text = (REPOSITORY / "docs" / "operations" / "connections.md").read_text()
    for size, database in {
        "1 ACU": Database(min_acu=1, max_acu=1),
        "4 ACU": Database(min_acu=1, max_acu=4),
        "8 ACU": Database(min_acu=1, max_acu=8),
        "16 ACU": Database(min_acu=1, max_acu=16),
        "32 ACU and more": Database(min_acu=1, max_acu=32),
        "`r8g.large`": Database(mode="provisioned", instance_class="r8g.large"),
        "`r8g.xlarge`": Database(mode="provisioned", instance_class="r8g.xlarge"),
    }.items():
        assert f"| {size} | {connections(database):,} | {for_the_apis(database):,} |" in text, size
