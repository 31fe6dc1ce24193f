"""The topic: what people may ask in their own words, with the metrics' names and synonyms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.metrics.definition import Column, Metric
from analytics.quicksight.place import Place

NAME = "questions"
# What QuickSight takes of a description.
LONGEST_OF_DATA_SET, LONGEST_OF_COLUMN = 256, 500
# A dimension that people call otherwise than it is titled.
ALSO = {
    "asin": ["reward", "item"],
    "category": ["department"],
    "from_tier": ["level before"],
    "month": ["time"],
    "tier": ["tier", "status"],
    "title": ["product name"],
    "to_tier": ["level after"],
}


def topic(place: Place, metrics: Sequence[Metric]) -> dict[str, Any]:
    """For CreateTopic."""
    return {
        "AwsAccountId": place.account,
        "TopicId": place.id(NAME),
        "Topic": {
            "Name": "Loyalty programme",
            "Description": "Members, points, products, seasons, campaigns and operations of the loyalty programme.",
            "UserExperienceVersion": "NEW_READER_EXPERIENCE",
            "DataSets": [_data_set(place, metric) for metric in metrics],
        },
    }


def _data_set(place: Place, metric: Metric) -> dict[str, Any]:
    dated = next((column for column in metric.columns if column.type == "date"), None)
    return {
        "DatasetArn": place.arn("dataset", metric.name),
        "DatasetName": metric.title,
        "DatasetDescription": metric.question[:LONGEST_OF_DATA_SET],
        **({"DataAggregation": _aggregation(dated)} if dated else {}),
        "Columns": [_column(metric, column) for column in metric.columns],
        "NamedEntities": [
            {
                "EntityName": metric.title,
                "EntityDescription": metric.description[:LONGEST_OF_COLUMN],
                "EntitySynonyms": list(metric.synonyms),
                "Definition": [{"FieldName": column.name} for column in metric.columns],
            }
        ],
    }


def _aggregation(dated: Column) -> dict[str, str]:
    return {
        "DatasetRowDateGranularity": "MONTH" if dated.kind == "month" else "DAY",
        "DefaultDateColumnName": dated.name,
    }


def _column(metric: Metric, column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {"ColumnName": column.name, "ColumnFriendlyName": column.title, "IsIncludedInTopic": True}
    if column.kind != "measure":
        synonyms = ALSO.get(column.name)
        return (
            told
            | {"ColumnDataRole": "DIMENSION"}
            | ({"TimeGranularity": "MONTH" if column.kind == "month" else "DAY"} if column.type == "date" else {})
            | ({"ColumnSynonyms": synonyms} if synonyms else {})
        )
    (said,) = (measure for measure in metric.measures if measure.name == column.name)
    first = said is metric.measures[0]
    return (
        told
        | {
            "ColumnDescription": said.description[:LONGEST_OF_COLUMN],
            "ColumnDataRole": "MEASURE",
            "Aggregation": "SUM" if said.whole else "AVERAGE",
            "NonAdditive": not said.whole,
            "DefaultFormatting": {"DisplayFormat": "PERCENT" if said.format == "percent" else "NUMBER"},
        }
        | ({"ColumnSynonyms": list(metric.synonyms)} if first else {})
    )
