"""The change log's newest heading is the version that is built."""

from __future__ import annotations

import re
import tomllib

from stacks.settings import REPOSITORY


def test_the_newest_heading_is_the_version_that_is_built() -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## (\S+) · ", (REPOSITORY / "docs" / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == version
    assert len(set(headings)) == len(headings)
