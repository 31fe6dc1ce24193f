"""What lies outside the database, as far as exports and erasures reach it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Line:
    """An ended account in the list outside the database: a key that says nothing, and when. `what`: closure is the
    member's own, erasure was asked for."""

    program_id: int
    request_id: UUID
    what: Literal["erasure", "closure"]
    erasure_key: str
    at: datetime


class SignIns(Protocol):
    """The pool of members' sign-ins."""

    def of(self, subject: str) -> Mapping[str, str]:
        """What it knows; empty if it is gone."""

    def remove(self, subject: str) -> bool:
        """Delete it; whether it was there."""


class Files(Protocol):
    """The buckets."""

    def document(self, key: str) -> bytes | None:
        """A PDF; None if it is gone."""

    def case_file(self, key: str) -> bytes | None:
        """A photo or label; None if it is gone or never came."""

    def put_export(self, key: str, file: Path) -> None: ...

    def delete_documents(self, keys: Sequence[str]) -> int:
        """All versions; how many files there were."""

    def delete_case_files(self, keys: Sequence[str]) -> int: ...

    def delete_exports(self, keys: Sequence[str]) -> int: ...


class EndedAccounts(Protocol):
    """The list of ended accounts, which no restore of the database makes shorter."""

    def add(self, line: Line) -> None:
        """Again is no harm."""

    def lines(self) -> Iterator[Line] | Iterable[Line]: ...
