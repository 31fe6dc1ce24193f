"""A member at the door: claiming, terms, points, addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses import ses_backends

from lambdas import mail
from loyalty.points import verify
from tests.domain.people import Somebody
from tests.lambdas.conftest import Doors, member_token, partner_token

ADDRESS = {
    "full_name": "Jane Doe",
    "phone": "206-555-0100",
    "line1": "12 Pine Street",
    "city": "Seattle",
    "state_or_region": "WA",
    "postal_code": "98101",
    "country_code": "US",
}


@pytest.fixture
def mailbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """The texts that SES was given."""
    for name, value in (
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "t"),
        ("AWS_SECRET_ACCESS_KEY", "t"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        mail._ses.cache_clear()
        boto3.client("ses").verify_email_identity(EmailAddress="programme@example.com")
        yield lambda: [message.body for message in ses_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].sent_messages]
        mail._ses.cache_clear()


def test_a_member_claims_accepts_the_terms_and_sees_who_they_are(
    doors: Doors,
    somebody: Callable[..., Somebody],
    mailbox: Callable[[], list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    jane = somebody(tier="gold")
    token = member_token(jane.subject)
    started = doors("member_api", "POST", "/claims", {"member_number": jane.number}, token=token)
    unknown = doors("member_api", "POST", "/claims", {"member_number": "nobody"}, token=token)
    assert (started.status, started.body) == (unknown.status, unknown.body)
    assert started.status == 202
    code = re.findall(r"\b\d{6}\b", mailbox()[0])[0]
    assert len(mailbox()) == 1

    proof = {"member_number": jane.number, "code": code}
    assert doors("member_api", "POST", "/claims/confirmation", proof, token=token).status == 200
    me = doors("member_api", "GET", "/me", token=token).body
    assert (me["member_number"], me["tier_name"], me["terms_accepted"]) == (jane.number, "Gold", False)

    version = doors("member_api", "GET", "/terms", token=token).body["version"]
    assert doors("member_api", "POST", "/terms/acceptance", {"version": "old"}, token=token).status == 409
    assert doors("member_api", "POST", "/terms/acceptance", {"version": version}, token=token).status == 200
    assert doors("member_api", "GET", "/me", token=token).body["terms_accepted"]

    output = capsys.readouterr()
    assert code not in output.out + output.err
    assert jane.email not in output.out + output.err


def test_a_wrong_code_is_refused_without_saying_why(
    doors: Doors, somebody: Callable[..., Somebody], mailbox: Callable[[], list[str]]
) -> None:
    jane, claimed = somebody(), somebody(claimed=True)
    token = member_token(jane.subject)
    answers = [
        doors("member_api", "POST", "/claims/confirmation", {"member_number": number, "code": "123456"}, token=token)
        for number in (jane.number, claimed.number, "nobody")
    ]
    assert [answer.status for answer in answers] == [409] * 3
    assert len({json.dumps(answer.body) for answer in answers}) == 1
    assert mailbox() == []


def test_a_sign_in_of_one_programme_is_nobody_in_the_other(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane = somebody(claimed=True)
    assert doors("member_api", "GET", "/me", token=member_token(jane.subject)).status == 200
    canary = member_token(jane.subject, client="canary-client")
    assert doors("member_api", "GET", "/me", token=canary).body["code"] == "not-claimed"


def test_a_member_sees_their_points_and_every_movement(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane, joe = somebody(claimed=True), somebody(claimed=True)
    partner = partner_token("loyalty/accruals.write")
    for number in range(5):
        purchase = {
            "partner_reference": f"{jane.number}-{number}",
            "member_number": jane.number,
            "spend_minor": 1000 * (number + 1),
            "currency": "USD",
            "category": "Dairy",
            "occurred_at": "2026-06-01T12:00:00-04:00",
        }
        answer = doors("partner_api", "POST", "/accruals", purchase, token=partner)
        assert (answer.status, answer.body["points"]) == (201, 100 * (number + 1))
        assert doors("partner_api", "POST", "/accruals", purchase, token=partner).body["replayed"]
    token = member_token(jane.subject)
    balance = doors("member_api", "GET", "/me/balance", token=token).body
    assert (balance["available"], balance["expires_next_on"]) == (1500, "2028-06-30")
    assert doors("member_api", "GET", "/me/lots", token=token).body == {
        "lots": [{"expires_on": "2028-06-30", "amount": 1500}]
    }
    first = doors("member_api", "GET", "/me/statement?limit=3", token=token).body
    assert [line["amount"] for line in first["lines"]] == [500, 400, 300]
    second = doors("member_api", "GET", f"/me/statement?limit=3&before={first['before']}", token=token).body
    assert [line["amount"] for line in second["lines"]] == [200, 100]
    assert second["before"] is None
    assert doors("member_api", "GET", "/me/statement", token=member_token(joe.subject)).body["lines"] == []


def _earn(doors: Doors, jane: Somebody, spends: dict[str, str]) -> None:
    for number, (occurred_at, category) in enumerate(spends.items()):
        purchase = {
            "partner_reference": f"{jane.number}-{number}",
            "member_number": jane.number,
            "spend_minor": 1000 * (number + 1),
            "currency": "USD",
            "category": category,
            "occurred_at": occurred_at,
        }
        answer = doors("partner_api", "POST", "/accruals", purchase, token=partner_token("loyalty/accruals.write"))
        assert answer.status == 201, answer.body


def test_a_statement_is_filtered_by_kind_and_by_when_things_happened(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane = somebody(claimed=True)
    _earn(
        doors, jane, {"2026-06-01T12:00:00Z": "Dairy", "2026-07-01T00:00:00Z": "Dairy", "2026-08-01T00:00:00Z": "Dairy"}
    )

    def amounts(query: str) -> list[int]:
        answer = doors("member_api", "GET", f"/me/statement?{query}", token=member_token(jane.subject))
        assert answer.status == 200, answer.body
        return [line["amount"] for line in answer.body["lines"]]

    assert amounts("kind=accrue") == [300, 200, 100]
    assert amounts("kind=hold&kind=settle&kind=restore") == []
    assert amounts("kind=hold&kind=accrue&limit=2") == [300, 200]
    assert amounts("from=2026-07-01T00:00:00Z") == [300, 200]
    assert amounts("to=2026-07-01T00:00:00Z") == [100]
    assert amounts("from=2026-06-30T20:00:00-04:00&to=2026-08-01T00:00:00Z&kind=accrue") == [200]
    for wrong in ("kind=theft", "from=yesterday", "to=2026-07-01", "from=2026-07-01T00:00:00", "from="):
        answer = doors("member_api", "GET", f"/me/statement?{wrong}", token=member_token(jane.subject))
        assert (answer.status, answer.body["errors"][0]["field"].split("[")[0]) == (400, wrong.split("=")[0])


def test_a_downloaded_statement_is_the_members_own_and_proves_itself(
    doors: Doors, somebody: Callable[..., Somebody]
) -> None:
    jane, joe = somebody(claimed=True), somebody(claimed=True)
    _earn(doors, jane, {"2026-06-01T12:00:00Z": "Dairy", "2026-07-01T00:00:00Z": "Dairy"})
    token = member_token(jane.subject)
    document = doors("member_api", "GET", "/me/statement/download", token=token).body
    assert document["member_id"] == jane.member_id
    assert [row["amount"] for row in document["rows"]] == [100, 200]
    assert verify.prove([verify.read(json.dumps(document))]).problems == ()
    rest = doors("member_api", "GET", "/me/statement/download?after=1", token=token).body
    assert rest == document | {"rows": document["rows"][1:]}

    last = document["rows"][-1]
    at = doors("member_api", "GET", f"/me/balance/at?instant={last['created_at']}", token=token).body
    assert at == {
        "available": 300,
        "held": 0,
        "pending": 0,
        "debt": 0,
        "sequence": 2,
        "chain": document["head"]["chain"],
    }
    before = doors("member_api", "GET", "/me/balance/at?instant=2020-01-01T00:00:00Z", token=token).body
    assert (before["available"], before["sequence"], before["chain"]) == (0, 0, "")
    assert doors("member_api", "GET", "/me/balance/at", token=token).status == 400
    empty = doors("member_api", "GET", "/me/statement/download", token=member_token(joe.subject)).body
    assert (empty["rows"], empty["member_id"]) == ([], joe.member_id)


def test_an_address_is_checked_saved_and_listed(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    jane = somebody(claimed=True)
    token = member_token(jane.subject)
    saved = doors("member_api", "POST", "/me/addresses", ADDRESS | {"line2": "PO Box 7"}, token=token)
    assert saved.status == 201
    assert (saved.body["is_po_box"], saved.body["is_default"], saved.body["phone"]) == (True, True, "+12065550100")
    listed = doors("member_api", "GET", "/me/addresses", token=token).body["addresses"]
    assert listed == [saved.body]
    assert doors("member_api", "GET", "/me", token=token).body["default_address_id"] == saved.body["address_id"]
    wrong = doors("member_api", "POST", "/me/addresses", ADDRESS | {"postal_code": "98"}, token=token)
    assert (wrong.status, wrong.body["errors"][0]["field"]) == (400, "postal_code")


def test_addresses_are_chosen_and_removed(doors: Doors, somebody: Callable[..., Somebody]) -> None:
    token = member_token(somebody(claimed=True).subject)
    home, work = (
        doors("member_api", "POST", "/me/addresses", ADDRESS | {"line1": line}, token=token).body["address_id"]
        for line in ("12 Pine Street", "14 Pine Street")
    )
    chosen = doors("member_api", "PUT", f"/me/addresses/{home}/default", token=token)
    assert (chosen.status, [address["is_default"] for address in chosen.body["addresses"]]) == (200, [False, True])
    removed = doors("member_api", "DELETE", f"/me/addresses/{home}", token=token)
    assert (removed.status, removed.body["addresses"][0]["address_id"]) == (200, work)
    assert removed.body["addresses"][0]["is_default"]
    again = doors("member_api", "DELETE", f"/me/addresses/{home}", token=token)
    assert (again.status, again.body["code"]) == (404, "no-such-address")
    assert doors("member_api", "DELETE", "/me/addresses/x", token=token).status == 400
