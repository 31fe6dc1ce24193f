"""What the stand-in reads: labels with their values, lines of tables, in the service's shapes."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, StructureShape

from local.invoices.making import paper
from local.simulators.textract.engine import Encrypted, NotADocument, analyse, opened
from local.simulators.textract.engine import expenses as reading
from tests.simulators.textract.drawing import LINES, american, german


@pytest.fixture(scope="module")
def read() -> list[dict[str, Any]]:
    return analyse(american())


def test_labels_are_told_with_their_values(read: list[dict[str, Any]]) -> None:
    told = fields(read)
    assert told["INVOICE_RECEIPT_ID", "Invoice #"] == "1ABC-2DEF-3GHJ"
    assert told["INVOICE_RECEIPT_DATE", None] == "March 31, 2026"
    assert told["PO_NUMBER", "PO #"] == "LOY-000123"
    assert told["ORDER_DATE", "Purchase date"] == "20-Mar-2026"
    assert told["ACCOUNT_NUMBER", "Account #"] == "A1EXAMPLE00000"
    assert told["SUBTOTAL", "Total before tax"] == "$54.98"
    assert told["SHIPPING_HANDLING_CHARGE", "Shipping & handling"] == "$ 0.00"
    assert told["AMOUNT_DUE", "Amount due"] == told["TOTAL", "Amount due"]


def test_a_label_nobody_knows_is_other(read: list[dict[str, Any]]) -> None:
    assert fields(read)["OTHER", "GL code"] == "6328"


def test_sentences_are_no_fields(read: list[dict[str, Any]]) -> None:
    assert not [
        field
        for document in read
        for field in document["SummaryFields"]
        if field["PageNumber"] == 2 and field["Type"]["Text"] not in ("OTHER",)
    ]


def test_an_address_is_told_in_parts_of_one_group(read: list[dict[str, Any]]) -> None:
    parts = {
        field["Type"]["Text"]: field["ValueDetection"]["Text"]
        for field in read[0]["SummaryFields"]
        if field.get("GroupProperties", [{}])[0].get("Types") == ["RECEIVER_SHIP_TO"]
    }
    assert parts["RECEIVER_NAME"] == "Alex Example"
    assert parts["STREET"] == "5 Sample Ave Apt 2"
    assert (parts["CITY"], parts["STATE"], parts["ZIP_CODE"]) == ("Portland", "OR", "97201")
    assert fields(read)["VENDOR_NAME", "Remit to"] == "Example Capital Services"


def test_lines_hold_what_stands_under_the_columns(read: list[dict[str, Any]]) -> None:
    lines = [line for document in read for line in items(document)]
    assert [line.get("QUANTITY") for line in lines] == ["2", "1", None]
    assert [line["PRICE"] for line in lines] == ["$49.98", "$5.00", "$0.00"]
    assert lines[0]["ITEM"] == "\n".join(LINES[0][0])
    assert lines[0]["EXPENSE_ROW"].startswith("Example Water Bottle")
    assert "8.850%" in lines[0]["EXPENSE_ROW"]


def test_amounts_are_told_as_printed_with_their_currency(read: list[dict[str, Any]]) -> None:
    due = [field for field in read[0]["SummaryFields"] if field["Type"]["Text"] == "AMOUNT_DUE"]
    assert {field["Currency"]["Code"] for field in due} == {"USD"}
    assert due[0]["ValueDetection"]["Text"] == "$59.85 USD"


def test_german_papers_are_read_too() -> None:
    read = analyse(german())
    told = fields(read)
    assert told["INVOICE_RECEIPT_ID", "Rechnung Nr."] == "DE123456ABC"
    assert told["INVOICE_RECEIPT_DATE", "Rechnungsdatum:"] == "3. April 2026"
    assert told["VENDOR_VAT_NUMBER", "USt-IdNr.:"] == "DE814584193"
    assert told["VENDOR_NAME", None] == "Beispiel Handel GmbH"
    assert told["TAX", "19 % USt. auf 3.301,50 €"] == "627,29 €"
    assert told["TOTAL", "Gesamtbetrag"] == "3.928,79 €"
    (line,) = items(read[0])
    assert (line["ITEM"], line["QUANTITY"], line["UNIT_PRICE"], line["PRICE"]) == (
        "Beispielflasche", "3", "1.100,50 €", "3.301,50 €",
    )  # fmt: skip
    assert line["EXPENSE_ROW"].startswith("Bestellnummer 302-1234567-1234567\n")


def test_the_same_file_is_always_answered_the_same() -> None:
    assert analyse(american()) == analyse(american())


def test_a_third_of_the_files_is_answered_page_by_page() -> None:
    pages = {
        len(analyse(american(((("Example", "ASIN: B0EXAMPLE1"), str(count), "$1.00", f"${count}.00"),))))
        for count in range(1, 12)
    }
    assert pages == {1, 2}


def test_a_wrapped_description_may_stand_in_the_row_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ROW_ONLY_SHARE", 1.1)
    line = items(analyse(american())[0])[0]
    assert line["ITEM"] == LINES[0][0][0]
    assert LINES[0][0][1] in line["EXPENSE_ROW"]


def test_the_shapes_are_the_services(read: list[dict[str, Any]]) -> None:
    model = botocore.session.get_session().get_service_model("textract")
    answer = {"DocumentMetadata": {"Pages": 2}, "JobStatus": "SUCCEEDED", "ExpenseDocuments": read}
    conforms(answer, model.shape_for("GetExpenseAnalysisResponse"), "answer")


@pytest.mark.parametrize("document", [b"", b"%PDF-1.7\nnothing", b"PK\x03\x04zip", b"\x89PNG\r\n\x1a\nnothing"])
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(NotADocument):
        opened(document)


def test_a_password_is_asked_for() -> None:
    with pytest.raises(Encrypted):
        opened(encrypted())


@pytest.mark.parametrize("layout", ["us_business", "de_with_tax", "uk_modern"])
def test_the_generators_papers_are_read_line_by_line(layout: str) -> None:
    made = paper(2, layout)
    lines = [line for document in analyse(made.pdf) for line in items(document) if "PRICE" in line]
    assert len(lines) == sum(len(invoice.lines) for invoice in made.truth)


def encrypted() -> bytes:
    import io

    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter()
    writer.append(PdfReader(io.BytesIO(american(second_page=False))))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def fields(read: list[dict[str, Any]]) -> dict[tuple[str, str | None], str]:
    """Values by type and label; the last wins."""
    return {
        (field["Type"]["Text"], field.get("LabelDetection", {}).get("Text")): field["ValueDetection"]["Text"]
        for document in read
        for field in document["SummaryFields"]
    }


def items(document: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {field["Type"]["Text"]: field["ValueDetection"]["Text"] for field in line["LineItemExpenseFields"]}
        for group in document["LineItemGroups"]
        for line in group["LineItems"]
    ]


def conforms(value: Any, shape: Any, where: str) -> None:
    """Members that exist, of the right type, within their limits."""
    if isinstance(shape, StructureShape):
        assert isinstance(value, dict), where
        unknown = value.keys() - shape.members.keys()
        assert not unknown, f"{where}: {unknown}"
        for name, inner in value.items():
            conforms(inner, shape.members[name], f"{where}.{name}")
    elif isinstance(shape, ListShape):
        assert isinstance(value, list), where
        for inner in value:
            conforms(inner, shape.member, where)
    else:
        kinds = {"string": str, "float": float, "integer": int}
        assert isinstance(value, kinds[shape.type_name]), where
        if shape.name == "Percent":
            assert isinstance(value, float), where
            assert 0 <= value <= 100, where
        if getattr(shape, "enum", None):
            assert value in shape.enum, where
