"""Two sets of templates compared as CloudFormation would: what it would replace, and who would not be told.

A property is fixed at creation if the resource's own schema says so (those that come with cfn-lint). A resource whose
fixed property points at one that is replaced is replaced with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from delivery.gate.stateful import STATEFUL

Template = Mapping[str, Any]
Templates = Mapping[str, Template]
Known = tuple[str, str]
# Where a schema is asked for; replacements do not differ between regions.
REGION = "us-east-1"
MISSING = object()


@dataclass(frozen=True, slots=True)
class Loss:
    """`subject`: stack/logical id, or stack:output. `why` in a sentence."""

    subject: str
    why: str

    def __str__(self) -> str:
        return f"{self.subject}: {self.why}"


def losses(before: Templates, after: Templates) -> list[Loss]:
    """What would be lost if `after` were deployed where `before` stands, both by stack name; in the stacks' order."""
    replaced = _replaced(before, after)
    return [*_stateful(before, after, replaced), *_untold(before, after, replaced)]


def _stateful(before: Templates, after: Templates, replaced: Mapping[Known, str]) -> Iterator[Loss]:
    for stack, template in before.items():
        now = after.get(stack, {}).get("Resources", {})
        for name, resource in template.get("Resources", {}).items():
            kind = resource["Type"]
            if kind not in STATEFUL:
                continue
            subject, gone = f"{stack}/{name}", STATEFUL[kind]
            if name not in now:
                yield Loss(subject, f"{kind} {_whither(name, kind, template, now)}: {gone}")
            elif reason := replaced.get((stack, name)):
                yield Loss(subject, f"{kind} is replaced, {reason}: {gone}")


def _whither(name: str, kind: str, template: Template, now: Mapping[str, Any]) -> str:
    """Deleted, or under another name, which to CloudFormation is the same."""
    known = template["Resources"]
    news = [other for other, resource in now.items() if resource["Type"] == kind and other not in known]
    return f"is deleted, and another made as {', '.join(news)}" if news else "is deleted"


def _untold(before: Templates, after: Templates, replaced: Mapping[Known, str]) -> Iterator[Loss]:
    """Outputs that say something else from now on, read by stacks whose templates, and so they, stay as they are."""
    for consumer, template in after.items():
        if consumer not in before or _deployed(before[consumer]) != _deployed(template):
            continue
        for producer, output in sorted(set(_read(template, after))):
            if reason := _moved(producer, output, before, after, replaced):
                why = f"{reason}, and {consumer}, which reads it, is not deployed anew: change its template too"
                yield Loss(f"{producer}:{output}", why)


def _moved(producer: str, output: str, before: Templates, after: Templates, replaced: Mapping[Known, str]) -> str:
    old = before.get(producer, {}).get("Outputs", {}).get(output)
    new = after.get(producer, {}).get("Outputs", {}).get(output)
    if old is None:
        return ""  # never read by what stands
    if new is None:
        return "the output is gone"
    if old["Value"] != new["Value"]:
        return "the output names something else"
    for name in _references(new["Value"]):
        if (producer, name) in replaced:
            return f"{name} is replaced ({replaced[producer, name]})"
    return ""


def _replaced(before: Templates, after: Templates) -> dict[Known, str]:
    """Every resource that keeps its name and is made anew, with the reason; followed until nothing more comes."""
    both = [
        (stack, name, old, after[stack]["Resources"][name])
        for stack, template in before.items()
        for name, old in template.get("Resources", {}).items()
        if name in after.get(stack, {}).get("Resources", {})
    ]
    found: dict[Known, str] = {}
    for stack, name, old, new in both:
        if old["Type"] != new["Type"]:
            found[stack, name] = f"it becomes {new['Type']}"
        elif paths := [path for path in _fixed(new["Type"]) if _at(old, path) != _at(new, path)]:
            found[stack, name] = f"{', '.join('.'.join(path) for path in paths)} changes"
    while more := {
        (stack, name): reason
        for stack, name, _, new in both
        if (stack, name) not in found and (reason := _follows(stack, new, after, found))
    }:
        found |= more
    return found


def _follows(stack: str, resource: Mapping[str, Any], after: Templates, replaced: Mapping[Known, str]) -> str:
    """Why it goes with another: a fixed property points there."""
    for path in _fixed(resource["Type"]):
        value = _at(resource, path)
        for name in _references(value):
            if (stack, name) in replaced:
                return f"{'.'.join(path)} points at {name}, which is"
        for producer, output in _read(value, after):
            said = after.get(producer, {}).get("Outputs", {}).get(output, {}).get("Value")
            for name in _references(said):
                if (producer, name) in replaced:
                    return f"{'.'.join(path)} points at {producer}/{name}, which is"
    return ""


@cache
def _fixed(kind: str) -> tuple[tuple[str, ...], ...]:
    """The properties that are fixed at creation, each as a path; none of a type without a schema (custom resources)."""
    # Late: reading the schemas costs a second.
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER, ResourceNotFoundError

    try:
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    except ResourceNotFoundError:
        return ()
    pointers = {*schema.get("createOnlyProperties", ()), *schema.get("conditionalCreateOnlyProperties", ())}
    return tuple(sorted(tuple(pointer.removeprefix("/properties/").split("/")) for pointer in pointers))


def _at(resource: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    """The value at a path of the properties; of a list (`*`) the values in order."""
    values: list[Any] = [resource.get("Properties", {})]
    for part in path:
        if part == "*":
            values = [inner for value in values if isinstance(value, list) for inner in value]
        else:
            values = [value[part] if isinstance(value, Mapping) and part in value else MISSING for value in values]
    return [value for value in values if value is not MISSING]


def _references(value: Any) -> Iterator[str]:
    """The logical ids of the same template that a value is made of."""
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), *_]}:
            yield name
        case {"Fn::GetAtt": str(name)}:
            yield name.split(".")[0]
        case Mapping():
            for inner in value.values():
                yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)


def _read(value: Any, templates: Templates) -> Iterator[Known]:
    """The (stack, output) of other stacks that a value, or a whole template, is made of."""
    match value:
        case {"Fn::GetStackOutput": {"StackName": str(stack), "OutputName": str(output)}}:
            yield stack, output
        case {"Fn::ImportValue": str(export)}:
            for stack, template in templates.items():
                for output, said in template.get("Outputs", {}).items():
                    if said.get("Export", {}).get("Name") == export:
                        yield stack, output
        case Mapping():
            for inner in value.values():
                yield from _read(inner, templates)
        case list():
            for inner in value:
                yield from _read(inner, templates)


def _deployed(template: Template) -> dict[str, Any]:
    """What CloudFormation compares before it says that there is nothing to do."""
    return {
        key: value for key, value in template.items() if key in ("Resources", "Outputs", "Parameters", "Conditions")
    }
