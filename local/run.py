"""`make run`: the laptop's cloud in the foreground until Ctrl-C or SIGTERM."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from local import insight, night
from local.cloud import AlreadyRuns, Cloud
from local.connected import STATE, Connected
from local.deployment import REPOSITORY
from local.past.__main__ import lived
from local.people import MEMBERS, PASSWORD, STAFF
from local.plug.plug import Plug
from local.ports import PortTaken
from local.processes import Child, Failed, start, tail
from local.status.server import StatusServer

WATCH_SECONDS = 2.0
# Of a night or its analysis that need not be begun again.
_DONE = ("RUNNING", "SUCCEEDED")


def main() -> int:
    """0 after an orderly end; 1 if a part does not start, with the end of its log."""
    ended = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        if ended.is_set():
            return
        ended.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, end)
    signal.signal(signal.SIGTERM, end)
    cloud = Cloud(STATE, settled=False, say=_say)
    status: StatusServer | None = None
    past: Child | None = None
    try:
        connected = cloud.start()
        status = StatusServer(connected, Plug(cloud))
        status.start()
        _say(_welcome(connected, cloud))
        past = _past(connected)
        gone: set[str] = set()
        while not ended.wait(WATCH_SECONDS):
            for name in set(cloud.broken()) - gone:
                _say(f"{name} ended by itself: its log is in {STATE / 'logs'}")
                gone.add(name)
            if past and not past.alive:
                _say(_told(past))
                past = None
    except KeyboardInterrupt:
        _say("\nstopping …")
    except (AlreadyRuns, PortTaken, Failed, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        if past:
            past.stop()
        if status:
            status.stop()
        cloud.stop()
    _say("stopped; `make run` goes on where this ended, `make clean` forgets it")
    return 0


def _past(cloud: Connected) -> Child | None:
    """A year of real purchases, so that reports are not empty until somebody thinks of it; None when it is there."""
    if lived(cloud).whole:
        _night_if_none_was(cloud)
        return None
    _say(
        "Meanwhile The Complete Journey's households live their year, in about five minutes; then comes the first"
        " night, and Reports have something to show."
    )
    command = [sys.executable, "-m", "local.past", str(cloud.state)]
    return start("past", command, cwd=REPOSITORY, environment=os.environ, log=cloud.state / "logs" / "past.log")


def _night_if_none_was(cloud: Connected) -> None:
    """The first one may have been stopped, by Ctrl-C for instance."""
    with suppress(BotoCoreError, ClientError):
        newest = night.newest(cloud)
        if newest is None or newest["status"] not in _DONE:
            night.begin(cloud)
        elif newest["status"] == "SUCCEEDED":
            last = insight.newest(cloud)
            if last is None or last["status"] not in _DONE:
                insight.begin(cloud)


def _told(past: Child) -> str:
    """What became of it, in its own last words."""
    if past.process.returncode:
        return f"the year before this one ended early, `make run` goes on with it: {tail(past.log)}"
    return "The year is lived and the first night is over: the manager app's Reports show it."


def _say(line: str) -> None:
    print(line, flush=True)


def _welcome(cloud: Connected, run: Cloud) -> str:
    placeholders = ", ".join(f"{kind} ×{len(found)}" for kind, found in cloud.placeholders().items())
    lines = [
        "",
        f"Portal        {cloud.portal}",
        f"Manager       {cloud.manager}",
        f"Status page   {cloud.status_page}",
        f"Member API    {cloud.api('Member')}",
        f"Manager API   {cloud.api('Manager')}",
        f"Inbound API   {cloud.api('Inbound')}",
        f"Invoices      main@{cloud.outputs['InvoiceMailDomain']} by SMTP at 127.0.0.1:{cloud.ports.mail}",
        f"ERP           {cloud.simulator('erp')}",
        f"Members       {', '.join(member.email for member in MEMBERS)}",
        f"Staff         {', '.join(person.email for person in STAFF)}",
        f"Password      {PASSWORD}",
        f"Placeholders  {placeholders}",
        *(f"NOT SEEDED    {problem}" for problem in run.problems),
        "Ctrl-C stops all of it.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
