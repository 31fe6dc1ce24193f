"""`make plug`: press the status page's button of the cloud that runs here, and follow the run to its end."""

from __future__ import annotations

import sys
import time
from typing import Any

import httpx

from local.connected import STATE, Connected, NotRunning
from local.plain import PLAIN
from local.plug.plug import MEMBERS

PROGRESS_SECONDS = 5.0


def main(arguments: list[str]) -> int:
    """0 if nothing was lost, doubled or violated; 1 with the reasons; 2 for a number that is none."""
    members = arguments[0] if arguments and arguments[0] else str(MEMBERS)
    if not members.isdecimal():
        print("usage: make plug MEMBERS=50", file=sys.stderr)
        return 2
    try:
        page = Connected.to(STATE).status_page
        answer = httpx.post(f"{page}/plug", data={"members": members}, timeout=30, verify=PLAIN)
        if answer.status_code not in (303, 409):
            raise RuntimeError(answer.text.strip())
        print(f"live: {page}/plug", flush=True)
        return _follow(page)
    except (NotRunning, RuntimeError, httpx.HTTPError) as error:
        print(error, file=sys.stderr)
        return 1


def _follow(page: str) -> int:
    told, shown = 0, 0.0
    while True:
        run: dict[str, Any] = httpx.get(f"{page}/plug.json", timeout=30, verify=PLAIN).json()["run"]
        for event in run["events"][told:]:
            print(f"{event['seconds']:6.0f} s  {event['words']}", flush=True)
        told = len(run["events"])
        if run["ended"]:
            return _verdict(run)
        if time.monotonic() - shown > PROGRESS_SECONDS:
            shown = time.monotonic()
            counts = ", ".join(f"{number} {name}" for name, number in run["counts"].items())
            print(f"{run['seconds']:6.0f} s  {run['stage']}: {run['accepted']} accepted; {counts}", flush=True)
        time.sleep(0.5)


def _verdict(run: dict[str, Any]) -> int:
    for line in run["wrong"]:
        print(f"  WRONG  {line}")
    heard = " ".join(
        f"{kind.replace(', ', '_').replace(' ', '_')}={number}" for kind, number in run["attempts"].items()
    )
    print(
        f"PLUG {'OK' if run['good'] else 'FAILED'} members={run['members']}"
        f" redemptions={sum(run['outcomes'].values())} lost={run['lost']} doubled={run['doubled']}"
        f" violations={run['violations']} heard: {heard}"
    )
    return 0 if run["good"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
