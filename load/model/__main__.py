"""`make load-model`: the model's tables, printed and put into docs/load-model.md, and its picture."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

from load.model import check, growth, picture
from load.model.inputs import ASSUMED, REPOSITORY, Measured, measured, production

PAGE, PICTURE = REPOSITORY / "docs" / "load-model.md", REPOSITORY / "docs" / "load-model.svg"
BEGIN, END = "<!-- load-model: begin -->", "<!-- load-model: end -->"


def main() -> None:
    tables, drawn = written()
    sys.stdout.write(tables)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables}\n{END}{rest.partition(END)[2]}")
    PICTURE.write_text(drawn)


def written() -> tuple[str, str]:
    """What stands between the page's marks, and the picture."""
    run = measured()
    steps = growth.all_steps(run, production())
    return "\n".join((*_steps(steps), *_used(steps), *_checks(run), *_assumed(run))), picture.drawn(steps)


def _steps(steps: Sequence[growth.Step]) -> Iterator[str]:
    yield "| members | requests/s, mean | peak | of them kept | function environments | writer's processors |"
    yield "|---|---|---|---|---|---|"
    for one in steps:
        yield (
            f"| {one.members:,} | {one.requests:,.2f} | {one.peak_requests:,.1f} | {one.kept_requests:,.1f} "
            f"| {one.environments} | {one.processors:,.2f} |"
        )
    yield ""
    yield (
        "| members | redemptions a day | a second, peak | connections that keep p99 below 1 h | wait p50, p99 "
        "| on a campaign's first day: p99, still waiting at midnight | journal, GB a year | a night's import, min |"
    )
    yield "|---|---|---|---|---|---|---|---|"
    for one in steps:
        day, campaign = one.waited, one.campaign
        yield (
            f"| {one.members:,} | {one.redemptions_a_day:,.0f} | {one.peak_redemptions:,.3f} | {one.connections} "
            f"| {_time(day.median)}, {_time(day.late)} | {_time(campaign.late)}, {campaign.left * one.connections:,} "
            f"| {one.journal_gb:,.2f} | {one.import_minutes:,.1f} |"
        )
    yield ""


def _used(steps: Sequence[growth.Step]) -> Iterator[str]:
    names = list(growth.LEVERS)
    yield f"| members | {' | '.join(names)} | first to give |"
    yield f"|---|{'---|' * len(names)}---|"
    for one in steps:
        cells = " | ".join(f"{one.used[name]:.1%}" for name in names)
        yield f"| {one.members:,} | {cells} | {one.first} |"
    yield ""
    yield "| what gives | lever |"
    yield "|---|---|"
    for name, lever in growth.LEVERS.items():
        yield f"| {name} | {lever} |"
    yield ""


def _checks(run: Measured) -> Iterator[str]:
    yield "| the model beside the measured run | model | measured | off | may be off |"
    yield "|---|---|---|---|---|"
    for one in check.compared(run):
        allowed = "above only: a bound" if one.bound else f"{one.may_be:.0%}"
        yield f"| {one.what} | {one.model:,.3g} | {one.measured:,.3g} | {one.off:+.0%} | {allowed} |"
    yield ""


def _assumed(run: Measured) -> Iterator[str]:
    yield "| fed with | | from |"
    yield "|---|---|---|"
    yield f"| {run.alone_seconds * 1_000:.1f} | ms an answer alone, as often as each was asked | docs/load.md |"
    yield f"| {run.kept_part:.0%} | of requests are for pages that may be kept | docs/load.md |"
    for fact in ASSUMED.values():
        yield f"| {fact.value:,g} | {fact.unit} | {fact.why} |"
    yield ""


def _time(seconds: float) -> str:
    for unit, size in (("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


if __name__ == "__main__":
    main()
