"""Amazon Personalize asked while a member waits: an engine like the stored one, which it falls back to.

Asked is by the lake's random key, of who wants personal choices; of everybody else only what nobody's past is needed
for. An answer that is late, wrong or none is the stored one's; then nobody asks for a while.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from loyalty.database import Connection
from loyalty.recommendations.candidates import Candidate, Engine, Reason

# What is ranked in one question; what a campaign is asked for at most.
MOST_RANKED, MOST = 200, 100
REST_SECONDS = 30.0


class NotAnswered(Exception):
    """The service was late, or refused, or said something else than products; with its own word for it."""


class Service(Protocol):
    """The campaigns, by what they are for. Each raises NotAnswered."""

    def for_you(self, member_key: str, most: int) -> list[str]:
        """What can be had, best first."""

    def similar(self, asin: str, most: int) -> list[str]:
        """What is liked by those who like it."""

    def trending(self, most: int) -> list[str]:
        """What is wanted more than before."""

    def ranked(self, member_key: str, asins: list[str]) -> list[str]:
        """These, best first."""


@dataclass(slots=True)
class Personalize:
    """`program_id`: the one it learned of; every other is the stored one's. `noted`: told of each NotAnswered."""

    service: Service
    stored: Engine
    program_id: int
    noted: Callable[[NotAnswered], None] = lambda _: None
    clock: Callable[[], float] = time.monotonic
    name: str = "personalize"
    _rests_until: float = field(default=0.0, init=False)

    def for_member(self, connection: Connection, program_id: int, member_id: int, most: int) -> list[Candidate]:
        """The member's own, or of who wants none what rises; without what they redeemed lately."""
        found: list[str] | None = None
        reason: Reason = "trending"
        key, wanted = self._key(connection, program_id, member_id), min(2 * most, MOST)
        if key is not None:
            found, reason = self._asked(lambda: self.service.for_you(key, wanted)), "for_you"
        elif self._of(program_id):
            found = self._asked(lambda: self.service.trending(wanted))
        if not found:
            return self.stored.for_member(connection, program_id, member_id, most)
        return self._known(connection, program_id, member_id, found, reason)[:most]

    def with_product(
        self, connection: Connection, program_id: int, member_id: int, asin: str, most: int
    ) -> list[Candidate]:
        """What is liked by those who like it: of the product alone, whoever asks."""
        found = self._asked(lambda: self.service.similar(asin, min(2 * most, MOST))) if self._of(program_id) else None
        if not found:
            return self.stored.with_product(connection, program_id, member_id, asin, most)
        others = [one for one in found if one != asin]
        return self._known(connection, program_id, member_id, others, "liked_too")[:most]

    def places(self, connection: Connection, program_id: int, member_id: int) -> dict[str, int]:
        """The stored list in the order of now, and behind it the rest as it was."""
        places = self.stored.places(connection, program_id, member_id)
        key = self._key(connection, program_id, member_id)
        before = sorted(places, key=lambda asin: places[asin])
        first = before[:MOST_RANKED]
        if key is None or not first:
            return places
        ranked = self._asked(lambda: self.service.ranked(key, first))
        if not ranked:
            return places
        known = set(first)
        order = [*(one for one in ranked if one in known), *before]
        return {asin: place for place, asin in enumerate(dict.fromkeys(order), start=1)}

    def _of(self, program_id: int) -> bool:
        return program_id == self.program_id and self.clock() >= self._rests_until

    def _key(self, connection: Connection, program_id: int, member_id: int) -> str | None:
        """None: the member wants no personal choices, or nobody is asked now."""
        if not self._of(program_id):
            return None
        row = connection.execute("select recommendations.key_of(%s, %s) as key", (program_id, member_id)).fetchone()
        assert row is not None
        key: str | None = row["key"]
        return key

    def _asked(self, ask: Callable[[], list[str]]) -> list[str] | None:
        try:
            return ask()
        except NotAnswered as failure:
            self._rests_until = self.clock() + REST_SECONDS
            self.noted(failure)
            return None

    @staticmethod
    def _known(
        connection: Connection, program_id: int, member_id: int, asins: Iterable[str], reason: Reason
    ) -> list[Candidate]:
        """Of the catalogue, a kind as its parent, each once, and none that the member redeemed lately."""
        rows = connection.execute(
            "select asin from recommendations.known(%s, %s, %s)", (program_id, member_id, list(asins))
        ).fetchall()
        return [Candidate(row["asin"], reason) for row in rows]


class Runtime:
    """The service as boto3 speaks it. `campaigns`: their ARNs by for-you, similar, trending, ranking; `in_stock`: the
    filter's. `client` has a short time-out and tries once."""

    def __init__(self, client: Any, campaigns: dict[str, str], in_stock: str) -> None:
        self._client, self._campaigns, self._in_stock = client, campaigns, in_stock

    def for_you(self, member_key: str, most: int) -> list[str]:
        return self._recommended("for-you", most, userId=member_key)

    def similar(self, asin: str, most: int) -> list[str]:
        return self._recommended("similar", most, itemId=asin)

    def trending(self, most: int) -> list[str]:
        return self._recommended("trending", most)

    def ranked(self, member_key: str, asins: list[str]) -> list[str]:
        given = {"campaignArn": self._campaigns["ranking"], "userId": member_key, "inputList": asins}
        return self._products(self._client.get_personalized_ranking, "personalizedRanking", given)

    def _recommended(self, campaign: str, most: int, **about: str) -> list[str]:
        given = {"campaignArn": self._campaigns[campaign], "numResults": most, "filterArn": self._in_stock, **about}
        return self._products(self._client.get_recommendations, "itemList", given)

    @staticmethod
    def _products(ask: Callable[..., Any], name: str, given: dict[str, Any]) -> list[str]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            listed = ask(**given)[name]
            return [str(one["itemId"]) for one in listed]
        except ClientError as failure:
            raise NotAnswered(failure.response["Error"]["Code"]) from None
        except (BotoCoreError, KeyError, TypeError) as failure:
            raise NotAnswered(type(failure).__name__) from None
