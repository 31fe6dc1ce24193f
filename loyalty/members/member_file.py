"""Members from a file: `number,email,phone,tier,country,language`, one member a line."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty import lines as files
from loyalty.database import Connection
from loyalty.importing import NotThisFile, OutOfTime, Progress, Rejects
from loyalty.members import membership
from loyalty.members.membership import NUMBER, NewMember
from loyalty.programme.document import Programme
from loyalty.refusal import Refusal

HEADER = (b"number", b"email", b"phone", b"tier", b"country", b"language")
MEMBERS_PER_BATCH = 1_000


class MemberImport:
    """One run over one file; `run` may stop early and says in `progress` where the next run goes on."""

    def __init__(
        self, connection: Connection, program_id: int, document: Programme, rejects: Rejects, progress: Progress
    ) -> None:
        self.progress = progress
        self._connection = connection
        self._program_id = program_id
        self._document = document
        self._rejects = rejects

    def run(self, chunks: Iterable[bytes], out_of_time: OutOfTime = lambda: False) -> bool:
        """Import from `progress.offset`, where `chunks` begin; True when the file's end was reached.

        Raises NotThisFile, psycopg.Error.
        """
        batch: list[tuple[int, NewMember]] = []
        position, number = self.progress.offset, self.progress.line
        for block in files.blocks(chunks):
            for line in block:
                position += len(line) + 1 + (line.skipped if isinstance(line, files.TooLong) else 0)
                number += 1
                if not self.progress.columns:
                    self._read_header(line)
                elif line.strip():
                    self.progress.lines += 1
                    member = self._member(number, line)
                    if member is not None:
                        batch.append((number, member))
                if len(batch) >= MEMBERS_PER_BATCH:
                    self._save(batch, position, number)
                    batch = []
                    if out_of_time():
                        return False
        if not self.progress.columns:
            raise NotThisFile("the file is empty")
        self._save(batch, position, number)
        return True

    def _read_header(self, line: bytes) -> None:
        columns = files.header(line)
        if columns not in (HEADER, (b"member_number", *HEADER[1:])):
            raise NotThisFile(f"the first line must be {b','.join(HEADER).decode()}")
        self.progress.columns = len(columns)

    def _member(self, number: int, line: bytes) -> NewMember | None:
        fields = files.quoted(line.rstrip(b"\r"))
        if fields is None or len(fields) != len(HEADER) or isinstance(line, files.TooLong):
            self._reject(number, "", "columns" if fields else "unreadable")
            return None
        name, email, phone, tier, country, language = (field.decode().strip() for field in fields)
        try:
            return membership.checked(self._document, NewMember(name, email, phone or None, tier, country, language))
        except Refusal as refusal:
            self._reject(number, name, refusal.field or refusal.code)
            return None

    def _save(self, batch: list[tuple[int, NewMember]], offset: int, line: int) -> None:
        if batch:
            members = [member for _, member in batch]
            statuses = membership.create_many(self._connection, self._program_id, members, "import")
            for (number, member), status in zip(batch, statuses, strict=True):
                if status == "created":
                    self.progress.accepted += 1
                    self.progress.records_accepted += 1
                elif status == "same":
                    self.progress.replayed += 1
                    self.progress.records_replayed += 1
                else:
                    self._reject(number, member.number, "member-exists")
        self.progress.offset, self.progress.line = offset, line

    def _reject(self, line: int, number: str, reason: str) -> None:
        self._rejects(line, number if NUMBER.fullmatch(number) else "", reason)
        self.progress.reject(reason)
        self.progress.records_rejected += 1
