"""Filters: of the service's language as much as one expression about items has."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local.simulators.personalize.refusals import invalid

_WHOLE = re.compile(
    r"(?P<verb>INCLUDE|EXCLUDE) ItemID WHERE (?P<where>.+?)(?: IF CurrentUser\.(?P<field>\w+) = (?P<value>\S+))?"
)
_CONDITION = re.compile(
    r"(?P<of>Items|Interactions)\.(?P<field>\w+) (?P<how>IN|NOT IN|<=|<|>=|>|=) ?(?P<value>\(.+\)|\S+)"
)
_PARAMETER = re.compile(r"\$(\w+)")
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, "<": operator.lt, ">=": operator.ge, ">": operator.gt, "=": operator.eq,
}  # fmt: skip
MOST_FIELDS = 5


@dataclass(frozen=True)
class Condition:
    """`of` Items or Interactions."""

    of: str
    field: str
    how: str
    value: str


@dataclass(frozen=True)
class Filter:
    """One expression; `user`: the field and value of who asks, if it is for some alone."""

    includes: bool
    conditions: tuple[Condition, ...]
    user: tuple[str, str] | None

    def parameters(self) -> set[str]:
        """What has to be given with the question."""
        texts = [one.value for one in self.conditions] + ([self.user[1]] if self.user else [])
        return {name for text in texts for name in _PARAMETER.findall(text)}

    def lets(
        self, item: Mapping[str, Any], user: Mapping[str, Any], events: set[str], values: Mapping[str, str]
    ) -> bool:
        """Whether the product stays."""
        if self.user and str(user.get(self.user[0])) not in _values(self.user[1], values):
            return True
        holds = all(_holds(one, item, events, values) for one in self.conditions)
        return holds == self.includes


def read(expression: str, known: Mapping[str, set[str]]) -> Filter:
    """`known`: the fields of each dataset. Raises Refused."""
    whole = _WHOLE.fullmatch(" ".join(expression.split()))
    if whole is None:
        raise invalid("The filter is not INCLUDE|EXCLUDE ItemID WHERE … [IF CurrentUser.FIELD = value]")
    conditions = []
    for part in whole["where"].split(" AND "):
        condition = _CONDITION.fullmatch(part.strip())
        if condition is None:
            raise invalid(f"The filter's condition {part.strip()!r} is not understood")
        conditions.append(Condition(condition["of"], condition["field"], condition["how"], condition["value"]))
    if len({one.of for one in conditions}) > 1:
        raise invalid("Items and Interactions are not in one expression")
    named = [(one.of, one.field) for one in conditions] + ([("Users", whole["field"])] if whole["field"] else [])
    for dataset, field in named:
        if field not in known.get(dataset, set()):
            raise invalid(f"{dataset}.{field} is in no schema of the dataset group")
    if len(set(named)) > MOST_FIELDS:
        raise invalid(f"A filter has at most {MOST_FIELDS} fields")
    user = (whole["field"], whole["value"]) if whole["field"] else None
    return Filter(whole["verb"] == "INCLUDE", tuple(conditions), user)


def _holds(condition: Condition, item: Mapping[str, Any], events: set[str], values: Mapping[str, str]) -> bool:
    given = _values(condition.value, values)
    if condition.of == "Interactions":
        return bool(events & set(given)) == (condition.how == "IN")
    found = item.get(condition.field)
    if condition.how in ("IN", "NOT IN"):
        return (found is not None and str(found) in given) == (condition.how == "IN")
    return found is not None and _COMPARED[condition.how](float(found), float(given[0]))


def _values(text: str, values: Mapping[str, str]) -> list[str]:
    """Literals, and what was given for a parameter: one value, or several between quotes and commas."""
    found = []
    for part in text.strip("()").split(","):
        name = _PARAMETER.fullmatch(part.strip())
        told = values[name[1]] if name else part.strip()
        found += [one.strip().strip("\"'") for one in told.split(",")]
    return found
