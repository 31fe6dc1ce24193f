"""docs/metrics.md, made from the metrics: `python -m analytics.metrics.documenting` writes it, a test compares."""

from __future__ import annotations

from pathlib import Path

from analytics.metrics.catalogue import metrics
from analytics.metrics.definition import SHEETS, Format, Metric
from analytics.metrics.dimensions import DIMENSIONS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "metrics.md"

FILTER_WORDS = {
    "from_day": "from",
    "to_day": "to",
    "tier": "level",
    "category": "category",
    "campaign": "campaign",
}
FORMAT_WORDS: dict[Format, str] = {
    "points": "points",
    "money": "money",
    "percent": "%",
    "count": "number",
    "days": "days",
    "ratio": "ratio",
}

OPENING = """\
# Metrics: what each figure means

This page is made from `analytics/metrics/*.yaml` (`python -m analytics.metrics.documenting`). The same definitions make
the manager app's report page, the warehouse's views (`loyalty.metric_<name>`) and QuickSight's data sets and topic, so
a figure is the same wherever it is read. They are SQL over the warehouse that Redshift and DuckDB answer alike.

* Every figure is of one programme. Every filter is optional. Newest day: the last one of which the warehouse has
  anything, or the day asked for if that is earlier.
* Money is in minor units of the row's currency, and amounts of two currencies are never one sum. %: 1 is all.
* A cell is empty where there is nothing to divide by: no figure, not 0.
* Points and liability are the [books'](books.md) own counts, by the books' accounting days. All other days and months
  are UTC.
* The warehouse knows members by a random key. Who was erased is in no figure about members; sums of points and money
  stay.

A metric is added by its YAML file; a mistake in one is told with file, line and key, all of them at once:
`analytics/metrics/definition.py` says what a file holds, `dimensions.py` which columns and filters there are.
"""


def page() -> str:
    """The page's text."""
    parts = [OPENING, _contents()]
    for sheet in SHEETS:
        parts.append(f"## {sheet.capitalize()}\n")
        parts += [_section(metric) for metric in metrics() if metric.sheet == sheet]
    return "\n".join(parts)


def _contents() -> str:
    rows = [f"| [{m.title}](#{_anchor(m.title)}) | `{m.name}` | {m.question} |" for m in metrics()]
    return "\n".join(["| metric | name | answers |", "|---|---|---|", *rows, ""])


def _anchor(title: str) -> str:
    return "".join(letter for letter in title.lower().replace(" ", "-") if letter.isalnum() or letter == "-")


def _section(metric: Metric) -> str:
    filters = ", ".join(FILTER_WORDS[name] for name in metric.filters)
    grain = ", ".join(f"{DIMENSIONS[name][0].lower()} (`{name}`)" for name in metric.grain)
    lines = [
        f"### {metric.title}",
        "",
        f"*{metric.question}* (`{metric.name}`)",
        "",
        metric.description,
        "",
        f"A row for each {grain}. Filters: {filters}."
        + (f" See also `{metric.drill}`." if metric.drill else "")
        + f" Also called {', '.join(metric.synonyms)}.",
        "",
        "| column | in | what |",
        "|---|---|---|",
        *(f"| {m.title} (`{m.name}`) | {FORMAT_WORDS[m.format]} | {m.description} |" for m in metric.measures),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.write_text(page())
