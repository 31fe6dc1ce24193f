"""Every query of the operators' handbook runs on the database as it is."""

from __future__ import annotations

import re

import pytest

from tests.conftest import TestDatabase
from tests.operations.handbook import PAGES, Command, sql

ID = "01939fb0-0000-7000-8000-000000000000"


def _inline() -> list[Command]:
    """Queries that stand in a sentence."""
    return [
        Command(page.name, number, query)
        for page in PAGES
        for number, line in enumerate(page.read_text().splitlines(), start=1)
        for query in re.findall(r"`((?:select|call) [^`]*)`", line)
    ]


@pytest.mark.parametrize("query", [*sql(), *_inline()], ids=str)
def test_a_query_of_the_handbook_runs(database: TestDatabase, query: Command) -> None:
    text = re.sub(r"'(?:…|<\w+>)'", f"'{ID}'", query.text)
    with database.owner() as connection:
        connection.execute(text)  # type: ignore[call-overload]
