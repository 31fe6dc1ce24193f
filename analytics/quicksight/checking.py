"""What QuickSight would refuse, found without it: against the SDK's model of its API, and between the resources.

The SDK's own validation knows missing and unknown members and wrong types. It lets wrong words, lengths and patterns
pass, which the model has too, and knows nothing of what one resource says about another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator

from analytics.quicksight.resources import Resource


def problems(resources: Sequence[Resource]) -> list[str]:
    """In words, nothing if all is well."""
    model = botocore.session.get_session().get_service_model("quicksight")
    found = [problem for resource in resources for problem in _of_the_model(model, resource)]
    # What has not the form of the API cannot be compared.
    return found or list(_between(resources))


def _of_the_model(model: ServiceModel, resource: Resource) -> Iterator[str]:
    shape = model.operation_model(resource.operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(resource.body, shape)
    if report.has_errors():
        yield from (f"{resource.operation}: {line}" for line in report.generate_report().splitlines())
    else:
        yield from _of_the_shape(shape, resource.body, resource.operation)


def _of_the_shape(shape: Shape, value: Any, place: str) -> Iterator[str]:
    """Words, lengths and patterns, below a value whose members and types are right."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    size = len(value) if isinstance(value, str | list | dict) else value
    if not isinstance(shape, StructureShape) and isinstance(size, int) and not isinstance(size, bool):
        if least is not None and size < least:
            yield f"{place}: {size} is less than {least}"
        if most is not None and size > most:
            yield f"{place}: {size} is more than {most}"
    match shape:
        case StructureShape():
            for name, member in value.items():
                yield from _of_the_shape(shape.members[name], member, f"{place}.{name}")
        case ListShape():
            for number, member in enumerate(value):
                yield from _of_the_shape(shape.member, member, f"{place}[{number}]")
        case MapShape():
            for name, member in value.items():
                yield from _of_the_shape(shape.value, member, f"{place}.{name}")
        case StringShape():
            if shape.enum and value not in shape.enum:
                yield f"{place}: {value} is none of {', '.join(shape.enum)}"
            pattern = shape.metadata.get("pattern")
            if pattern and not re.fullmatch(pattern.removeprefix("^").removesuffix("$"), value):
                yield f"{place}: {value} is not like {pattern}"


def _between(resources: Sequence[Resource]) -> Iterator[str]:
    columns = {
        body["DataSetId"]: {column["Name"] for column in table["CustomSql"]["Columns"]}
        for body in _bodies(resources, "CreateDataSet")
        for table in body["PhysicalTableMap"].values()
    }
    yield from _twice("DataSetId", (body["DataSetId"] for body in _bodies(resources, "CreateDataSet")))
    for body in _bodies(resources, "CreateDashboard"):
        yield from _of_the_dashboard(body["Definition"], columns)
    for body in _bodies(resources, "CreateTopic"):
        for data_set in body["Topic"]["DataSets"]:
            there = columns.get(_id(data_set["DatasetArn"]), set())
            named = [column["ColumnName"] for column in data_set["Columns"]]
            named += [field["FieldName"] for entity in data_set["NamedEntities"] for field in entity["Definition"]]
            if "DataAggregation" in data_set:
                named.append(data_set["DataAggregation"]["DefaultDateColumnName"])
            for name in dict.fromkeys(named):
                if name not in there:
                    yield f"topic: {data_set['DatasetName']} has no column {name}"


def _of_the_dashboard(definition: dict[str, Any], columns: dict[str, set[str]]) -> Iterator[str]:
    declared = {
        said["Identifier"]: columns.get(_id(said["DataSetArn"])) for said in definition["DataSetIdentifierDeclarations"]
    }
    for identifier, known in declared.items():
        if known is None:
            yield f"dashboard: {identifier} is no data set"
    sheets = [sheet["SheetId"] for sheet in definition["Sheets"]]
    visuals = [visual for sheet in definition["Sheets"] for kinds in sheet["Visuals"] for visual in kinds.values()]
    yield from _twice("SheetId", sheets)
    yield from _twice("VisualId", (visual["VisualId"] for visual in visuals))
    for visual in visuals:
        fields = list(_having("Column", visual))
        yield from _twice("FieldId", (field["FieldId"] for field in fields))
        there = {field["FieldId"] for field in fields}
        for field in fields:
            column = field["Column"]
            if column["ColumnName"] not in (declared.get(column["DataSetIdentifier"]) or set()):
                yield f"{visual['VisualId']}: {column['DataSetIdentifier']} has no column {column['ColumnName']}"
        for said in _having("FieldId", visual):
            if said["FieldId"] not in there:
                yield f"{visual['VisualId']}: there is no field {said['FieldId']}"
        for said in _having("TargetSheetId", visual):
            if said["TargetSheetId"] not in sheets:
                yield f"{visual['VisualId']}: there is no sheet {said['TargetSheetId']}"
    for sheet in definition["Sheets"]:
        on_it = {visual["VisualId"] for kinds in sheet["Visuals"] for visual in kinds.values()}
        placed = [element["ElementId"] for element in _having("ElementId", sheet)]
        yield from _twice("ElementId", placed)
        for name in on_it.symmetric_difference(placed):
            yield f"{sheet['SheetId']}: {name} is not both there and placed"


def _bodies(resources: Iterable[Resource], operation: str) -> list[dict[str, Any]]:
    return [resource.body for resource in resources if resource.operation == operation]


def _having(key: str, within: Any) -> Iterator[dict[str, Any]]:
    """Every mapping inside that has the key."""
    if isinstance(within, dict):
        if key in within:
            yield within
        for value in within.values():
            yield from _having(key, value)
    elif isinstance(within, list):
        for value in within:
            yield from _having(key, value)


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, times in Counter(names).items():
        if times > 1:
            yield f"{what} {name} is there {times} times"


def _id(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]
