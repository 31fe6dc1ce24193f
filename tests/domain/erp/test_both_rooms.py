"""From the match to the ERP's books and back: what both rooms say of an invoice agrees at every step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import TestDatabase
from tests.domain.erp.conftest import Office
from tests.domain.invoices.books import Desk, content, desk
from tests.simulators.erp.running import erp_stand_in


@pytest.fixture(scope="module")
def rooms(database: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Office]]:
    with desk(database) as books, erp_stand_in(tmp_path_factory.mktemp("erp") / "erp.sqlite") as stand_in:
        office = Office(database, stand_in, alone=False)
        office.programme("ubl")
        yield books, office
        office.close()


def test_what_matched_is_posted_and_both_know_by_which_document(rooms: tuple[Desk, Office]) -> None:
    books, office = rooms
    invoice_id = books.approved(content(books.sent().item()))
    assert office.run().posted == 1
    told = books.invoice(invoice_id)
    (booked,) = office.erp.booked(told["number"])
    assert (told["state"], told["erp_document_id"]) == ("posted", booked["document_id"])
    assert booked["total_minor"] == told["total_minor"]
    assert books.violations() == {}


def test_what_the_erp_refuses_is_looked_at_and_approved_once_more(rooms: tuple[Desk, Office]) -> None:
    books, office = rooms
    invoice_id = books.approved(content(books.sent().item()))
    month = str(books.invoice(invoice_id)["content"]["issued_on"])[:7]
    office.erp.put("periods", month=month, state="locked")
    assert office.run().refused == 1
    assert books.invoice(invoice_id)["state"] == "review"
    assert books.case(invoice_id) is not None
    assert books.violations() == {}
    office.erp.quiet()
    assert books.decide(invoice_id, "approve") == "ok"
    assert office.run().posted == 1
    assert books.invoice(invoice_id)["state"] == "posted"
    assert books.violations() == {}
