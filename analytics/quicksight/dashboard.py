"""The dashboard: a sheet for each of the metrics' sheets, and on it each metric's chart with its figures beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analytics.metrics.definition import SHEETS, Metric
from analytics.quicksight import theme, visuals
from analytics.quicksight.place import DASHBOARD_READ, Place

NAME = "programme"
TITLES = {
    "customers": "Customers",
    "points": "Points and liability",
    "products": "Products",
    "seasonality": "Seasons",
    "campaigns": "Campaigns",
    "operations": "Operations",
}
# The grid is 36 columns wide.
HALF, WHOLE, HEIGHT = 18, 36, 12


def dashboard(place: Place, metrics: Sequence[Metric]) -> dict[str, Any]:
    """For CreateDashboard."""
    return {
        "AwsAccountId": place.account,
        "DashboardId": place.id(NAME),
        "Name": "Loyalty programme",
        "ThemeArn": place.arn("theme", theme.NAME),
        "Definition": definition(place, metrics),
        "DashboardPublishOptions": {
            "AdHocFilteringOption": {"AvailabilityStatus": "ENABLED"},
            "ExportToCSVOption": {"AvailabilityStatus": "ENABLED"},
            "SheetControlsOption": {"VisibilityState": "EXPANDED"},
        },
        **({"Permissions": place.may(DASHBOARD_READ)} if place.readers else {}),
    }


def definition(place: Place, metrics: Sequence[Metric]) -> dict[str, Any]:
    """What is on the dashboard."""
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": metric.name, "DataSetArn": place.arn("dataset", metric.name)} for metric in metrics
        ],
        "Sheets": [
            _sheet(sheet, on_it, metrics)
            for sheet in SHEETS
            if (on_it := [metric for metric in metrics if metric.sheet == sheet])
        ],
        "AnalysisDefaults": {"DefaultNewSheetConfiguration": {"SheetContentType": "INTERACTIVE"}},
    }


def _sheet(sheet: str, on_it: Sequence[Metric], metrics: Sequence[Metric]) -> dict[str, Any]:
    sheets = {metric.name: metric.sheet for metric in metrics}
    shown: list[dict[str, Any]] = []
    placed: list[dict[str, Any]] = []
    for row, metric in enumerate(on_it):
        left = 0
        if metric.chart.kind != "table":
            drill = sheets.get(metric.drill or "")
            shown.append(visuals.chart(metric, drill if drill != sheet else None))
            placed.append(_at(visuals.chart_id(metric), row, 0, HALF))
            left = HALF
        shown.append(visuals.table(metric))
        placed.append(_at(visuals.table_id(metric), row, left, WHOLE - left))
    return {
        "SheetId": sheet,
        "Name": TITLES[sheet],
        "ContentType": "INTERACTIVE",
        "Visuals": shown,
        "Layouts": [{"Configuration": {"GridLayout": {"Elements": placed}}}],
    }


def _at(visual_id: str, row: int, column: int, width: int) -> dict[str, Any]:
    return {
        "ElementId": visual_id,
        "ElementType": "VISUAL",
        "ColumnIndex": column,
        "ColumnSpan": width,
        "RowIndex": row * HEIGHT,
        "RowSpan": HEIGHT,
    }
