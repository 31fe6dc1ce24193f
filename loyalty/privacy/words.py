"""What the README of an export says, in the languages there are: English and German."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

_README: Mapping[str, str] = {
    "en": """Your data

Member number: {number}
As of: {at:%Y-%m-%d %H:%M} UTC

This file holds everything that we hold on you.

data/       everything, section by section, as JSON: for programs
tables/     the parts that people read, as CSV: open them with a spreadsheet
documents/  your receipts, invoices and credit notes as PDF
photos/     the photos and labels of your cases

Points are whole numbers; money is in the smallest unit of its currency (cents). Times are in UTC.
In tables a text that begins with = + - or @ has an apostrophe before it, so that no spreadsheet takes it for a formula.

You may have errors corrected and may have your data erased: please ask us.
""",
    "de": """Ihre Daten

Mitgliedsnummer: {number}
Stand: {at:%d.%m.%Y %H:%M} UTC

Diese Datei enthält alles, was wir über Sie gespeichert haben.

data/       alles, nach Bereichen, als JSON: für Programme
tables/     was Menschen lesen, als CSV: mit einer Tabellenkalkulation zu öffnen
documents/  Ihre Belege, Rechnungen und Gutschriften als PDF
photos/     die Fotos und Etiketten zu Ihren Anliegen

Punkte sind ganze Zahlen, Beträge stehen in der kleinsten Einheit ihrer Währung (Cent), Zeiten in UTC.
In den Tabellen steht vor einem Text, der mit = + - oder @ beginnt, ein Apostroph, damit ihn kein Programm für eine
Formel hält.

Sie können Fehler berichtigen und Ihre Daten löschen lassen: Bitte wenden Sie sich an uns.
""",
}


def readme(language: str, number: str, at: datetime) -> str:
    """In the member's language, or in English."""
    return _README.get(language, _README["en"]).format(number=number, at=at)
