"""What a web door costs to import, against what any such door needs: Logger, validating resolver, psycopg.

Processor time of the imports alone, in a fresh interpreter each time, bytecode compiled by a run before. All sides take
turns; a round's figure is the least of three tries, for noise only ever adds.
"""

from __future__ import annotations

import subprocess
import sys

from bench._figures import REPOSITORY, ROUNDS, Budget, Figures, environment, spread

DOORS = ("member_api", "quote_api", "manager_api", "partner_api")
BUDGETS = {f"{door}_import_ratio": Budget(1.2) for door in DOORS}
REPEATS = 3

MEASURE = """
import time
began = time.process_time()
{imports}
print(time.process_time() - began)
"""
REFERENCE = """
from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
import psycopg
logger, app = Logger(), APIGatewayRestResolver(enable_validation=True)
"""


def run() -> Figures:
    """Milliseconds of each side and the doors' ratios."""
    statements = {"reference": REFERENCE, **{door: f"import lambdas.{door}" for door in DOORS}}
    for statement in statements.values():
        _milliseconds(statement)
    taken: dict[str, list[float]] = {side: [] for side in statements}
    for _ in range(ROUNDS):
        tries = [{side: _milliseconds(statement) for side, statement in statements.items()} for _ in range(REPEATS)]
        for side, so_far in taken.items():
            so_far.append(min(one[side] for one in tries))
    figures = spread("reference_import_ms", taken["reference"], 0)
    for door in DOORS:
        ratios = [mine / theirs for mine, theirs in zip(taken[door], taken["reference"], strict=True)]
        figures |= spread(f"{door}_import_ratio", ratios, 2) | spread(f"{door}_import_ms", taken[door], 0)
    return figures


def _milliseconds(statements: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE.format(imports=statements)],
        cwd=REPOSITORY,
        env=environment(POWERTOOLS_SERVICE_NAME="bench"),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout) * 1000
