"""Whatever can be found about an invoice, or be a reason to refuse a mail, has words of its own for staff."""

from __future__ import annotations

import re

from loyalty.invoices import wording
from tests.conftest import REPOSITORY

PYTHON = REPOSITORY / "loyalty" / "invoices"
SQL = REPOSITORY / "database" / "invoices"
# Words that stand where codes stand: states, keys.
NO_CODES = {"field", "read", "refused"}
REFUSE = r'(?:return|reason =|Stopped\(|Refused\(|NotTaken\()\s*"([a-z_]{4,})"|"([a-z]+_[a-z_]+)" if'


def found(pattern: str, *files: str) -> set[str]:
    """What the pattern's groups catch in these files of either folder."""
    texts = [path.read_text() for folder in (PYTHON, SQL) for name in files for path in folder.glob(name)]
    assert texts
    return {code for text in texts for match in re.finditer(pattern, text) for code in match.groups() if code}


def test_each_finding_of_reading_and_of_matching_has_words() -> None:
    read = found(r'Finding\(\s*code="([a-z_]+)"', "*.py")
    matched = found(r"(?:select|then|else) '([a-z_]{4,})'|'code', '([a-z_]+)'", "2_matching.sql", "3_judging.sql")
    assert {"low_confidence", "not_an_invoice"} <= read
    assert {"price_differs", "quantity_exceeds", "posting_refused"} <= matched
    assert (read | matched) - NO_CODES - set(wording.FINDINGS) == set()


def test_each_reason_to_refuse_a_mail_or_a_pdf_has_words() -> None:
    reasons = found(REFUSE, "mail.py", "vouching.py", "packing.py", "confining.py", "examining.py", "taking.py")
    assert {"not_authentic", "encrypted", "archive_bomb"} <= reasons
    assert reasons - set(wording.REASONS) == set()


def test_numbers_of_a_finding_are_shown_as_amounts_and_counts() -> None:
    def words(code: str, detail: str, currency: str | None = "USD") -> str:
        return str(wording.finding({"code": code, "field": "", "detail": detail}, currency)["words"])

    assert words("quantity_exceeds", "3 2") == "More units than are left to be invoiced: 3, where 2 can be."
    assert words("price_differs", "2599 2499") == "It costs more than was ordered: 25.99 USD, not 24.99 USD."
    assert words("price_differs", "2599 2499", "JPY") == "It costs more than was ordered: 2,599 JPY, not 2,499 JPY."
    assert words("currency_differs", "EUR USD") == "Another currency than the order's: EUR, not USD."
    own = words("tax_differs", "the lines' rates make 141, not 132")
    assert own == "The tax is not what its rate makes: the lines' rates make 1.41 USD, not 1.32 USD."
    assert words("unreadable", "2 different ones are printed").endswith(": 2 different ones are printed.")
    assert words("no_such_code", "") == "No such code."
    assert wording.reason("not_authentic") == "Its signature does not hold: it may be forged."
