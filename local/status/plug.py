"""Pull the plug: the section with the button, and the one screen that counts every redemption to its ending."""

from __future__ import annotations

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from local.plug.plug import MEMBERS, Plug
from local.plug.run import WAY
from local.status.forms import form, from_another_page
from local.status.frame import answer, document
from local.status.markup import pill, quiet, table

FEWEST, MOST = 1, 200
REFRESH_MILLISECONDS = 1000
WHAT_HAPPENS = (
    f"{MEMBERS} members redeem. In the middle of it the database is killed (kill -9), three seconds later both workers,"
    " the gateway and every function; then all of it is started again on the same data. Nobody helps: each member's"
    " device sends again what was not answered, with the same Idempotency-Key, and one screen counts every redemption"
    " to its ending. It takes about four minutes, most of them Amazon's half order a second."
)
WORSE_THAN_AWS = (
    "This is harder than AWS would ever be: the emulator forgets its queues and running state machines with the kill,"
    " which SQS and Step Functions do not. The sweeper asks for each execution and replaces those nobody knows, within"
    " three minutes."
)
# Steps of the way in the order of the picture, bottom first, with the tone of each.
TONES = {
    "closed": "fill-good",
    "settled": "fill-blue faint",
    "ordering": "fill-blue",
    "payment": "fill-wait",
    "held": "fill-wait faint",
    "going back": "fill-quiet",
    "not answered": "fill-bad",
}
WIDTH, HEIGHT = 1200, 240

type Reading = dict[str, Any]


def read(supply: Plug | None) -> Reading:
    """`possible`, and `run`: the report of the run under way or the last one."""
    return {"possible": supply is not None, "run": supply.report() if supply else None}


def routes(supply: Plug | None) -> list[Route]:
    """GET /plug, GET /plug.json, POST /plug with `members`."""
    doors = _Doors(supply)
    return [Route("/plug", doors.screen, methods=["GET", "POST"]), Route("/plug.json", doors.told)]


class _Doors:
    def __init__(self, supply: Plug | None) -> None:
        self._supply = supply

    async def told(self, _: Request) -> Response:
        return JSONResponse(read(self._supply))

    async def screen(self, request: Request) -> Response:
        if request.method == "GET":
            return answer(screen(read(self._supply)))
        if foreign := from_another_page(request):
            return foreign
        members = (await form(request)).get("members", str(MEMBERS))
        if self._supply is None or not members.isdecimal() or not FEWEST <= int(members) <= MOST:
            return PlainTextResponse(f"Only where the cloud runs, with {FEWEST} to {MOST} members.\n", 400)
        if not self._supply.pull(int(members)):
            return PlainTextResponse("The plug is out already.\n", 409)
        return RedirectResponse("/plug", 303)


def show(reading: Reading) -> str:
    """The section of the back room."""
    if not reading["possible"]:
        return '<p class="quiet">Only where the cloud runs: <code>make run</code>.</p>'
    run = reading["run"]
    last = f'<p>{_verdict(run)} <a href="/plug">Every second of it</a></p>' if run else ""
    return f"<p>{escape(WHAT_HAPPENS)}</p>{last}{_button(run)}"


def screen(reading: Reading) -> str:
    """The whole page /plug."""
    run = reading["run"]
    inner = _run(run) if run else f"<section><p>{escape(WHAT_HAPPENS)}</p>{_button(None)}</section>"
    return document(
        "Pull the plug",
        '<h1>Pull the plug</h1><p class="now"><a href="/">The back room</a></p>',
        inner,
        f'<span>{escape(WORSE_THAN_AWS)} The same as <a href="/plug.json">JSON</a>.</span>',
        here="/plug",
        every_milliseconds=REFRESH_MILLISECONDS,
    )


def _run(run: Reading) -> str:
    button = _button(run) if run["ended"] else ""
    return (
        f'<section><h2 class="hide">The verdict</h2><p class="big">{_verdict(run)}</p>'
        f'<p class="quiet">{run["seconds"]:.0f} s, {escape(run["stage"])}</p>{button}</section>'
        f"<section><h2>Every redemption, second by second</h2>{_picture(run)}</section>"
        f'<div class="pair"><section><h2>Now</h2>{_now(run)}</section>'
        f"<section><h2>What the members' devices heard</h2>{_heard(run)}</section>"
        f"<section><h2>What happened</h2>{_events(run)}</section></div>{_wrong(run)}"
    )


def _verdict(run: Reading) -> str:
    if not run["ended"]:
        return f"{pill('under way', 'wait')} {run['accepted']} of {run['members']} redemptions stand"
    words = (
        f"{sum(run['outcomes'].values())} redemptions of {run['members']} members, each with its ending:"
        f" {run['lost']} lost, {run['doubled']} doubled, {run['violations']} invariants violated"
        if run["lost"] is not None
        else "the run did not come to its end"
    )
    return f"{pill('good', 'good') if run['good'] else pill('wrong', 'bad')} {words}"


def _button(run: Reading | None) -> str:
    if run and not run["ended"]:
        return ""
    return (
        '<form method="post" action="/plug"><label>Members<input type="number" name="members"'
        f' value="{MEMBERS}" min="{FEWEST}" max="{MOST}"></label><button>Pull the plug</button></form>'
    )


def _now(run: Reading) -> str:
    counts = run["counts"]
    rows = [("asked for", run["asked"]), ("answered: accepted", run["accepted"])]
    rows += [(step, counts.get(step, 0)) for step in WAY]
    rows += sorted((name.replace("_", " "), number) for name, number in counts.items() if name not in WAY)
    return table((escape(name), f"<strong>{number}</strong>") for name, number in rows)


def _heard(run: Reading) -> str:
    if not run["attempts"]:
        return quiet("Nothing yet.")
    told = table((escape(kind), f"<strong>{number:,}</strong>") for kind, number in sorted(run["attempts"].items()))
    return told + quiet("Any other 5xx would be an error of ours and is listed below.")


def _events(run: Reading) -> str:
    return table((f"{event['seconds']:.0f} s", escape(event["words"])) for event in run["events"])


def _wrong(run: Reading) -> str:
    if not run["wrong"]:
        return ""
    lines = "<br>".join(map(escape, run["wrong"][:50]))
    return f'<section><h2>Wrong</h2><p class="bad">{lines}</p></section>'


def _picture(run: Reading) -> str:
    """Bars a second, stacked by step; a gap where the database could not be asked."""
    samples = [sample for sample in run["samples"] if sample["asked"]]
    if not samples:
        return quiet("The members sign in first.")
    first, last = samples[0]["seconds"], samples[-1]["seconds"]
    per_second = WIDTH / max(30.0, last - first + 1)
    top = max(1, run["members"])
    bars = "".join(_bar(sample, first, per_second, top) for sample in samples)
    legend = "".join(f'<span><span class="dot {tone}"></span>{step}</span>' for step, tone in TONES.items())
    return (
        f'<svg class="plug" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Redemptions by state over time"'
        f' preserveAspectRatio="none">{bars}</svg><p class="legend quiet">{legend}</p>'
    )


def _bar(sample: Reading, first: float, per_second: float, top: int) -> str:
    left, width = (sample["seconds"] - first) * per_second, max(1.0, per_second - 1)
    if sample["counts"] is None:
        return (
            f'<rect x="{left:.1f}" y="0" width="{width:.1f}" height="{HEIGHT}" class="fill-bad" opacity=".12">'
            "<title>the database is out</title></rect>"
        )
    parts, base = [], float(HEIGHT)
    for step, number in _stack(sample):
        height = number * HEIGHT / top
        base -= height
        parts.append(
            f'<rect x="{left:.1f}" y="{base:.1f}" width="{width:.1f}" height="{height:.1f}" class="{TONES[step]}">'
            f"<title>{number} {step}, {sample['seconds']:.0f} s</title></rect>"
        )
    return "".join(parts)


def _stack(sample: Reading) -> list[tuple[str, int]]:
    counts = sample["counts"]
    closed = sum(number for name, number in counts.items() if name not in WAY)
    missing = sample["asked"] - sum(counts.values())
    found = {**counts, "closed": closed, "not answered": missing}
    return [(step, found[step]) for step in TONES if found.get(step, 0) > 0]
