"""Everything of QuickSight, and the operation of its API that each is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analytics.metrics.catalogue import metrics
from analytics.quicksight.dashboard import dashboard
from analytics.quicksight.data_sets import data_set
from analytics.quicksight.place import Place
from analytics.quicksight.theme import theme
from analytics.quicksight.topic import topic

_TYPES = {
    "CreateDataSource": "AWS::QuickSight::DataSource",
    "CreateDataSet": "AWS::QuickSight::DataSet",
    "CreateTheme": "AWS::QuickSight::Theme",
    "CreateDashboard": "AWS::QuickSight::Dashboard",
    "CreateTopic": "AWS::QuickSight::Topic",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """`operation`: one of the API's, CreateDataSet for example; `body`: its input."""

    operation: str
    body: dict[str, Any]


def all_of(place: Place) -> tuple[Resource, ...]:
    """In the order in which they can be made, once the data source is there (`data_sets.data_source`)."""
    known = metrics()
    return (
        *(Resource("CreateDataSet", data_set(place, metric)) for metric in known),
        Resource("CreateTheme", theme(place)),
        Resource("CreateDashboard", dashboard(place, known)),
        Resource("CreateTopic", topic(place, known)),
    )


def cloudformation(resource: Resource) -> tuple[str, dict[str, Any]]:
    """Type and properties in a template: the API's, only that a topic has no second level."""
    body = dict(resource.body)
    topic_of_it = body.pop("Topic", {})
    return _TYPES[resource.operation], body | topic_of_it
