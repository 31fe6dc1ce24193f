"""Results as JSON lines: gzip files of at most 50 MB, numbers finite, never half a file under its last name."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

# Before gzip: files stay far below 50 MB after it, and a line of one member is a few kB.
MOST_BYTES = 48 * 1024 * 1024


class NotFinite(Exception):
    """A result that is no number; it must not leave."""


def encoded(line: Mapping[str, Any]) -> bytes:
    """One line. Raises NotFinite."""
    try:
        return json.dumps(line, allow_nan=False, separators=(",", ":"), default=_plain).encode() + b"\n"
    except ValueError:
        raise NotFinite(f"a result is not finite, in {', '.join(sorted(_wrong(line)))}") from None


def write(folder: Path, lines: Iterable[Mapping[str, Any]], most_bytes: int = MOST_BYTES) -> int:
    """All lines as part-00000.jsonl.gz and on; how many there were. No line, no file."""
    folder.mkdir(parents=True, exist_ok=True)
    count, number, size = 0, 0, 0
    file: gzip.GzipFile | None = None
    for line in lines:
        raw = encoded(line)
        if file is not None and size + len(raw) > most_bytes:
            file.close()
            file, number, size = None, number + 1, 0
        if file is None:
            file = gzip.GzipFile(folder / f"part-{number:05}.jsonl.gz", "wb", compresslevel=6, mtime=0)
        file.write(raw)
        count, size = count + 1, size + len(raw)
    if file is not None:
        file.close()
    return count


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no part of a result")


def _wrong(line: Mapping[str, Any]) -> Iterable[str]:
    for name, value in line.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(one, float) and not math.isfinite(one) for one in values):
            yield name
