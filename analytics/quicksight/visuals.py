"""A metric's visuals: its chart, and a table with every column, so that no figure is only a colour or a length."""

from __future__ import annotations

from typing import Any

from analytics.metrics.definition import Column, Metric

MOST_BARS = 20
DECIMALS = {"percent": 1, "ratio": 2, "days": 1, "money": 2}


def chart_id(metric: Metric) -> str:
    return f"{metric.name.replace('_', '-')}-chart"


def table_id(metric: Metric) -> str:
    return f"{metric.name.replace('_', '-')}-table"


def chart(metric: Metric, drill_sheet: str | None) -> dict[str, Any]:
    """The visual of the metric's chart, which is no table. `drill_sheet`: where its drill is, if elsewhere."""
    kind, field_wells = metric.chart.kind, _wells(metric)
    about = _about(metric, chart_id(metric), metric.title)
    if drill_sheet is not None:
        about["Actions"] = [_leads_to(drill_sheet)]
    if kind in ("line", "area"):
        return {"LineChartVisual": about | {"ChartConfiguration": {
            "FieldWells": {"LineChartAggregatedFieldWells": field_wells}, "Type": kind.upper(),
        }}}  # fmt: skip
    if kind == "heatmap":
        return {"HeatMapVisual": about | {"ChartConfiguration": {
            "FieldWells": {"HeatMapAggregatedFieldWells": field_wells}}}}  # fmt: skip
    return {"BarChartVisual": about | {"ChartConfiguration": {
        "FieldWells": {"BarChartAggregatedFieldWells": field_wells},
        "BarsArrangement": "STACKED" if kind == "stacked" else "CLUSTERED",
        **_order(metric),
    }}}  # fmt: skip


def table(metric: Metric) -> dict[str, Any]:
    """Every row and column as the metric gives them."""
    fields = [_unaggregated(metric, column) for column in metric.columns]
    labels = [
        {"FieldId": field["FieldId"], "CustomLabel": column.title}
        for field, column in zip(fields, metric.columns, strict=True)
    ]
    about = _about(metric, table_id(metric), f"{metric.title}: figures")
    return {"TableVisual": about | {"ChartConfiguration": {
        "FieldWells": {"TableUnaggregatedFieldWells": {"Values": fields}},
        "FieldOptions": {"SelectedFieldOptions": labels},
    }}}  # fmt: skip


def _about(metric: Metric, visual_id: str, title: str) -> dict[str, Any]:
    return {
        "VisualId": visual_id,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": title}},
        "Subtitle": {"Visibility": "VISIBLE", "FormatText": {"PlainText": metric.question}},
        "VisualContentAltText": f"{metric.question} {metric.description}"[:1024],
    }


def _wells(metric: Metric) -> dict[str, Any]:
    """Which column is drawn as what. Amounts of several currencies have a small chart each."""
    shown = metric.chart
    columns = {column.name: column for column in metric.columns}
    if shown.kind == "heatmap":
        return {
            "Columns": [_dimension(metric, columns[shown.x or ""])],
            "Rows": [_dimension(metric, columns[shown.y[0]])],
            "Values": [_measure(metric, columns[shown.value or ""])],
        }
    wells: dict[str, Any] = {
        "Category": [_dimension(metric, columns[shown.x or ""])],
        "Values": [_measure(metric, columns[name]) for name in shown.y],
    }
    if shown.colour is not None:
        wells["Colors"] = [_dimension(metric, columns[shown.colour])]
    if shown.colour != "currency" and any(columns[name].format == "money" for name in shown.y):
        wells["SmallMultiples"] = [_dimension(metric, columns["currency"])]
    return wells


def _order(metric: Metric) -> dict[str, Any]:
    """Names are ordered by their figure, the longest bar first and not all of them; time by time."""
    first = metric.chart.y[0]
    columns = {column.name: column for column in metric.columns}
    if columns[metric.chart.x or ""].kind != "text":
        return {"Orientation": "VERTICAL"}
    return {
        "Orientation": "HORIZONTAL",
        "SortConfiguration": {
            "CategorySort": [{"FieldSort": {"FieldId": _field_id(metric, first, "chart"), "Direction": "DESC"}}],
            "CategoryItemsLimit": {"ItemsLimit": MOST_BARS, "OtherCategories": "EXCLUDE"},
        },
    }


def _field_id(metric: Metric, column: str, visual: str) -> str:
    return f"{metric.name}.{visual}.{column}"


def _column(metric: Metric, column: Column) -> dict[str, str]:
    return {"DataSetIdentifier": metric.name, "ColumnName": column.name}


def _dimension(metric: Metric, column: Column) -> dict[str, Any]:
    field = {"FieldId": _field_id(metric, column.name, "chart"), "Column": _column(metric, column)}
    if column.kind in ("date", "month"):
        return {"DateDimensionField": field | {"DateGranularity": "MONTH" if column.kind == "month" else "DAY"}}
    return {"NumericalDimensionField" if column.kind == "number" else "CategoricalDimensionField": field}


def _measure(metric: Metric, column: Column) -> dict[str, Any]:
    """Sums only of what may be summed: a share of two groups is no sum of their shares."""
    (said,) = (measure for measure in metric.measures if measure.name == column.name)
    return {
        "NumericalMeasureField": {
            "FieldId": _field_id(metric, column.name, "chart"),
            "Column": _column(metric, column),
            "AggregationFunction": {"SimpleNumericalAggregation": "SUM" if said.whole else "AVERAGE"},
            "FormatConfiguration": {"FormatConfiguration": _number(column)},
        }
    }


def _unaggregated(metric: Metric, column: Column) -> dict[str, Any]:
    field = {"FieldId": _field_id(metric, column.name, "table"), "Column": _column(metric, column)}
    if column.kind == "measure":
        return field | {"FormatConfiguration": {"NumberFormatConfiguration": {"FormatConfiguration": _number(column)}}}
    if column.type == "date":
        pattern = "YYYY-MM" if column.kind == "month" else "YYYY-MM-DD"
        return field | {"FormatConfiguration": {"DateTimeFormatConfiguration": {"DateTimeFormat": pattern}}}
    return field


def _number(column: Column) -> dict[str, Any]:
    decimals = DECIMALS.get(column.format or "", 0) + (
        2 if column.type == "fraction" and column.format == "money" else 0
    )
    shown = "PercentageDisplayFormatConfiguration" if column.format == "percent" else "NumberDisplayFormatConfiguration"
    return {shown: {"DecimalPlacesConfiguration": {"DecimalPlaces": decimals}}}


def _leads_to(sheet: str) -> dict[str, Any]:
    return {
        "CustomActionId": f"to-{sheet}",
        "Name": "More about it",
        "Trigger": "DATA_POINT_MENU",
        "ActionOperations": [{"NavigationOperation": {"LocalNavigationConfiguration": {"TargetSheetId": sheet}}}],
    }
