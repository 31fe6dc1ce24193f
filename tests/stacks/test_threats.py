"""docs/security.md stays true: every proof that it names is there."""

from __future__ import annotations

import re

from tests.conftest import REPOSITORY

PAGE = REPOSITORY / "docs" / "security.md"


def test_every_proof_that_the_threat_model_names_exists() -> None:
    named = re.findall(r"`((?:tests|database|docs)/[\w./]+?)(?:::(\w+))?`", PAGE.read_text())
    assert len(named) > 25
    for path, test in named:
        file = REPOSITORY / path
        assert file.is_file(), path
        assert not test or re.search(rf"^def {test}\(", file.read_text(), re.MULTILINE), f"{path}::{test}"


def test_every_page_that_the_threat_model_leads_to_exists() -> None:
    for target in re.findall(r"\]\(([\w./-]+\.md)\)", PAGE.read_text()):
        assert (PAGE.parent / target).is_file(), target


def test_every_boundary_says_what_holds_and_what_proves_it() -> None:
    boundaries = (
        PAGE.read_text().partition("## Where they would have to pass")[2].partition("\n## ")[0].split("\n### ")[1:]
    )
    assert len(boundaries) >= 9
    for boundary in boundaries:
        title, *lines = boundary.splitlines()
        rows = [line.strip("| ").split(" | ") for line in lines if re.match(r"^\| [STRIDE]", line)]
        assert rows, title
        for row in rows:
            assert len(row) == 4, f"{title}: {row}"
            assert set(row[0]) <= set("STRIDE, "), f"{title}: {row[0]}"
            assert all(row[1:]), f"{title}: {row}"
