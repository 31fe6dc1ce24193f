"""What each function costs to import, against Logger + validating resolver + psycopg: a cold start pays it once.

Processor time in a fresh interpreter, least of three tries, as in bench.doors. Lambda's own start is not in it.
"""

from __future__ import annotations

from bench._figures import REPOSITORY, Figures
from bench.doors import REFERENCE, REPEATS, _milliseconds


def handlers() -> list[str]:
    """The modules of lambdas/ that Lambda calls."""
    return sorted(
        path.stem for path in (REPOSITORY / "lambdas").glob("*.py") if "\nhandler = " in (text := path.read_text())
        or "\ndef handler(" in text
    )  # fmt: skip


def run() -> Figures:
    """Milliseconds and ratio of each, and the worst ratio."""
    names = handlers()
    for name in names:
        _milliseconds(f"import lambdas.{name}")
    spent, ratios = {}, {}
    for name in names:
        # In turns with the reference, so that a busy machine slows both.
        tries = [(_milliseconds(f"import lambdas.{name}"), _milliseconds(REFERENCE)) for _ in range(REPEATS)]
        spent[name] = min(mine for mine, _ in tries)
        ratios[name] = spent[name] / min(theirs for _, theirs in tries)
    worst = max(ratios, key=lambda name: ratios[name])
    return {
        **{f"{name}_cold_ms": round(spent[name]) for name in names},
        **{f"{name}_cold_ratio": round(ratios[name], 2) for name in names},
        "worst_cold": worst,
        "worst_cold_ratio": round(ratios[worst], 2),
    }
