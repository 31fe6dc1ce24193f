"""What finance's system is asked, and what it can say. Adapters speak; nothing here knows how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

type Kind = Literal["invoice", "credit_memo", "journal"]
type Format = Literal["json", "ubl"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A document as it leaves: the same text at every attempt. `key`: what the ERP knows it by."""

    kind: Kind
    key: str
    format: Format
    body: str


@dataclass(frozen=True, slots=True)
class Posted:
    """It is in the books."""

    document_id: str
    erp_status: str
    status: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """The ERP has it, and says later what becomes of it."""

    document_id: str
    erp_status: str
    status: int


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not taken as it is. `code`: the ERP's or ours; `detail`: for a person; `status` None: it never left."""

    code: str
    detail: str
    status: int | None


@dataclass(frozen=True, slots=True)
class Again:
    """No usable answer. `left`: the ERP may have it nevertheless."""

    problem: str
    left: bool
    status: int | None = None
    retry_after_seconds: int = 0


type Told = Posted | Accepted | Refused | Again


class ErpGateway(Protocol):
    """A programme's ERP."""

    def post(self, document: Outgoing) -> Told:
        """Give it a document; one that it has had is not booked again."""
        ...

    def status(self, document_id: str) -> Told:
        """What became of one that it accepted."""
        ...


class Unfit(Exception):
    """What we would send does not keep its own format's rules. `rule`: that rule's id."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(f"{rule}: {detail}")
        self.rule = rule
        self.detail = detail
