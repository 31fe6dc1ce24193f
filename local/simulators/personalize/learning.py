"""What a solution version knows: who had what, and what is had together. Small on purpose."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

from local.simulators.personalize.files import File
from local.simulators.personalize.filters import Filter

RECIPES = {
    "aws-user-personalization-v2": "USER_PERSONALIZATION",
    "aws-personalized-ranking-v2": "PERSONALIZED_RANKING",
    "aws-similar-items": "RELATED_ITEMS",
    "aws-trending-now": "TRENDING_NOW",
    "aws-popularity-count": "USER_PERSONALIZATION",
}
# Of these nothing is answered in batches.
LIVE_ONLY = ("TRENDING_NOW",)


class NotEnough(Exception):
    """Too little to learn from, with what is missing."""


def learn(file: File, group: str) -> dict[str, Any]:
    """Counts of a dataset group's interactions. Raises NotEnough."""
    settings = file.settings()
    rows = file.all(
        "select distinct user, item, at from rows where dataset = ? order by at, user, item", f"{group}/INTERACTIONS"
    )
    if len(rows) < int(settings["fewest_interactions"]):
        raise NotEnough(
            f"The dataset group has {len(rows)} unique interactions; at least {settings['fewest_interactions']}"
        )
    had: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        had[row["user"]].append(row["item"])
    if (several := sum(len(items) > 1 for items in had.values())) < int(settings["fewest_users"]):
        raise NotEnough(f"{several} users have two interactions or more; at least {settings['fewest_users']}")
    popular = Counter(row["item"] for row in rows)
    together: dict[str, Counter[str]] = defaultdict(Counter)
    for items in had.values():
        kept = set(items[-50:])
        for item in kept:
            together[item].update(kept - {item})
    return {
        "popular": dict(popular),
        "together": {item: dict(others.most_common(200)) for item, others in together.items()},
        "interactions": len(rows),
    }


def for_user(file: File, group: str, model: dict[str, Any], user: str) -> dict[str, float]:
    """Item → score, all that are known; who is not known gets what is popular."""
    most = max(model["popular"].values())
    scores = {item: count / most / 10 for item, count in model["popular"].items()}
    for row in file.all("select item from rows where dataset = ? and user = ?", f"{group}/INTERACTIONS", user):
        for other, count in model["together"].get(row["item"], {}).items():
            scores[other] = scores.get(other, 0.0) + count
    total = sum(scores.values())
    return {item: score / total for item, score in scores.items()}


def like(model: dict[str, Any], item: str) -> dict[str, float] | None:
    """Other item → score; None: nobody ever had it."""
    if item not in model["popular"]:
        return None
    others = model["together"].get(item, {})
    total = sum(others.values()) or 1
    return {other: count / total for other, count in others.items()}


def best(
    file: File,
    group: str,
    scores: dict[str, float],
    most: int,
    *,
    user: str | None,
    keep: Filter | None,
    values: dict[str, str],
) -> list[tuple[str, float]]:
    """At most so many that the filter lets through, best first."""
    ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    if keep is None:
        return ranked[:most]
    items = _known(file, f"{group}/ITEMS", "item")
    asking = _known(file, f"{group}/USERS", "user").get(user or "", {})
    events: dict[str, set[str]] = defaultdict(set)
    for row in file.all("select item, row from rows where dataset = ? and user = ?", f"{group}/INTERACTIONS", user):
        events[row["item"]].add(str(json.loads(row["row"]).get("EVENT_TYPE")))
    return [(item, score) for item, score in ranked if keep.lets(items.get(item, {}), asking, events[item], values)][
        :most
    ]


def _known(file: File, dataset: str, by: str) -> dict[str, dict[str, Any]]:
    rows = file.all(f"select {by} as name, row from rows where dataset = ?", dataset)  # noqa: S608 - one of two words
    return {row["name"]: json.loads(row["row"]) for row in rows}
