"""Purchases from a file: one line a purchased thing, the lines of a basket together, one accrual a basket.

The header is `basket_id,member_number,occurred_at,category,spend_minor,currency`, with `,quantity` behind it or not.
Everything stays bytes until a basket is complete, because decoding each line would cost more than all the rest.
A line that is wrong takes its basket with it (the basket can then be sent again as a whole), never the file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from loyalty import lines as files
from loyalty.campaigns import shoppers
from loyalty.database import Connection
from loyalty.importing import NotThisFile, OutOfTime, Progress, Rejects
from loyalty.members.membership import NUMBER
from loyalty.points import bonuses, ledger
from loyalty.points.accruals import pending_until, terms
from loyalty.points.ledger import Status
from loyalty.programme import earning
from loyalty.programme.document import Programme
from loyalty.programme.schema.campaigns import Shopper

HEADER = (b"basket_id", b"member_number", b"occurred_at", b"category", b"spend_minor", b"currency")
BASKETS_PER_BATCH = 2_000
LINES_PER_BASKET = 10_000
LINES_PER_BATCH = 50_000

_REFERENCE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
_NUMBER = re.compile(NUMBER.pattern.encode())
# 13 digits: 10^13 cents, far from every bound of the ledger even with thousands of points a dollar.
_MAX_DIGITS = 13
_REMEMBERED = 100_000
EARLIEST_YEAR = 1970

_REASONS = {
    Status.UNKNOWN_MEMBER: "unknown-member",
    Status.KEY_REUSE: "conflict",
    Status.INVALID: "too-many-points",
}


@dataclass(slots=True)
class _Basket:
    reference: bytes
    number: bytes
    occurred: bytes
    lines: list[int] = field(default_factory=list)
    # What the partner said, for telling a repetition from a contradiction.
    said: list[bytes] = field(default_factory=list)
    parts: int = 0
    spend: int = 0
    reason: str | None = None
    occurred_at: datetime | None = None
    # Parts by category, where a campaign may ask for them.
    of_category: dict[bytes, int] = field(default_factory=dict)


class AccrualImport:
    """One run over one file; `run` may stop early and says in `progress` where the next run goes on."""

    def __init__(
        self,
        connection: Connection,
        program_id: int,
        document: Programme,
        partner: str,
        rejects: Rejects,
        progress: Progress,
    ) -> None:
        self.progress = progress
        self._connection = connection
        self._program_id = program_id
        self._document = document
        self._partner = partner
        self._rejects = rejects
        self._currency = document.store.currency.encode()
        self._rates: dict[bytes, int | None] = {}
        self._members: dict[bytes, tuple[Shopper, int] | None] = {}
        self._campaigns = earning.bonus_campaigns(document)
        self._expiries: dict[int, date] = {}

    def run(self, chunks: Iterable[bytes], out_of_time: OutOfTime = lambda: False) -> bool:
        """Import from `progress.offset`, where `chunks` begin; True when the file's end was reached.

        Reading goes on while the database works on the batch before. Raises NotThisFile, psycopg.Error.
        """
        with ThreadPoolExecutor(1) as worker:
            pending: Future[None] | None = None
            for batch, offset, line in self._batches(chunks):
                if pending is not None:
                    pending.result()
                pending = worker.submit(self._book, batch, offset, line)
                if out_of_time():
                    pending.result()
                    return False
            if pending is not None:
                pending.result()
        return True

    # ---- reading -----------------------------------------------------------------------------------------------

    def _batches(self, chunks: Iterable[bytes]) -> Iterator[tuple[list[_Basket], int, int]]:
        """Batches of complete baskets, each with the offset and line number where the next one begins."""
        position, number = self.progress.offset, self.progress.line
        width = self.progress.columns
        campaigns = bool(self._campaigns)
        basket = _Basket(b"", b"", b"")
        begins, begins_line = position, number
        batch: list[_Basket] = []
        batch_lines = 0
        for block in files.blocks(chunks):
            for line in block:
                start = position
                position += len(line) + 1
                number += 1
                if not width:
                    self.progress.columns = width = _width(line)
                    begins, begins_line = position, number
                    continue
                fields = line.split(b",")
                if len(fields) != width or b'"' in line or len(line) >= files.MAX_LINE_BYTES:
                    if not line.strip():
                        continue
                    if isinstance(line, files.TooLong):
                        position += line.skipped
                        fields = fields[:1]
                    elif b'"' in line:
                        fields = files.quoted(line) or fields[:1]
                reference = fields[0]
                if reference != basket.reference or len(basket.lines) >= LINES_PER_BASKET:
                    endless = reference == basket.reference
                    if endless:
                        basket.reason = "too-many-lines"
                    if basket.lines:
                        batch.append(basket)
                        batch_lines += len(basket.lines)
                        if len(batch) >= BASKETS_PER_BATCH or batch_lines >= LINES_PER_BATCH:
                            yield batch, start, number - 1
                            batch, batch_lines = [], 0
                    basket = _Basket(reference, b"", b"", reason="too-many-lines" if endless else None)
                basket.lines.append(number)
                if len(fields) != width:
                    basket.reason = basket.reason or ("too-long" if isinstance(line, files.TooLong) else "columns")
                    continue
                category, spend = fields[3], fields[4]
                if fields[1] != basket.number or fields[2] != basket.occurred:
                    self._open(basket, fields[1], fields[2])
                rate = self._rates.get(category, -1)
                if rate == -1:
                    rate = self._rate(category)
                if not spend.isdigit() or len(spend) > _MAX_DIGITS:
                    basket.reason = basket.reason or ("negative-spend" if spend[:1] == b"-" else "spend")
                elif rate is None:
                    basket.reason = basket.reason or "category"
                elif fields[5].rstrip() != self._currency:
                    basket.reason = basket.reason or "currency"
                elif width == 7 and not fields[6].rstrip().isdigit():
                    basket.reason = basket.reason or "quantity"
                else:
                    spent = int(spend)
                    basket.spend += spent
                    basket.parts += rate * spent
                    if campaigns:
                        basket.of_category[category] = basket.of_category.get(category, 0) + rate * spent
                    basket.said.append(category + b"=" + spend)
        if basket.lines:
            batch.append(basket)
        if not width:
            raise NotThisFile("the file is empty")
        if batch or (begins, begins_line) != (position, number):
            yield batch, position, number

    def _open(self, basket: _Basket, number: bytes, occurred: bytes) -> None:
        """A basket's first line says whose and when; later ones may only agree."""
        if basket.number:
            basket.reason = basket.reason or ("other-member" if number != basket.number else "other-time")
            return
        basket.number, basket.occurred = number, occurred
        if not _REFERENCE.fullmatch(basket.reference):
            basket.reason = "basket-id"
        elif not _NUMBER.fullmatch(number):
            basket.reason = "member-number"
        else:
            basket.occurred_at = _instant(occurred)
            if basket.occurred_at is None:
                basket.reason = "occurred-at"

    def _rate(self, category: bytes) -> int | None:
        """Parts of a point a minor unit earns before the member's tier multiplies it; None if it is no category."""
        if len(self._rates) > _REMEMBERED:
            self._rates.clear()
        try:
            text = category.decode()
        except UnicodeDecodeError:
            text = ""
        usable = bool(text.strip()) and len(text) <= 60 and text.isprintable()
        self._rates[category] = earning.rate(self._document, self._partner, text) if usable else None
        return self._rates[category]

    # ---- booking -----------------------------------------------------------------------------------------------

    def _book(self, batch: list[_Basket], offset: int, line: int) -> None:
        now, op_ids = self._prepare(batch)
        funder, unit_cost_micros = terms(self._document, self._partner)
        baskets: list[_Basket] = []
        accruals: list[ledger.Accrual] = []
        wanted: list[dict[str, int]] = []
        units: list[bonuses.Units] = []
        per_point = earning.parts_per_point(self._document)
        for basket, op_id in zip(batch, op_ids, strict=True):
            self.progress.lines += len(basket.lines)
            accrual = self._accrual(basket, op_id, now, funder, unit_cost_micros)
            if accrual is not None:
                baskets.append(basket)
                accruals.append(accrual)
                wanted.append(self._wanted(basket))
                units.append(bonuses.Units(basket.parts * 100 // per_point, basket.spend))
        answers = (
            []
            if not accruals
            else bonuses.accrue_many(
                self._connection,
                self._program_id,
                self._partner,
                funder,
                unit_cost_micros,
                f"import:{self._partner}",
                accruals,
                wanted,
                units,
            )
        )
        for basket, accrual, (status, bonus, tier) in zip(baskets, accruals, answers, strict=True):
            if tier is not None:
                # From the next batch on, what the new level gives.
                known = self._members[basket.number]
                assert known is not None
                self._members[basket.number] = self._earning(replace(known[0], tier=tier))
            if status is Status.OK:
                self._accept(basket, accrual.amount)
                self.progress.bonus_points += bonus
            elif status is Status.REPLAY:
                self.progress.replayed += len(basket.lines)
                self.progress.records_replayed += 1
            else:
                self._reject(basket, _REASONS.get(status, str(status)))
        self.progress.offset, self.progress.line = offset, line

    def _accrual(
        self, basket: _Basket, op_id: UUID, now: datetime, funder: str, unit_cost_micros: int
    ) -> ledger.Accrual | None:
        """The basket as an accrual; None when it is rejected here, or earns nothing and is done."""
        member = self._members.get(basket.number)
        occurred_at = basket.occurred_at
        if basket.reason is None and member is None:
            basket.reason = "unknown-member"
        if basket.reason is None and occurred_at is not None and occurred_at > now + timedelta(days=1):
            basket.reason = "future"
        if basket.reason is not None or member is None or occurred_at is None:
            self._reject(basket, basket.reason or "columns")
            return None
        shopper, percent = member
        expires_on = self._expires_on(occurred_at)
        if expires_on < now.astimezone(self._document.zone).date():
            self._reject(basket, "lapsed")
            return None
        amount = basket.parts * percent // earning.parts_per_point(self._document)
        if amount == 0:
            self._accept(basket, 0)
            return None
        said = b"\n".join((basket.number, occurred_at.isoformat().encode(), *basket.said))
        return ledger.Accrual(
            member_id=shopper.member_id,
            op_id=op_id,
            amount=amount,
            expires_on=expires_on,
            occurred_at=occurred_at,
            partner=self._partner,
            partner_reference=basket.reference.decode(),
            funder=funder,
            unit_cost_micros=unit_cost_micros,
            pending_until=pending_until(self._document, occurred_at),
            request_hash=hashlib.sha256(said).digest(),
        )

    def _wanted(self, basket: _Basket) -> dict[str, int]:
        """What campaigns promise for an accepted basket, in points, each rounded once."""
        member, occurred_at = self._members.get(basket.number), basket.occurred_at
        if not self._campaigns or member is None or occurred_at is None:
            return {}
        shopper, percent = member
        promised: dict[str, int] = {}
        for category, parts in basket.of_category.items():
            campaign = earning.campaign_of(self._campaigns, shopper, category.decode(), occurred_at)
            if campaign is not None:
                promised[campaign.code] = promised.get(campaign.code, 0) + earning.bonus(parts * percent, campaign)
        whole = {code: earning.whole_bonus(self._document, hundredths) for code, hundredths in promised.items()}
        return {code: points for code, points in whole.items() if points}

    def _prepare(self, batch: list[_Basket]) -> tuple[datetime, list[UUID]]:
        """Look up members not seen yet; the database's time and an id for each basket."""
        if len(self._members) > _REMEMBERED:
            self._members.clear()
        unseen = {basket.number for basket in batch if basket.reason is None} - self._members.keys()
        row = self._connection.execute(
            "select clock.now() as now, array(select clock.new_id() from generate_series(1, %s)) as ids", (len(batch),)
        ).fetchone()
        assert row is not None
        if unseen:
            found = shoppers.by_numbers(self._connection, self._program_id, [number.decode() for number in unseen])
            self._members.update(dict.fromkeys(unseen))
            for number, shopper in found.items():
                self._members[number.encode()] = self._earning(shopper)
        return row["now"], row["ids"]

    def _earning(self, shopper: Shopper) -> tuple[Shopper, int]:
        return shopper, self._document.tier(shopper.tier).benefits.earn_multiplier_percent

    def _expires_on(self, occurred_at: datetime) -> date:
        # No time zone's midnight lies inside a quarter of an hour.
        quarter = occurred_at.toordinal() * 96 + occurred_at.hour * 4 + occurred_at.minute // 15
        if quarter not in self._expiries:
            if len(self._expiries) > _REMEMBERED:
                self._expiries.clear()
            self._expiries[quarter] = earning.expires_on(self._document, occurred_at)
        return self._expiries[quarter]

    def _accept(self, basket: _Basket, points: int) -> None:
        self.progress.accepted += len(basket.lines)
        self.progress.records_accepted += 1
        self.progress.points += points

    def _reject(self, basket: _Basket, reason: str) -> None:
        subject = basket.reference.decode() if _REFERENCE.fullmatch(basket.reference) else ""
        for line in basket.lines:
            self._rejects(line, subject, reason)
        self.progress.reject(reason, len(basket.lines))
        self.progress.records_rejected += 1


def _width(line: bytes) -> int:
    columns = files.header(line)
    if columns not in (HEADER, (*HEADER, b"quantity")):
        raise NotThisFile(f"the first line must be {b','.join(HEADER).decode()}[,quantity]")
    return len(columns)


def _instant(text: bytes) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text.decode("ascii"))
    except (ValueError, UnicodeDecodeError):
        return None
    return instant.astimezone(UTC) if instant.tzinfo and instant.year >= EARLIEST_YEAR else None
