"""The year before `make run`, in a process of its own beside the running cloud; then the first night. How far it is
stands in the cloud's state, so that a year that was interrupted goes on."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from random import Random

import httpx
import psycopg
from botocore.exceptions import BotoCoreError, ClientError

from local import insight, joining, night
from local.clock import Clock
from local.connected import Connected, NotRunning
from local.demo.shopper import Unexpected
from local.past import today
from local.past.living import PROGRAM_ID, Lived, live
from local.past.rewards import shelf

FILE = "past.json"
# So many products are plenty to choose from; the shelf is filled while the cloud is young.
LEAST_PRODUCTS, STOCK_SECONDS = 150, 180
# Whoever looks around meanwhile comes first.
NICENESS = 10


def lived(cloud: Connected) -> Lived:
    """How far it is."""
    return Lived.read(cloud.state / FILE, Clock(cloud).now().date())


def main(state: Path) -> int:
    """0 when the year is there and its night has begun."""
    os.nice(NICENESS)
    try:
        cloud = Connected.to(state)
        _wait_for_the_shelf(cloud)
        so_far, began = lived(cloud), time.monotonic()
        live(cloud, so_far, _tell)
        _say(
            f"{so_far.households:,} households, {so_far.purchases:,} purchases, {so_far.rewards:,} rewards"
            f" in {time.monotonic() - began:.0f} s"
        )
        try:
            today.redeem(cloud, _say)
        except (joining.Refused, Unexpected, RuntimeError, httpx.HTTPError) as error:
            # Reports without money are better than none.
            _say(f"nobody redeems today: {error}")
        for table in night.wait(cloud, night.begin(cloud)):
            _say(f"{table['table']:22}{table['status']:12}{table['rows']:>10,} rows")
        _say(insight.summary(insight.wait(cloud, insight.begin(cloud))))
    except (NotRunning, TimeoutError, night.Stopped, psycopg.Error, BotoCoreError, ClientError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _tell(so_far: Lived) -> None:
    if so_far.day and so_far.day.day == 1:
        _say(f"{so_far.day}: {so_far.purchases:,} purchases, {so_far.rewards:,} rewards")


def _say(line: str) -> None:
    print(line, flush=True)


def _wait_for_the_shelf(cloud: Connected) -> None:
    deadline = time.monotonic() + STOCK_SECONDS
    with cloud.query() as connection:
        while True:
            found = len(shelf(connection, PROGRAM_ID, Random()))
            if found >= LEAST_PRODUCTS:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"only {found} products are on the shelf")
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
