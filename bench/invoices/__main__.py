"""`make bench-invoices`: how well invoices are read, and that nothing wrong would be posted. One JSON line last.

2,000 papers with a text layer and 240 scans of layouts in turn, all of odd seeds; the reader is tuned on even ones only
(`--even` measures those). About six minutes on two cores; QUICK=1 tries it in one. Ends with 1 if a wrong value would
have been posted.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from bench._figures import REPOSITORY
from bench.invoices.measuring import Measured, measure
from bench.invoices.scoring import Score

RESULT = REPOSITORY / "build" / "bench-invoices.json"
TEXTS, SCANS, OTHERS = 2_000, 240, 200
QUICK_TEXTS, QUICK_SCANS, QUICK_OTHERS = 200, 12, 40
MOST_SECONDS, QUICK_MOST_SECONDS = 840, 60
WORDS = """What is measured: the laptop's stand-in for Textract and our normaliser together, on papers of our generator.
It is NOT a measurement of Amazon Textract, nor of real invoices. Codes that were read are held against what the
programme has ordered, as in the product: here the orders of 5,000 papers, those that are measured and others.
  header            fields of the head (number, days, currency, sums, order numbers, table of tax, …) that were read as
                    they are, of all there are; what a paper does not print counts as right when nothing is read there
  lines             lines of which kind, order, product, quantity, unit price, amount, rate and tax are all right
  titles            lines of which the description is right to the letter as well
  straight through  papers that nobody needs to look at: an invoice without any finding, whose numbers of orders,
                    products and corrected invoices are ours (the match with our orders asks that before it posts)
  waited            of those: papers whose number or day only Amazon's own transactions prove, which are read once a
                    day; until they name it, letter by letter, for the paper's orders nothing is posted, and after
                    three days a person is asked
  wrong posted      values, descriptions among them, that differ from the truth in papers that go straight
                    through (what could not be read for sure and decides nothing is left out there, which is no wrong
                    value); "unmatched" are those that only the match would stop
  per second, core  papers by processor time of analysing and reading, without making them
"""


def main(arguments: list[str]) -> int:
    """Print tables and the line; 1 if a wrong value would have been posted."""
    parser = argparse.ArgumentParser(prog="python -m bench.invoices")
    parser.add_argument("--quick", action="store_true", help="a tenth of it, in about a minute")
    parser.add_argument("--even", action="store_true", help="the seeds that are for tuning")
    parser.add_argument("--scans", type=int, help="so many scans")
    parser.add_argument("--texts", type=int, help="so many papers with a text layer")
    chosen = parser.parse_args(arguments)
    texts, scans, others, seconds = (
        (QUICK_TEXTS, QUICK_SCANS, QUICK_OTHERS, QUICK_MOST_SECONDS)
        if chosen.quick
        else (TEXTS, SCANS, OTHERS, MOST_SECONDS)
    )
    texts, scans = (own if own is not None else usual for own, usual in ((chosen.texts, texts), (chosen.scans, scans)))
    first = 0 if chosen.even else 1
    print(WORDS)
    until = time.monotonic() + seconds
    text = measure("text", range(first, 2 * texts, 2), until)
    _print("with a text layer", text)
    none = measure("none", range(first, 2 * others, 2), until)
    print(f"\npapers that are no invoices: {others}, of which would have been posted: {len(none.posted_that_are_none)}")
    # Scans are of papers that were not read above.
    scanned = measure("scan", range(2 * texts + first, 2 * (texts + scans), 2), until)
    _print("scans", scanned)
    figures = _figures(text, scanned, none)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(figures) + "\n")
    print(json.dumps(figures))
    return 1 if figures["wrong_posted"] else 0


def _figures(text: Measured, scanned: Measured, none: Measured) -> dict[str, float | int | str]:
    texts, scans = text.total(), scanned.total()
    return {
        "bench": "invoices",
        "text_header": _share(texts.header_right, texts.header),
        "text_lines": _share(texts.lines_right, texts.lines),
        "scan_header": _share(scans.header_right, scans.header),
        "scan_lines": _share(scans.lines_right, scans.lines),
        "wrong_posted": len(texts.wrong_posted) + len(scans.wrong_posted) + len(none.posted_that_are_none),
        "straight_through": _share(texts.straight, texts.papers),
        "scan_straight_through": _share(scans.straight, scans.papers),
        "scan_waited": _share(scans.waited, scans.papers),
        "unmatched": texts.unmatched + scans.unmatched,
        "per_second_core": round(texts.papers / text.seconds, 1) if text.seconds else 0,
        "rss_mb": round(text.megabytes),
        "rss_growth_mb": round(text.megabytes - text.early_megabytes, 1),
        "text_n": texts.papers,
        "scan_n": scans.papers,
        "layouts": len(text.by_layout),
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


_COLUMNS = ("papers", "header", "lines", "titles", "straight", "waited", "unmatched", "wrong")


def _print(title: str, measured: Measured) -> None:
    print(f"\n{title:<20}" + "".join(f"{column:>10}" for column in _COLUMNS) + "  findings")
    for name, score in sorted(measured.by_layout.items()):
        print(_row(name, score))
    for look, score in sorted(measured.by_look.items()):
        print(_row(f"{look} dpi", score))
    total = measured.total()
    print(_row("all", total))
    for wrong in total.wrong_posted:
        print(f"  WRONG POSTED {wrong}")
    for wrong in total.wrong_read[:40]:
        print(f"  read wrongly: {wrong[:200]}")


def _row(name: str, score: Score) -> str:
    shares = (
        _share(score.header_right, score.header),
        _share(score.lines_right, score.lines),
        _share(score.titles_right, score.titles),
        _share(score.straight, score.papers),
    )
    cells = [
        f"{score.papers}",
        *(f"{share:.4f}" for share in shares),
        f"{score.waited}",
        f"{score.unmatched}",
        f"{len(score.wrong_posted)}",
    ]
    findings = ", ".join(f"{code} {count}" for code, count in sorted(score.findings.items(), key=lambda each: -each[1]))
    return f"{name:<20}" + "".join(f"{cell:>10}" for cell in cells) + f"  {findings}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
