"""A rule said no: what a person may be told, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loyalty.invalid import Problem


class Kind(StrEnum):
    """What sort of no it is; the door decides the HTTP status."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    UNAVAILABLE = "unavailable"


class Refusal(Exception):
    """`code` is stable and in kebab-case, `detail` is for a person, `field` names the input that is wrong, `problems`
    all of them if there may be several.

    Nothing personal goes into `detail`: it is logged.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        problems: Sequence[Problem] = (),
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind = kind
        self.code = code
        self.detail = detail
        self.field = field
        self.problems = tuple(problems)
        self.retry_after_seconds = retry_after_seconds
