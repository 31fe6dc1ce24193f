"""Every route × every role × one's own and others' things: who comes in, and that nobody sees or moves what is not
theirs. The quick suite has each rule of this once (test_closed_doors.py); here is the whole product, with its count.

The table of expectations is written from the routes' scopes and the staff's table of groups; a new route or group is in
it without anybody thinking of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest

from lambdas.manager_routes.allowed import ALL, ALLOWED
from tests.fuzz.facts import CANARY_PARTNER, CANARY_STAFF
from tests.fuzz.test_closed_doors import OPEN, OPERATIONS, SCOPES, assert_tells_nothing, staff, theirs
from tests.fuzz.world import World
from tests.lambdas.conftest import CANARY_CLIENT, Token, member_token, partner_token

# At home: somebody whom the request is about, or for. Beside: comes in, but it is another's. Outside: never comes in.
Place = Literal["at home", "beside", "outside"]


@dataclass(frozen=True)
class Role:
    """`kind`: whose door it has a key to. `groups`: of staff. `own`: the things of the good request are theirs."""

    name: str
    kind: Literal["nobody", "member", "partner", "staff"]
    own: bool = False
    groups: frozenset[str] = frozenset()

    def place(self, api: str, method: str, path: str) -> Place:
        if self.kind != {"member": "member", "manager": "staff", "inbound": "partner"}[api]:
            return "outside"
        if self.kind == "staff" and not self.groups & ALLOWED[f"{method} {path}"]:
            return "outside"
        return "at home" if self.own else "beside"


ROLES = (
    Role("anonymous", "nobody"),
    Role("the member", "member", own=True),
    Role("another member", "member"),
    Role("a member of the other programme", "member"),
    Role("the same sign-in at the other programme", "member"),
    Role("a sign-in without membership", "member"),
    Role("the partner", "partner", own=True),
    Role("another partner", "partner"),
    Role("the other programme's partner", "partner"),
    Role("staff of no group", "staff", own=True),
    *(Role(f"{group}", "staff", own=True, groups=frozenset({group})) for group in sorted(ALL)),
    *(Role(f"the other programme's {group}", "staff", groups=frozenset({group})) for group in sorted(ALL)),
)


def token(world: World, role: Role, scope: str) -> Token:
    """As the pools give them out: a pool's scopes are not another's, so a member's token never says `staff`."""
    if role.kind == "nobody":
        return {}
    if role.kind == "staff":
        return staff(*sorted(role.groups), **({} if role.own else {"client": CANARY_STAFF}))
    if role.kind == "partner":
        scopes = [one for one in SCOPES if one not in ("loyalty/member", "loyalty/staff")]
        other = {"another partner": "partner2", "the other programme's partner": CANARY_PARTNER}
        return partner_token(*scopes, **({} if role.own else {"client": other[role.name]}))
    return {
        "the member": world.alice.token,
        "another member": world.bob.token,
        "a member of the other programme": world.canary.token,
        "the same sign-in at the other programme": member_token(world.alice.subject, client=CANARY_CLIENT),
        "a sign-in without membership": member_token("nobody-yet"),
    }[role.name]


def cells() -> Iterator[tuple[str, str, str, str, Role]]:
    for api, method, path, scope in OPERATIONS:
        for role in ROLES:
            yield api, method, path, scope, role


def test_the_matrix_is_whole() -> None:
    found = list(cells())
    assert len(found) == len(OPERATIONS) * len(ROLES)
    places = Counter(role.place(api, method, path) for api, method, path, _, role in found)
    # Every route is somebody's, and closed to most.
    for api, method, path, _ in OPERATIONS:
        at_home = {role.name for role in ROLES if role.place(api, method, path) == "at home"}
        assert at_home, f"{method} {path}"
        if api == "manager":
            assert at_home == ALLOWED[f"{method} {path}"]
    assert places["outside"] > places["beside"] > 0
    assert places["at home"] >= len(OPERATIONS)


@pytest.mark.large
@pytest.mark.parametrize(("api", "method", "path", "scope"), OPERATIONS)
def test_nobody_sees_or_moves_what_is_not_theirs(world: World, api: str, method: str, path: str, scope: str) -> None:
    leaks = []
    for role in ROLES:
        place = role.place(api, method, path)
        # Good for whom it is: made anew, because whoever is at home uses it up.
        request = world.good(api, method, path)
        before = theirs(world)
        reply = world.door(api, token(world, role, scope)).send(request)
        code = reply.body.get("code") if reply.status >= 400 else None
        shut = reply.status == 403 and code in ("wrong-scope", "wrong-group", "unknown-client")
        if place == "at home":
            if shut:
                leaks.append(f"{role.name}: is kept out by {code}")
            continue
        if place == "outside" and not shut:
            leaks.append(f"{role.name}: {reply.status} {reply.text:.200}")
        if place == "beside" and f"{method} {path}" not in OPEN and reply.status not in (403, 404):
            leaks.append(f"{role.name}: {reply.status} {reply.text:.200}")
        if "/audit" not in path:
            try:
                assert_tells_nothing(world, request, reply.text, role.name)
            except AssertionError as told:
                leaks.append(f"{role.name}: is told {told}")
        if f"{method} {path}" != "POST /accruals" and theirs(world) != before:
            leaks.append(f"{role.name}: moved something")
    assert leaks == []
