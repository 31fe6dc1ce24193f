"""The synthesised templates as one thing to ask: resources by type, and what a reference between stacks points at."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple


class Resource(NamedTuple):
    """One resource of one template."""

    stack: str
    id: str
    type: str
    properties: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.stack}/{self.id}"


class Target(NamedTuple):
    """What a reference points at."""

    stack: str
    id: str
    attribute: str | None = None


@dataclass(frozen=True)
class Assembly:
    """All templates of one synth, by stack name."""

    templates: dict[str, dict[str, Any]]

    @classmethod
    def read(cls, folder: Path) -> Assembly:
        return cls(
            {
                path.name.removesuffix(".template.json"): json.loads(path.read_text())
                for path in folder.glob("*.template.json")
            }
        )

    def resources(self, *types: str) -> Iterator[Resource]:
        """Every resource of these types, in all stacks."""
        for stack, template in self.templates.items():
            for id, resource in template.get("Resources", {}).items():
                if resource["Type"] in types:
                    yield Resource(stack, id, resource["Type"], resource.get("Properties", {}))

    def at(self, target: Target) -> Resource:
        """The resource a reference points at."""
        resource = self.templates[target.stack]["Resources"][target.id]
        return Resource(target.stack, target.id, resource["Type"], resource.get("Properties", {}))

    def follow(self, stack: str, value: Any) -> Target:
        """Where Ref, GetAtt, ImportValue or GetStackOutput in `stack` ends."""
        match value:
            case {"Ref": id}:
                return Target(stack, id)
            case {"Fn::GetAtt": [id, attribute]}:
                return Target(stack, id, attribute)
            case {"Fn::GetStackOutput": {"StackName": other, "OutputName": name}}:
                return self.follow(other, self.templates[other]["Outputs"][name]["Value"])
            case {"Fn::ImportValue": str(export)}:
                other = export.split(":")[0]
                outputs = self.templates[other]["Outputs"].values()
                (found,) = [one for one in outputs if one.get("Export", {}).get("Name") == export]
                return self.follow(other, found["Value"])
        raise AssertionError(f"{stack}: {value!r} is not a reference")

    def text(self, stack: str, value: Any) -> str:
        """A string with every reference in it written as <Id> or <Id.Attribute>."""
        match value:
            case str():
                return value
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(self.text(stack, part) for part in parts)
            case {"Fn::Select": [_, inner]}:
                return self.text(stack, inner)
            case {"Fn::Split": [_, inner]}:
                return self.text(stack, inner)
        target = self.follow(stack, value)
        return f"<{target.id}{f'.{target.attribute}' if target.attribute else ''}>"

    def statements(self, stack: str, role_id: str) -> list[dict[str, Any]]:
        """Every statement of the policies of a role."""
        role = self.templates[stack]["Resources"][role_id]
        inline = [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
        attached = [
            policy.properties["PolicyDocument"]
            for policy in self.resources("AWS::IAM::Policy")
            if policy.stack == stack and {"Ref": role_id} in policy.properties["Roles"]
        ]
        return [statement for document in (*inline, *attached) for statement in document["Statement"]]


def listed(value: Any) -> list[Any]:
    """A value that CloudFormation lets be one or many."""
    return value if isinstance(value, list) else [value]
