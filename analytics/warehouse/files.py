"""The SQL files of the warehouse, read as statements."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent


@functools.cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of `<name>.sql` below this folder, without comments and without their semicolons."""
    return tuple(_split((FOLDER / f"{name}.sql").read_text()))


def _split(text: str) -> Iterator[str]:
    """A statement ends with a semicolon at a line's end, outside $$."""
    lines: list[str] = []
    for line in text.splitlines():
        if line.lstrip().startswith("--") or not (line.strip() or lines):
            continue
        lines.append(line)
        if line.rstrip().endswith(";") and sum(held.count("$$") for held in lines) % 2 == 0:
            yield "\n".join(lines).strip().removesuffix(";")
            lines = []
    if lines:
        raise ValueError(f"the last statement does not end: {lines[0]}")
