"""A mail with an invoice, from outside: by SMTP, SES's rules, the bucket, the queue, Textract and the machine to its
row, and nothing else is taken."""

from __future__ import annotations

import json
import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from local.connected import Connected
from local.invoices.making import Paper, paper
from local.simulators.mail_signing import signed
from tests.cloud import ON_CLOUD
from tests.local.probe import eventually

pytestmark = ON_CLOUD

SENDER = "bounces@amazon.com"


def mailed(cloud: Connected, one: Paper, to: str) -> None:
    """As Amazon would. Raises SMTPRecipientsRefused."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Amazon Business <no-reply@amazon.com>", to, "Your invoice"
    message.set_content("Attached.")
    message.add_attachment(one.pdf, maintype="application", subtype="pdf", filename="invoice.pdf")
    with smtplib.SMTP("127.0.0.1", cloud.ports.mail, local_hostname="smtp-out.amazon.com", timeout=30) as door:
        door.sendmail(SENDER, [to], signed(message.as_bytes(), "amazon.com"))


def invoice(cloud: Connected, number: str) -> dict[str, Any] | None:
    with cloud.query() as connection:
        return connection.execute(
            "select i.state, i.document_id, i.findings, d.object_key from invoices.invoice i"
            " join invoices.document d using (program_id, document_id) where i.number = %s",
            (number,),
        ).fetchone()


def test_a_mailed_invoice_is_read_and_matched_and_waits_for_a_person_if_we_never_ordered_it(cloud: Connected) -> None:
    made = paper(4, "us_business")
    (truth,) = made.truth
    mailed(cloud, made, f"main@{cloud.outputs['InvoiceMailDomain']}")
    assert eventually(lambda: invoice(cloud, truth.number) is not None, 60)
    row = invoice(cloud, truth.number)
    assert row is not None
    assert row["state"] == "review"
    assert "unknown_order" in {finding["code"] for finding in row["findings"]}
    bucket, s3 = cloud.outputs["InvoicesBucket"], cloud.client("s3")
    assert s3.get_object(Bucket=bucket, Key=row["object_key"])["Body"].read() == made.pdf
    reading = s3.get_object(Bucket=bucket, Key=f"readings/1/{row['document_id']}.json")["Body"].read()
    assert json.loads(reading)[0]["SummaryFields"]
    execution = cloud.outputs["InvoiceDeskArn"].replace(":stateMachine:", ":execution:")
    ended = cloud.client("stepfunctions").describe_execution(executionArn=f"{execution}:{row['document_id']}")
    assert ended["input"] == json.dumps({"program_id": 1, "document_id": str(row["document_id"])})
    assert eventually(lambda: _status(cloud, ended["executionArn"]) == "SUCCEEDED", 20)


def _status(cloud: Connected, execution: str) -> str:
    return str(cloud.client("stepfunctions").describe_execution(executionArn=execution)["status"])


def test_mail_for_anybody_else_is_refused_at_the_door(cloud: Connected) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        mailed(cloud, paper(4, "us_business"), "main@loyalty.example")
    assert refused.value.recipients["main@loyalty.example"][0] == 550
