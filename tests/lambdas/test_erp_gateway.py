"""The gateway's function from the schedule to the ERP's books, and what staff see of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from botocore.exceptions import ClientError
from psycopg.types.json import Jsonb

from lambdas import outside_secrets
from loyalty.programme import publishing, reading
from loyalty.programme.document import Programme
from tests.domain.erp.conftest import HOST
from tests.domain.erp.papers import memo, paper
from tests.lambdas.conftest import Doors, staff_token
from tests.simulators.erp.running import TOKEN, ErpStandIn, erp_stand_in

FAY = staff_token("finance", subject="fay")
KIM = staff_token("catalogue-manager", subject="kim")


class Secrets:
    """Secrets Manager: what an operator has put there."""

    known: ClassVar = {"outside/erp": json.dumps({"host": HOST, "token": TOKEN})}

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803
        if SecretId not in self.known:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.known[SecretId]}


@pytest.fixture
def erp(doors: Doors, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ErpStandIn]:
    monkeypatch.setattr(outside_secrets, "_secrets", Secrets)
    outside_secrets._known.clear()
    with erp_stand_in(tmp_path / "erp.sqlite") as stand_in:
        doors.variables.update(OUTSIDE_PARTIES="outside/", OUTSIDE_HOSTS=json.dumps({HOST: stand_in.base_url}))
        yield stand_in
        del doors.variables["OUTSIDE_HOSTS"]


def connect(doors: Doors, **erp: str) -> None:
    with doors.database.owner() as owner:
        before = reading.current(owner, 1)
        facts = json.loads(before.document.model_dump_json())
        facts["integrations"]["erp"] = {"endpoint": f"https://{HOST}", "format": "ubl", "secret": "erp"} | erp
        changed = Programme.model_validate_json(json.dumps(facts))
        publishing.publish(owner, 1, changed, based_on=before.version, actor="test", why="test")


def hand_over(doors: Doors, content: dict[str, object]) -> str:
    with doors.database.owner() as owner:
        row = owner.execute(
            "select erp.hand_over(1, %s, clock.new_id(), 'Amazon Business', %s, %s) as id",
            (content["kind"], content["number"], Jsonb(content)),
        ).fetchone()
        assert row is not None
        return str(row["id"])


def test_what_is_handed_over_is_in_the_erps_books_and_staff_read_it_there(doors: Doors, erp: ErpStandIn) -> None:
    assert doors.invoke("erp_gateway", {})["posted"] == 0
    bought = paper()
    first, second = hand_over(doors, bought), hand_over(doors, memo(corrects=bought["number"]))
    connect(doors)
    told = doors.invoke("erp_gateway", {})
    assert (told["posted"], told["waiting"], told["given_up"]) == (2, 0, 0)
    page = doors("invoice_desk", "GET", "/erp/documents?limit=1", token=FAY).body
    assert [one["document_id"] for one in page["documents"]] == [second]
    rest = doors("invoice_desk", "GET", f"/erp/documents?limit=1&before={page['before']}", token=FAY).body
    assert [(one["document_id"], one["state"]) for one in rest["documents"]] == [(first, "posted")]
    assert doors("invoice_desk", "GET", "/erp/documents?state=given_up", token=FAY).body["documents"] == []
    whole = doors("invoice_desk", "GET", f"/erp/documents/{first}", token=FAY).body
    assert whole["body"].startswith("<?xml")
    assert [(one["action"], one["status"]) for one in whole["tries"]] == [("post", 201)]
    assert whole["erp_document_id"] == erp.booked(bought["number"])[0]["document_id"]
    answer = doors("invoice_desk", "POST", f"/erp/documents/{first}/sending", token=FAY)
    assert (answer.status, answer.body["code"]) == (409, "posted")
    assert doors("invoice_desk", "GET", "/erp/documents", token=KIM).status == 403


def test_what_was_given_up_is_listed_and_sent_again_by_hand(doors: Doors, erp: ErpStandIn) -> None:
    connect(doors)
    document = hand_over(doors, paper())
    erp.fault("postInvoice", "error_500", 1)
    assert doors.invoke("erp_gateway", {})["failed"] == 1
    sent = doors("invoice_desk", "POST", f"/erp/documents/{document}/sending", token=FAY)
    assert (sent.status, sent.body["state"]) == (200, "sent")
    assert doors.invoke("erp_gateway", {})["posted"] == 1
    with doors.database.owner() as owner:
        owner.execute("update erp.document set state = 'given_up' where document_id = %s", (document,))
    assert [one["document_id"] for one in doors.invoke("erp_gateway", {"parked": True})["parked"]] == [document]
    assert doors.invoke("erp_gateway", {"redrive": [document]}) == {"redriven": 1}
    # The ERP has had it: it says so, and books nothing.
    assert doors.invoke("erp_gateway", {})["posted"] == 1
    assert len(erp.rows("select 1 from documents")) == 1


def test_a_test_of_the_connection_shows_the_erp_our_format(doors: Doors, erp: ErpStandIn) -> None:
    for format in ("json", "ubl"):
        connect(doors, format=format)
        told = doors("integrations_desk", "POST", "/integrations/erp/test", token=KIM).body
        assert (told["outcome"], told["findings"][-1]["code"]) == ("ok", "understood"), told
    assert erp.rows("select 1 from documents") == []
    connect(doors, secret="nothing")
    assert doors("integrations_desk", "POST", "/integrations/erp/test", token=KIM).body["outcome"] == "failed"
    assert doors.invoke("erp_gateway", {})["failed"] == 0
