"""Lines of a file of any size, in constant memory, whatever is in it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

# Longer than any honest record; what follows up to the line's end is skipped.
MAX_LINE_BYTES = 4096
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class TooLong(bytes):
    """The beginning of a line that is too long; `skipped` bytes of it are missing here."""

    skipped: int = 0


def blocks(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lists of whole lines without their line feeds: one list a chunk, because a generator step a line costs more.

    The lengths of the lines, plus one each and plus `TooLong.skipped`, add up to where the reader is in the file.
    """
    rest = b""
    long: TooLong | None = None
    for chunk in chunks:
        if long is not None:
            end = chunk.find(b"\n")
            long.skipped += len(chunk) if end < 0 else end
            if end < 0:
                continue
            yield [long]
            long, chunk = None, chunk[end + 1 :]
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        if max(map(len, lines), default=0) > MAX_LINE_BYTES:
            lines = [line if len(line) <= MAX_LINE_BYTES else _cut(line) for line in lines]
        yield lines
        if len(rest) > MAX_LINE_BYTES:
            long, rest = _cut(rest), b""
    if long is not None:
        yield [long]
    elif rest:
        yield [rest]


def quoted(line: bytes) -> list[bytes] | None:
    """The fields of a line with quotation marks in it; None if it is not one whole record in UTF-8."""
    try:
        records = list(csv.reader([line.decode()], strict=True))
    except (csv.Error, UnicodeDecodeError):
        return None
    return [field.encode() for field in records[0]] if len(records) == 1 else None


def header(line: bytes) -> tuple[bytes, ...]:
    """The names of a first line, quoted or not, with a spreadsheet's mark before them or not."""
    fields = quoted(line.removeprefix(BYTE_ORDER_MARK).rstrip(b"\r")) or []
    return tuple(name.strip() for name in fields)


def _cut(line: bytes) -> TooLong:
    cut = TooLong(line[:MAX_LINE_BYTES])
    cut.skipped = len(line) - MAX_LINE_BYTES
    return cut
