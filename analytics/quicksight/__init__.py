"""QuickSight's reports, made from the metrics: data source and sets, theme, dashboard and topic, as its API takes them.

`resources.all_of(place)` makes everything, `resources.cloudformation` says it as a template does, `checking.problems`
finds what QuickSight would refuse. Nothing here calls it, and nothing is drawn by hand: a metric that is added to
analytics/metrics is there too.
"""
