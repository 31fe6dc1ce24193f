"""The synthesised templates, resource by resource."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """One resource of one template. `part`: what the stack is called after the deployment's name."""

    stack: str
    id: str
    type: str
    properties: dict[str, Any]

    @property
    def part(self) -> str:
        return self.stack.rsplit("-", 1)[-1]

    @property
    def name(self) -> str:
        """The construct's own, without the hash behind it."""
        return re.sub(r"[0-9A-F]{8}$", "", self.id)

    def __str__(self) -> str:
        return f"{self.stack}/{self.id}"


@dataclass(frozen=True)
class Templates:
    """All stacks of one synth."""

    by_stack: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Templates:
        """What a synth has written into `folder`."""
        return cls(
            {
                path.name.removesuffix(".template.json"): json.loads(path.read_text())
                for path in sorted(folder.glob("*.template.json"))
            }
        )

    @cached_property
    def all(self) -> tuple[Resource, ...]:
        return tuple(
            Resource(stack, id, resource["Type"], resource.get("Properties", {}))
            for stack, template in self.by_stack.items()
            for id, resource in template.get("Resources", {}).items()
        )

    def of(self, *types: str, stack: str | None = None) -> Iterator[Resource]:
        """Every resource of these types; of one stack only, if it is named."""
        return (one for one in self.all if one.type in types and stack in (None, one.stack))

    def schedules_of(self, resource: Resource) -> Iterator[str]:
        """The schedules that begin this function or machine, all of its own stack."""
        for rule in self.of("AWS::Events::Rule", stack=resource.stack):
            expression = rule.properties.get("ScheduleExpression")
            targets = rule.properties.get("Targets", [])
            if expression and any(referred(target["Arn"]) == resource.id for target in targets):
                yield expression


def referred(value: Any) -> str | None:
    """The id in this template that a Ref or GetAtt means."""
    match value:
        case {"Ref": str(id)}:
            return id
        case {"Fn::GetAtt": [str(id), *_]}:
            return id
    return None
