"""Queueing theory's formulae: servers in parallel, one regular server, a closed crowd."""

from __future__ import annotations

import math


def waits(offered: float, servers: int) -> float:
    """Erlang's C: the part of requests that find all `servers` busy. `offered` is their work in servers; M/M/c.

    1 where the work is more than the servers do.
    """
    if offered >= servers:
        return 1.0
    # By Erlang's B, whose recursion stays small where factorials do not.
    lost = 1.0
    for number in range(1, servers + 1):
        lost = offered * lost / (number + offered * lost)
    busy = offered / servers
    return lost / (1 - busy * (1 - lost))


def mean_wait_seconds(offered: float, servers: int, service_seconds: float) -> float:
    """How long a request waits on average before it is served; M/M/c, infinite without a steady state."""
    if offered >= servers:
        return math.inf
    return waits(offered, servers) * service_seconds / (servers - offered)


def wait_within_seconds(part: float, offered: float, servers: int, service_seconds: float) -> float:
    """So long at most waits this `part` of requests; M/M/c."""
    if offered >= servers:
        return math.inf
    delayed = waits(offered, servers)
    if delayed <= 1 - part:
        return 0.0
    return service_seconds / (servers - offered) * math.log(delayed / (1 - part))


def servers_for(offered: float, delayed: float) -> int:
    """The fewest servers at which no more than this part of requests waits."""
    servers = max(1, math.floor(offered) + 1)
    while waits(offered, servers) > delayed:
        servers += 1
    return servers


def regular_wait_seconds(busy: float, service_seconds: float) -> float:
    """The mean wait before one server that takes the same time for each; M/D/1."""
    return math.inf if busy >= 1 else busy * service_seconds / (2 * (1 - busy))


def most_per_second(work_seconds: float, servers: int, crowd: int, alone_seconds: float) -> float:
    """What a closed crowd, each asking anew when answered, gets at most: the asymptotic bound."""
    return min(servers / work_seconds, crowd / alone_seconds)
