"""What is approved is in the ERP's books once: whatever breaks on the way, and in the order that it needs."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from loyalty.erp import delivering, watching
from loyalty.refusal import Refusal
from tests.domain.erp.conftest import Office
from tests.domain.erp.papers import memo, paper


@pytest.mark.parametrize("format", ["json", "ubl"])
def test_an_invoice_and_its_credit_memo_are_booked_the_same_in_either_format(office: Office, format: str) -> None:
    office.programme(format)
    bought = paper()
    back = memo(corrects=bought["number"])
    first, second = office.hand_over(bought), office.hand_over(back)
    # The memo refers to the invoice: it goes when that one is there.
    assert office.run().posted == 2
    assert (office.state(first), office.state(second)) == ("posted", "posted")
    (booked,), (taken_back,) = office.erp.booked(bought["number"]), office.erp.booked(back["number"])
    assert (booked["total_minor"], booked["tax_minor"], booked["format"]) == (5223, 425, format)
    assert (taken_back["total_minor"], taken_back["corrects"]) == (2611, bought["number"])
    entries = "select account, debit_minor, credit_minor from entries where document_id = ? order by line"
    assert [tuple(row.values()) for row in office.erp.rows(entries, taken_back["document_id"])] == [
        ("Rewards bought", 0, 2399),
        ("Tax on purchases", 0, 212),
        ("Payable: Amazon Business", 2611, 0),
    ]
    assert office.told() == [("posted", booked["document_id"]), ("posted", taken_back["document_id"])]
    assert office.seen(first)["erp_document_id"] == booked["document_id"]


@pytest.mark.parametrize("kind", ["reset", "timeout_after_commit", "error_500_after_commit", "malformed"])
def test_a_cut_after_the_erp_booked_it_does_not_book_twice(office: Office, kind: str) -> None:
    content = paper()
    document = office.hand_over(content)
    office.erp.fault("postInvoice", kind)
    office.answer_seconds = 1.0 if kind.startswith("timeout") else 5.0
    assert office.run().failed == 1
    assert (office.state(document), office.told()) == ("sent", [])
    office.answer_seconds = 5.0
    assert office.later().posted == 1
    (booked,) = office.erp.booked(content["number"])
    assert office.told() == [("posted", booked["document_id"])]
    tries = office.seen(document)["tries"]
    assert (tries[0]["status"], len(tries)) == (201, 2)


@pytest.mark.parametrize("kind", ["error_500", "error_429", "timeout_before", "reset_before"])
def test_what_did_not_arrive_is_sent_until_it_does(office: Office, kind: str) -> None:
    content = paper()
    document = office.hand_over(content)
    office.erp.fault("postInvoice", kind, 2)
    office.answer_seconds = 1.0 if kind.startswith("timeout") else 5.0
    office.run()
    office.later()
    assert office.state(document) in ("waiting", "sent")
    assert office.erp.booked(content["number"]) == []
    office.later()
    assert (office.state(document), len(office.erp.booked(content["number"]))) == ("posted", 1)


def test_every_attempt_sends_the_same_text_whatever_is_published_meanwhile(office: Office) -> None:
    content = paper()
    document = office.hand_over(content)
    office.erp.fault("postInvoice", "error_500_after_commit")
    office.run()
    sent = office.seen(document)["body"]
    office.programme("ubl", vendor={"name": "Somebody else", "country": "US"})
    assert office.later().posted == 1
    assert office.seen(document)["body"] == sent
    assert len(office.erp.booked(content["number"])) == 1
    office.programme("json", vendor={"name": "Amazon Business", "country": "US"})


def test_a_number_that_somebody_booked_there_by_hand_goes_to_review(office: Office) -> None:
    content = paper()
    first = office.hand_over(content)
    office.run()
    office.owner.execute("delete from erp.attempt where document_id = %s", (first,))
    office.owner.execute("delete from erp.document where document_id = %s", (first,))
    office.told()
    second = office.hand_over(content | {"payment_terms": "Net 60"})
    assert office.run().refused == 1
    assert office.state(second) == "refused"
    assert office.told() == [("refused", "key_reused")]


def test_while_the_erp_is_away_one_document_asks_at_growing_pauses_and_then_all_go_oldest_first(office: Office) -> None:
    contents = [paper() for _ in range(4)]
    for content in contents:
        office.hand_over(content)
    office.erp.fault("postInvoice", "error_503", 7)
    assert office.run().failed == 4
    pauses = []
    for _ in range(3):
        pause = int(office.one("select extract(epoch from due_at - clock.now())::integer from erp.receiver"))
        pauses.append(pause)
        assert office.run() == delivering.Done()
        assert office.later(f"{pause + 30} seconds").failed == 1
    assert pauses == sorted(pauses)
    assert office.later().posted == 4
    booked = office.erp.rows("select number from documents order by rowid desc limit 4")
    assert {row["number"] for row in booked} == {content["number"] for content in contents}
    attempts = [len(office.seen(UUID(str(row["document_id"])))["tries"]) for row in _rows(office)]
    # Four at once, then one at a time, each in its turn.
    assert attempts == [3, 3, 3, 2]


def test_a_credit_memo_waits_for_its_invoice_and_for_nobody_elses(office: Office) -> None:
    bought = paper()
    back, other = memo(corrects=bought["number"]), memo()
    office.hand_over(bought)
    waiting, free = office.hand_over(back), office.hand_over(other)
    office.erp.fault("postInvoice", "error_500", 1)
    office.run()
    assert (office.state(waiting), office.state(free)) == ("waiting", "posted")
    office.later()
    assert office.state(waiting) == "posted"


@pytest.mark.parametrize(
    ("what", "facts", "code"),
    [
        ("periods", {"month": "2026-11", "state": "locked"}, "locked_period"),
        ("vendors", {"name": "Amazon Business", "state": "blocked"}, "blocked_vendor"),
        ("settings", {"vendors_must_be_known": True}, "unknown_vendor"),
    ],
)
def test_what_the_erp_refuses_goes_back_to_review_and_may_come_again(
    office: Office, what: str, facts: dict[str, str], code: str
) -> None:
    content, subject = paper(), uuid4()
    document = office.hand_over(content, subject)
    office.erp.put(what, **facts)
    assert office.run().refused == 1
    assert (office.told(), office.cases()) == ([("refused", code)], [])
    with pytest.raises(Refusal, match="approve"):
        watching.send_again(office.staff, 1, document, "staff:fay")
    office.erp.quiet()
    assert office.later() == delivering.Done()
    corrected = content | {"payment_terms": "Net 60"}
    assert office.hand_over(corrected, subject) == document
    assert office.run().posted == 1
    assert office.told()[0][0] == "posted"
    assert json.loads(office.seen(document)["body"])["payment_terms"] == "Net 60"


def test_a_refused_invoice_whose_number_was_misread_goes_again_under_the_right_one(office: Office) -> None:
    content, subject = paper(), uuid4()
    document = office.hand_over(content, subject)
    office.erp.put("periods", month="2026-11", state="locked")
    office.run()
    office.erp.quiet()
    right = paper()
    assert office.hand_over(right, subject) == document
    assert office.run().posted == 1
    assert (office.erp.booked(content["number"]), len(office.erp.booked(right["number"]))) == ([], 1)
    assert office.seen(document)["idempotency_key"] == f"invoice:{office.vendor}:{right['number']}"


def test_what_is_accepted_is_asked_about_until_it_is_posted(office: Office) -> None:
    office.erp.put("settings", pending_seconds=3600)
    content = paper()
    document = office.hand_over(content)
    assert office.run().accepted == 1
    assert (office.state(document), office.told()) == ("accepted", [])
    assert office.later("5 minutes").accepted == 1
    office.erp.rows("update documents set due_at = '2000-01-01' where number = ?", content["number"])
    assert office.later("5 minutes").posted == 1
    assert office.told()[0][0] == "posted"
    assert [one["action"] for one in office.seen(document)["tries"]] == ["status", "status", "post"]


def test_what_is_accepted_and_then_rejected_goes_back_to_review(office: Office) -> None:
    office.erp.put("settings", pending_seconds=3600)
    content = paper()
    office.hand_over(content)
    office.run()
    office.erp.put("periods", month="2026-11", state="locked")
    office.erp.rows("update documents set due_at = '2000-01-01' where number = ?", content["number"])
    assert office.later().refused == 1
    assert office.told() == [("refused", "locked_period")]


def test_what_the_erp_never_posts_is_a_case_but_is_not_given_up(office: Office) -> None:
    office.erp.put("settings", pending_seconds=10**8)
    document = office.hand_over(paper())
    office.run()
    office.later("4 days")
    assert office.cases() == [(f"erp:{document}", "not_posted")]
    assert office.state(document) == "accepted"
    case_id = office.one("select case_id from casework.case where kind = 'erp_given_up' and state = 'open'")
    settled = "select cases.settle_ticket(1, %s, 'done', null, 'staff:fay', array['finance'])"
    assert office.one(settled, case_id) == "ok"


def test_one_that_never_arrives_is_given_up_with_a_case_and_a_person_sends_it_again(office: Office) -> None:
    stuck = office.hand_over(paper())
    office.erp.fault("postInvoice", "error_500", 100)
    office.run()
    other = office.hand_over(memo())
    office.later("11 seconds")
    assert office.state(other) == "posted"
    assert office.later("4 days").given_up == 1
    assert (office.state(stuck), office.cases()) == ("given_up", [(f"erp:{stuck}", "no_answer")])
    assert [row["document_id"] for row in delivering.parked(office.gateway)] == [stuck]
    assert delivering.standing(office.gateway)["given_up"] == 1
    assert office.later("4 days") == delivering.Done()
    office.erp.quiet()
    watching.send_again(office.staff, 1, stuck, "staff:fay")
    assert office.cases() == []
    assert office.run().posted == 1
    with pytest.raises(Refusal, match="second time"):
        watching.send_again(office.staff, 1, stuck, "staff:fay")


def test_an_erp_that_is_silent_for_days_is_one_case_and_nothing_is_given_up(office: Office) -> None:
    documents = [office.hand_over(paper()) for _ in range(3)]
    office.erp.fault("*", "error_503", 100)
    office.run()
    for _ in range(3):
        office.later("2 days")
    assert office.cases() == [("erp", "no_answer")]
    assert delivering.standing(office.gateway)["failing"] == 1
    office.erp.quiet()
    assert office.later("2 hours").posted == 3
    assert office.cases() == []
    assert {office.state(document) for document in documents} == {"posted"}


def test_what_does_not_keep_its_formats_rules_is_not_sent(office: Office) -> None:
    office.programme("ubl")
    content = paper(tax_lines=[{"rate_micros": 190000, "base_minor": 4798, "tax_minor": 425}])
    document = office.hand_over(content)
    assert office.run().refused == 1
    assert (office.told(), office.seen(document)["body"]) == ([("refused", "BR-CO-17")], None)
    broken = office.hand_over(paper() | {"lines": "?"})
    office.run()
    assert office.seen(broken)["problem"] == "unreadable"
    requests = office.erp.rows("select 1 from requests where idempotency_key like ?", f"%{content['number']}%")
    assert requests == []


@pytest.mark.parametrize(
    ("secret", "problem"),
    [("whsec_a2V5", "no-token"), ('{"host": "other.example.com", "token": "open-sesame"}', "other-host")],
)
def test_without_a_token_for_that_very_host_nothing_is_sent(office: Office, secret: str, problem: str) -> None:
    document = office.hand_over(paper())
    office.secret = secret
    assert office.run().failed == 1
    assert (office.state(document), office.seen(document)["problem"]) == ("waiting", problem)


def test_a_token_that_the_erp_does_not_know_is_no_refusal(office: Office) -> None:
    document = office.hand_over(paper())
    office.secret = office.secret.replace("sesame", "wide")
    office.run()
    assert (office.state(document), office.seen(document)["problem"]) == ("waiting", "status 401")
    assert office.told() == []


def test_documents_wait_while_the_programme_has_no_erp(office: Office) -> None:
    office.programme(None)
    document = office.hand_over(paper())
    assert office.run() == delivering.Done()
    assert delivering.standing(office.gateway)["waiting"] == 0
    with pytest.raises(Refusal, match="no ERP"):
        watching.send_again(office.staff, 1, document, "staff:fay")
    office.programme()
    assert office.run().posted == 1


def test_what_is_handed_over_twice_is_one_document_and_never_another_on_its_way(office: Office) -> None:
    content, subject = paper(), uuid4()
    document = office.hand_over(content, subject)
    assert office.hand_over(content, subject) == document
    # It has not left: it may still be another one.
    assert office.hand_over(content | {"account": "B2"}, subject) == document
    office.erp.fault("postInvoice", "error_500")
    office.run()
    with pytest.raises(psycopg.errors.UniqueViolation):
        office.hand_over(content, subject)
    assert office.later().posted == 1
    assert office.hand_over(content | {"account": "B2"}, subject) == document
    assert office.run() == delivering.Done()
    other = office.one(
        "select erp.hand_over(2, 'invoice', %s, %s, %s, %s)", subject, office.vendor, content["number"], Jsonb(content)
    )
    assert other != document
    with pytest.raises(Refusal, match="no such document"):
        watching.document(office.staff, 1, other)


def test_two_gateways_share_the_work_and_one_that_died_is_followed(office: Office) -> None:
    document = office.hand_over(paper())
    delivering.connect(office.gateway)
    with office.database.connect("erp_gateway") as other:
        taken = "select document_id from erp.take(1, clock.new_id(), 8, 120)"
        assert [row["document_id"] for row in other.execute(taken).fetchall()] == [document]
    assert office.run() == delivering.Done()
    assert office.later("3 minutes").posted == 1


def _rows(office: Office) -> list[dict[str, object]]:
    return office.owner.execute("select document_id from erp.document order by handed_over_at, document_id").fetchall()
