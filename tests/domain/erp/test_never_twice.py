"""What may have arrived is never taken for something that did not: a number is not changed under it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from uuid import UUID, uuid4

import pytest

from loyalty.erp import delivering
from loyalty.erp.gateway import Again, Outgoing
from loyalty.erp.rest import RestErp
from loyalty.integrations.outside import Answer
from loyalty.programme import reading
from tests.domain.erp.conftest import HOST, Office
from tests.domain.erp.papers import memo, paper


def test_what_a_gateway_that_died_may_have_sent_is_not_taken_back(office: Office) -> None:
    content, subject = paper(), uuid4()
    office.hand_over(content, subject)
    _sent_and_died(office)
    assert len(office.erp.booked(content["number"])) == 1
    # The next one cannot even ask: the token is gone.
    office.secret = "{}"
    assert office.later("3 minutes").failed == 1
    assert office.one("select erp.take_back(1, 'invoice', %s)", subject) is False
    office.secret = json.dumps({"host": HOST, "token": "open-sesame"})
    assert office.later().posted == 1
    assert len(office.erp.booked(content["number"])) == 1


def test_what_died_before_it_was_written_never_left(office: Office) -> None:
    subject = uuid4()
    office.hand_over(paper(), subject)
    delivering.connect(office.gateway)
    office.gateway.execute("select * from erp.take(1, clock.new_id(), 8, 120)").fetchall()
    office.secret = "{}"
    office.later("3 minutes")
    assert office.one("select erp.take_back(1, 'invoice', %s)", subject) is True


def test_whose_document_is_anothers_meanwhile_sends_nothing(office: Office) -> None:
    content = paper()
    document = office.hand_over(content)
    delivering.connect(office.gateway)
    slow = office.one("select clock.new_id()")
    (row,) = office.gateway.execute("select * from erp.take(1, %s, 8, 120)", (slow,)).fetchall()
    assert office.later("3 minutes").posted == 1
    programme = reading.current(office.owner, 1).document
    ready = delivering._ready(office.gateway, 1, slow, row, programme, "json")
    assert ready is None
    assert office.state(document) == "posted"


def test_one_that_was_accepted_and_of_which_nobody_there_knows_any_more_is_a_case(office: Office) -> None:
    office.erp.put("settings", pending_seconds=3600 * 24 * 30)
    document = office.hand_over(paper())
    assert office.run().accepted == 1
    office.erp.rows(
        "update documents set document_id = 'GONE' where document_id = ?", office.seen(document)["erp_document_id"]
    )
    office.erp.put("settings", pending_seconds=None)
    # Others have their answers all the while.
    for _ in range(2):
        office.database.shift_clock("2 days")
        office.hand_over(paper())
        office.run()
    assert office.state(document) == "accepted"
    assert office.cases() == [(f"erp:{document}", "not_posted")]


def test_a_credit_memo_does_not_go_without_the_invoice_that_the_erp_refused(office: Office) -> None:
    bought, subject = paper(), uuid4()
    office.hand_over(bought, subject)
    back = office.hand_over(memo(corrects=bought["number"]))
    office.erp.put("periods", month="2026-11", state="locked")
    assert office.run().refused == 1
    office.erp.rows("delete from periods")
    office.later()
    assert office.state(back) == "waiting"
    office.hand_over(bought, subject)
    assert office.run().posted == 2


@pytest.mark.parametrize(
    ("status", "left"), [(204, True), (206, True), (408, True), (418, True), (502, True), (301, False), (401, False),
                         (403, False), (404, False), (429, False)]
)  # fmt: skip
def test_only_who_turns_us_away_at_the_door_has_read_nothing(status: int, left: bool) -> None:
    told = RestErp(_Says(status), f"https://{HOST}", "token").post(Outgoing("invoice", "invoice:a:b", "json", "{}"))
    assert isinstance(told, Again)
    assert told.left is left


class _Says:
    def __init__(self, status: int) -> None:
        self._status = status

    def call(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"", *, most_bytes: int = 0
    ) -> Answer:
        return Answer(self._status, 1)


def _sent_and_died(office: Office) -> UUID:
    """A gateway sends what is due, and is killed before it writes down what was said."""
    delivering.connect(office.gateway)
    taker = office.one("select clock.new_id()")
    (row,) = office.gateway.execute("select * from erp.take(1, %s, 8, 120)", (taker,)).fetchall()
    programme = reading.current(office.owner, 1).document
    ready = delivering._ready(office.gateway, 1, taker, row, programme, "json")
    assert isinstance(ready, Outgoing)
    settings = programme.integrations.erp
    assert settings is not None
    office._erp(settings).post(ready)
    return UUID(str(row["document_id"]))
