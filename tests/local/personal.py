"""Amazon Personalize's stand-in beside the cloud, which has learned of the products on the shelf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.simulators.personalize.running import PersonalizeStandIn, bucket, personalize_stand_in

RECIPES = {
    "for-you": "aws-user-personalization-v2",
    "similar": "aws-similar-items",
    "trending": "aws-trending-now",
    "ranking": "aws-personalized-ranking-v2",
}
IN_STOCK = 'EXCLUDE ItemID WHERE Items.IN_STOCK IN ("false")'


@contextmanager
def learned(folder: Path, asins: list[str]) -> Iterator[tuple[PersonalizeStandIn, dict[str, Any]]]:
    """It, and what the member API is told of it: `campaigns` and `in_stock`."""
    objects: dict[str, bytes] = {}
    with pytest.MonkeyPatch.context() as patch, bucket(objects) as address:
        for name, value in (
            ("AWS_ENDPOINT_URL", address),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        with personalize_stand_in(folder / "personalize.sqlite", objects) as stand_in:
            stand_in.settings(pending_seconds=0.01, work_seconds=0.01)
            group = stand_in.group("shelf")
            assert stand_in.imported(group, "INTERACTIONS", _history(asins), "history")["status"] == "ACTIVE"
            items = "ITEM_ID,IN_STOCK,PRICE\n" + "".join(f"{asin},true,10\n" for asin in asins)
            assert stand_in.imported(group, "ITEMS", items, "items")["status"] == "ACTIVE"
            campaigns = {
                name: stand_in.made(
                    "campaign",
                    name=name,
                    solutionVersionArn=stand_in.made(
                        "solutionVersion", solutionArn=stand_in.solution(group, name, recipe), trainingMode="FULL"
                    ),
                )
                for name, recipe in RECIPES.items()
            }
            in_stock = stand_in.made("filter", name="in-stock", datasetGroupArn=group, filterExpression=IN_STOCK)
            yield stand_in, {"campaigns": campaigns, "in_stock": in_stock}


def _history(asins: list[str], users: int = 30, each: int = 40) -> str:
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(users):
        for number in range(each):
            asin = asins[(user * 7 + number) % len(asins)]
            lines.append(f"user-{user},{asin},{1_700_000_000 + number * 86_400 + user},redeemed")
    return "\n".join(lines) + "\n"
