"""Who issued a paper. Nothing is decided by it: the ERP knows the vendor by the programme's document."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from loyalty.invoices.alike import within
from loyalty.invoices.papers import Paper, Printed, Read

# So many letters of a company's name may be wrong.
REACH = 2
_KNOWN = tuple(
    line for line in Path(__file__).with_name("vendors.txt").read_text().splitlines() if not line.startswith("#")
)
_BANK = re.compile(r"\b(iban|bic|swift|sort code|account|konto|bankverbindung|reference)\b", re.IGNORECASE)
# What stands beside a name: a street, or where to pay to.
_BESIDE = frozenset({"VENDOR_ADDRESS", "ADDRESS", "ADDRESS_BLOCK", "STREET", "CITY", "ZIP_CODE"})


def issuer(paper: Paper, printed: list[Printed]) -> Read | None:
    """The name as its company writes it, if it is one that we know; else as it is printed beside its label.

    None where only the buyer's own name, or a bank's, was found.
    """
    names = [each for each in printed if each.kind not in _BESIDE]
    for places in (names, list(paper.text())):
        by_name: dict[str, list[Printed]] = {}
        for place in places:
            if (known := known_as(place.text)) is not None:
                by_name.setdefault(known, []).append(replace(place, text=known, as_read=place.text))
        if by_name and (places is names or len(by_name) == 1):
            return Read(*max(by_name.items(), key=lambda each: len(each[1])))
    buyers = {each.text for each in paper.fields() if each.kind.startswith("RECEIVER")}
    others = [each for each in names if each.text not in buyers and not _BANK.search(each.text)]
    if not others:
        return None
    best = max(others, key=lambda each: each.confidence)
    return Read(" ".join(best.text.split()), [each for each in others if each.text == best.text])


@lru_cache(maxsize=4_096)
def known_as(text: str) -> str | None:
    """The company that a text begins with, its letters nearly right; of several the one with the longest name."""
    folded = _folded(text)[:80]
    found = []
    for name in _KNOWN:
        code = _folded(name)
        if code[:6] in folded[:8] or code[-6:] in folded:
            apart, start, _ = within(code, folded)
            if apart <= REACH and start <= 1:
                found.append((len(code) - apart, name))
    return max(found)[1] if found else None


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", "", plain.replace("|", "l"))
