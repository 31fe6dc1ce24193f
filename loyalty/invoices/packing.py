"""Papers that come in an archive, and names that strangers gave."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MOST_ENTRIES = 50
MOST_BYTES = 60 << 20
# Text shrinks to a twentieth; what shrinks more is packed to do harm.
MOST_RATIO = 100
_SMALL_BYTES = 1 << 20
_STORED_OR_DEFLATED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class NotTaken(Exception):
    """Nothing of this mail is taken; the text is the reason's code."""


@dataclass(frozen=True, slots=True)
class Found:
    """A paper as it came; with a `reason` it is kept as refused."""

    name: str
    data: bytes = field(repr=False)
    reason: str | None = None


def name(given: str) -> str:
    """A file's name without its path, in letters that every system has, at most 60; empty if none of it is left."""
    last = re.split(r"[/\\]", given)[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    stem, dot, ending = re.sub(r"[^A-Za-z0-9.-]+", "_", plain).strip("._-").rpartition(".")
    return f"{stem[: 59 - len(ending)]}.{ending}" if dot and len(ending) <= 10 else f"{stem}{dot}{ending}"[:60]


def unpacked(archive: str, data: bytes) -> Iterator[Found]:
    """The PDFs in it, or the archive itself with the reason why nothing is taken out of it.

    Reasons: archive_unreadable, archive_encrypted, archive_in_archive, archive_too_large, archive_bomb.
    """
    try:
        papers = list(_papers(data))
    except NotTaken as failure:
        yield Found(archive, data, str(failure))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, NotImplementedError, RuntimeError):
        yield Found(archive, data, "archive_unreadable")
    else:
        yield from papers


def _papers(data: bytes) -> Iterator[Found]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        if len(entries) > MOST_ENTRIES:
            raise NotTaken("archive_too_large")
        total = 0
        for entry in entries:
            if entry.flag_bits & 0x1:
                raise NotTaken("archive_encrypted")
            if entry.compress_type not in _STORED_OR_DEFLATED:
                raise NotTaken("archive_unreadable")
            paper = _unpacked(archive, entry, MOST_BYTES - total)
            total += len(paper)
            if paper.startswith(b"PK\x03\x04"):
                raise NotTaken("archive_in_archive")
            if paper.startswith(b"%PDF-") or entry.filename.lower().endswith(".pdf"):
                yield Found(name(entry.filename) or "invoice.pdf", paper)


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    # What the archive says of itself is a lie or not: only what comes out counts.
    with archive.open(entry) as opened:
        paper = opened.read(min(most, max(_SMALL_BYTES, entry.compress_size * MOST_RATIO)) + 1)
    if len(paper) > most:
        raise NotTaken("archive_too_large")
    if len(paper) > _SMALL_BYTES and len(paper) > entry.compress_size * MOST_RATIO:
        raise NotTaken("archive_bomb")
    return paper
