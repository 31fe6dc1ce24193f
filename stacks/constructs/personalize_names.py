"""Amazon Personalize's things by the names that the machine gives them, so that nobody has to look them up."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from stacks.settings import Settings

FEWEST_INTERACTIONS, FEWEST_USERS = 1_000, 25
# What a member did counts as much as it says of them.
WEIGHTS = {"redeemed": 1.0, "wished": 0.5, "looked": 0.2}
FILTERS = {
    "in-stock": 'INCLUDE ItemID WHERE Items.IN_STOCK IN ("true")',
    "affordable": 'INCLUDE ItemID WHERE Items.IN_STOCK IN ("true") AND Items.PRICE <= $MOST',
    "segment": "EXCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORIES) IF CurrentUser.TIER = $TIER",
}


@dataclass(frozen=True)
class Solution:
    """One thing to be learned. `batch`: the name of its results, "" where it is only answered live; `input`: the folder
    of the questions; `results`: how many to each."""

    name: str
    recipe: str
    weighted: bool = False
    batch: str = ""
    input: str = ""
    results: int = 0


SOLUTIONS = (
    Solution("for-you", "aws-user-personalization-v2", True, "members", "members", 200),
    Solution("ranking", "aws-personalized-ranking-v2", True),
    Solution("similar", "aws-similar-items", False, "similar", "products", 50),
    Solution("trending", "aws-trending-now"),
)


def deployment_name(settings: Settings) -> str:
    return f"loyalty-{settings.deployment.name}"


def filter_name(settings: Settings, name: str) -> str:
    """A filter is never changed: another expression is another filter."""
    return f"{deployment_name(settings)}-{name}-{hashlib.sha256(FILTERS[name].encode()).hexdigest()[:6]}"


def solutions(settings: Settings) -> list[dict[str, Any]]:
    """As the machine takes them: in batches those that are answered so, all of them where they are asked live."""
    batch = settings.insight.personalize.mode == "batch"
    return [
        {
            "name": f"{deployment_name(settings)}-{one.name}",
            "recipe": f"arn:aws:personalize:::recipe/{one.recipe}",
            "config": _config(one),
            "batch": one.batch if batch else "",
            "input": one.input,
            "results": one.results,
            "filter": filter_name(settings, "in-stock"),
        }
        for one in SOLUTIONS
        if one.batch or not batch
    ]


def filters(settings: Settings) -> list[dict[str, str]]:
    return [{"name": filter_name(settings, name), "expression": text} for name, text in FILTERS.items()]


def in_definition(value: Any) -> str:
    """A value as JSONata in a string of the definition: its quotes stand in quotes."""
    return json.dumps(json.dumps(value))[1:-1]


def environment(stack: Stack, settings: Settings) -> dict[str, str]:
    """What a function has that asks the campaigns; nothing where there are none."""
    personalize = settings.insight.personalize
    if not personalize.enabled or personalize.mode != "campaign":
        return {}
    names = {one.name: _arn(stack, f"campaign/{deployment_name(settings)}-{one.name}") for one in SOLUTIONS}
    return {
        "PERSONALIZE": json.dumps(
            {
                "program_id": personalize.program_id,
                "timeout_ms": personalize.timeout_ms,
                "campaigns": names,
                "in_stock": _arn(stack, f"filter/{filter_name(settings, 'in-stock')}"),
            },
            sort_keys=True,
        )
    }


def may_ask(function: lambda_.Function, settings: Settings) -> None:
    """The campaigns of this deployment, and no others."""
    stack = Stack.of(function)
    if not environment(stack, settings):
        return
    campaigns = [_arn(stack, f"campaign/{deployment_name(settings)}-{one.name}") for one in SOLUTIONS]
    filter_arn = _arn(stack, f"filter/{filter_name(settings, 'in-stock')}")
    function.add_to_role_policy(
        iam.PolicyStatement(
            actions=["personalize:GetRecommendations", "personalize:GetPersonalizedRanking"],
            resources=[*campaigns, filter_arn],
        )
    )


def _config(solution: Solution) -> dict[str, Any]:
    if not solution.weighted:
        return {}
    weights = [{"EventType": kind, "Weight": weight} for kind, weight in WEIGHTS.items()]
    return {"EventsConfig": {"EventParametersList": weights}}


def _arn(stack: Stack, resource: str) -> str:
    return f"arn:aws:personalize:{stack.region}:{stack.account}:{resource}"
