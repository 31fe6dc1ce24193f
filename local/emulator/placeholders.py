"""CloudFormation types that MiniStack does not know are recorded, not refused: a placeholder is not a tested resource.

Each gets an ARN and an answer to every attribute that its template asks for. The list is kept with the state, shown to
the person who runs the cloud, and asserted by a test, so that it can only shrink knowingly.
"""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners, stacks

from local.emulator.pinned import private, replace
from local.emulator.settings import ACCOUNT, REGION

# A property that is the resource's name on AWS, and therefore its Ref.
_NAMES = ("Name", "DBProxyName", "RuleSetName")


class Registry(dict[str, Any]):
    """MiniStack's table of types, with an answer for every other `AWS::…`."""

    def __init__(self, known: dict[str, Any], record: Record) -> None:
        super().__init__(known)
        self._record = record
        self._templates: dict[str, Any] = {}

    def deploying(self, stack: str, template: Any, resources: dict[str, Any]) -> None:
        """Remember the template: a placeholder has the attributes it asks for, also one that stands already."""
        self._templates[stack] = template
        for logical_id, resource in resources.items():
            if not super().__contains__(resource.get("ResourceType")):
                for name in _attributes_asked_for(template, logical_id):
                    resource["Attributes"].setdefault(name, f"{resource['PhysicalResourceId']}.{name}")

    def __contains__(self, kind: object) -> bool:
        return super().__contains__(kind) or (isinstance(kind, str) and kind.startswith("AWS::"))

    def get(self, kind: str, default: Any = None) -> Any:
        if super().__contains__(kind):
            return super().__getitem__(kind)
        return self._placeholder(kind) if kind.startswith("AWS::") else default

    def __missing__(self, kind: str) -> Any:
        if kind.startswith("AWS::"):
            return self._placeholder(kind)
        raise KeyError(kind)

    def _placeholder(self, kind: str) -> dict[str, Any]:
        create = functools.partial(self._create, kind)

        def update(
            physical_id: str, old: Any, new: Any, stack: str, logical_id: str | None = None
        ) -> tuple[str, dict[str, str]]:
            return create(logical_id or physical_id, new, stack)

        return {"create": create, "update": update, "update_with_logical_id": True, "delete": lambda *_: None}

    def _create(self, kind: str, logical_id: str, properties: dict[str, Any], stack: str) -> tuple[str, dict[str, str]]:
        self._record.add(kind, f"{stack}/{logical_id}")
        _, service, noun = kind.split("::", 2)
        named = [properties[name] for name in _NAMES if isinstance(properties.get(name), str)]
        physical_id = named[0] if named else f"{stack}-{logical_id}"
        arn = f"arn:aws:{service.lower()}:{REGION}:{ACCOUNT}:{noun.lower()}/{physical_id}"
        attributes = {
            name: arn if name.endswith("Arn") else f"{physical_id}.{name}"
            for name in _attributes_asked_for(self._templates.get(stack), logical_id)
        }
        return physical_id, {**attributes, "Arn": arn, "Id": physical_id}


class Record:
    """The placeholders made so far, by type; kept in a file, because a restart does not make them again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[str, list[str]] = json.loads(path.read_text()) if path.exists() else {}

    def add(self, kind: str, resource: str) -> None:
        resources = self._found.setdefault(kind, [])
        if resource not in resources:
            resources.append(resource)
            self._path.write_text(json.dumps(self._found, indent=1, sort_keys=True))

    def found(self) -> dict[str, list[str]]:
        """Type → the resources ("Stack/LogicalId") that are placeholders."""
        return {kind: sorted(resources) for kind, resources in sorted(self._found.items())}


def install(path: Path) -> Record:
    """Put the registry in every module that imported MiniStack's by name."""
    record = Record(path)
    registry = Registry(private(provisioners, "_RESOURCE_HANDLERS"), record)
    deploy = private(stacks, "_deploy_stack_async")

    async def deploy_with_template(name: str, stack_id: str, template: Any, *arguments: Any, **named: Any) -> Any:
        before = named.get("previous_stack") or {}
        registry.deploying(name, template, before.get("_resources") or {})
        return await deploy(name, stack_id, template, *arguments, **named)

    replaced = Counter[str]()
    for found in pkgutil.iter_modules(cloudformation.__path__):
        module = importlib.import_module(f"{cloudformation.__name__}.{found.name}")
        for name, value in (("_RESOURCE_HANDLERS", registry), ("_deploy_stack_async", deploy_with_template)):
            if hasattr(module, name):
                replace(module, name, value)
                replaced[name] += 1
    assert replaced == {"_RESOURCE_HANDLERS": 2, "_deploy_stack_async": 3}, f"ministack==1.5.33 has others: {replaced}"
    return record


def handlers() -> dict[str, Any]:
    """The registry in use: patches of single types write into it."""
    table: dict[str, Any] = private(provisioners, "_RESOURCE_HANDLERS")
    return table


def _attributes_asked_for(node: Any, logical_id: str) -> Iterator[str]:
    if isinstance(node, dict):
        asked = node.get("Fn::GetAtt")
        if isinstance(asked, list) and asked[:1] == [logical_id]:
            yield asked[1]
        elif isinstance(asked, str) and asked.startswith(f"{logical_id}."):
            yield asked.partition(".")[2]
        text = node.get("Fn::Sub")
        for part in text if isinstance(text, list) else [text]:
            if isinstance(part, str):
                yield from re.findall(rf"\$\{{{re.escape(logical_id)}\.([^}}]+)\}}", part)
        for child in node.values():
            yield from _attributes_asked_for(child, logical_id)
    elif isinstance(node, list):
        for child in node:
            yield from _attributes_asked_for(child, logical_id)
