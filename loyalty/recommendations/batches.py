"""What Amazon Personalize answered to a batch of questions, in the words in which a night's results are taken over."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

# As many as a night's results have of each (recommendations.scored, recommendations.similar).
MOST = {"members": 200, "similar": 50}
# Where the lake's bucket says what is shown: {"run", "at", "program_id"} and the keys of "members" and of "similar".
CURRENT = "insight/personalize/current.json"
type Name = Literal["members", "similar"]


class NotUnderstood(ValueError):
    """A line that is none of Personalize's answers; it says which one."""


def results(program_id: int, name: Name, answers: Iterable[str | bytes]) -> Iterator[dict[str, Any] | None]:
    """A result for each line of `answers`; None for one that was not answered, or with nothing.

    members: {"program_id", "member_key", "asins", "scores", "because"}; similar: {"program_id", "asin", "others",
    "scores"}. Best first, each product once, scores finite. Raises NotUnderstood.
    """
    for number, line in enumerate(answers, start=1):
        if not line.strip():
            continue
        try:
            answer = json.loads(line)
            about = answer["input"]["userId" if name == "members" else "itemId"]
            output = answer.get("output") or {}
            items, scores = output.get("recommendedItems") or [], output.get("scores")
            named = isinstance(about, str) and isinstance(items, list) and all(isinstance(one, str) for one in items)
            if not named or (scores is not None and len(scores) != len(items)):
                raise TypeError
            ranked = _ranked(items, scores, MOST[name], but=about)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise NotUnderstood(f"line {number} is no answer about {name}") from None
        if not ranked:
            yield None
        elif name == "members":
            asins, kept = list(ranked), list(ranked.values())
            because = [""] * len(asins)  # Personalize does not say why.
            yield {"program_id": program_id, "member_key": about, "asins": asins, "scores": kept, "because": because}
        else:
            yield {"program_id": program_id, "asin": about, "others": list(ranked), "scores": list(ranked.values())}


def _ranked(items: list[str], scores: list[float] | None, most: int, *, but: str) -> dict[str, float]:
    """Product → score. Of similar products Personalize tells only the order: the score is one by the place."""
    found: dict[str, float] = {}
    for place, item in enumerate(items, start=1):
        score = float(scores[place - 1]) if scores is not None else 1 / place
        if item != but and item not in found and math.isfinite(score):
            found[item] = score
        if len(found) == most:
            break
    return found
