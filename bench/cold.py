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
    statements = {"reference": REFERENCE, **{name: f"import lambdas.{name}" for name in handlers()}}
    for statement in statements.values():
        _milliseconds(statement)
    taken = {name: min(_milliseconds(one) for _ in range(REPEATS)) for name, one in statements.items()}
    reference = taken.pop("reference")
    ratios = {name: taken[name] / reference for name in taken}
    worst = max(ratios, key=lambda name: ratios[name])
    return {
        "reference_cold_ms": round(reference),
        **{f"{name}_cold_ms": round(spent) for name, spent in taken.items()},
        **{f"{name}_cold_ratio": round(ratio, 2) for name, ratio in ratios.items()},
        "worst_cold": worst,
        "worst_cold_ratio": round(ratios[worst], 2),
    }
