"""Every operation of the three documents is closed to everybody whom it is not for, and shows them nothing of others.

The matrix is made from the documents: a new route is in it without anybody thinking of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from lambdas import openapi
from lambdas.manager_routes.allowed import ALL, ALLOWED, FOR_ANYBODY, WRITTEN_DOWN
from stacks import routes
from tests.fuzz.door import Request, operations
from tests.fuzz.facts import CANARY_PARTNER, CANARY_STAFF, MAILBOX
from tests.fuzz.world import World
from tests.lambdas.conftest import CANARY_CLIENT, STAFF_CLIENT, Token, member_token, partner_token

OPERATIONS = [
    (api, method, path, operation["security"][0]["token"][0])
    for api in openapi.APIS
    for method, path, operation in operations(api)
    if any("token" in way for way in operation["security"])
]
# Asked for by outside parties that know no OAuth: a secret in a header stands for the token.
BY_SECRET = [
    (api, method, path)
    for api in openapi.APIS
    for method, path, operation in operations(api)
    if operation["security"] == [{"secret": []}]
]
BY_SIGNATURE = [
    (api, method, path)
    for api in openapi.APIS
    for method, path, operation in operations(api)
    if operation["security"] == [{"signature": []}]
]
BY_LINK = [
    (api, method, path)
    for api in openapi.APIS
    for method, path, operation in operations(api)
    if operation["security"] == [{"link": []}]
]
PUBLIC = [
    (api, method, path)
    for api in openapi.APIS
    for method, path, operation in operations(api)
    if operation["security"] == []
]
SCOPES = sorted({scope for _, _, _, scope in OPERATIONS})
ROUTES = {"member": routes.MEMBER, "manager": routes.MANAGER, "inbound": routes.INBOUND}


def test_the_documents_ask_for_the_scopes_that_the_gateway_asks_for() -> None:
    for api, table in ROUTES.items():
        documented: set[tuple[str, str, str | None]] = {
            (method, path, scope) for of, method, path, scope in OPERATIONS if of == api
        } | {(method, path, None) for of, method, path in [*BY_SECRET, *BY_SIGNATURE, *BY_LINK, *PUBLIC] if of == api}
        assert documented == {(route.method, route.path, route.scope) for route in table}


def test_every_operation_but_the_configs_is_behind_a_token_a_secret_or_a_signature() -> None:
    assert set(PUBLIC) == {
        ("member", "GET", "/config"),
        ("member", "GET", "/brand/logos/{digest}"),
        ("manager", "GET", "/config"),
    }
    closed = [*OPERATIONS, *BY_SECRET, *BY_SIGNATURE, *BY_LINK]
    assert len(closed) + len(PUBLIC) == sum(len(operations(api)) for api in openapi.APIS)
    assert {path for _, _, path in BY_SECRET} == {"/webhooks/amazon-business/packages"}
    assert {path for _, _, path in BY_LINK} == {"/security/not-me"}
    assert {path for _, _, path in BY_SIGNATURE} == {"/webhooks/amazon-pay", "/webhooks/stripe"}


@pytest.mark.parametrize(("api", "method", "path"), PUBLIC)
def test_what_is_public_is_the_same_for_everybody_and_is_about_nobody(
    world: World, api: str, method: str, path: str
) -> None:
    request = world.good(api, method, path)
    said = world.door(api, {}).send(request)
    assert said.status == 200
    assert_tells_nothing(world, request, said.text, "anybody")
    for what, token in {**strangers(world, "loyalty/member"), "another member": world.bob.token}.items():
        assert world.door(api, token).send(request).text == said.text, what
    for context in (None, {}, {"claims": None}):
        asked = {"httpMethod": method, "path": f"/v1{path}", "domainName": "member.example", "authorizer": context}
        assert world.door(api).send(request, requestContext=asked).text == said.text


@pytest.mark.parametrize(("api", "method", "path"), BY_SIGNATURE)
def test_an_operation_behind_a_signature_is_closed_to_every_other_body(
    world: World, api: str, method: str, path: str
) -> None:
    request = world.good(api, method, path)
    assert request.body is not None
    before = world.owner.execute("select count(*) as n from payments.notice").fetchone()
    for body in (request.body.replace(b"pi_", b"px_").replace(b"S01-", b"S02-"), b"", b"{}", b"\xff", b"{" * 70_000):
        for token in (None, partner_token(*SCOPES)):
            reply = world.door(api, token).send(replace(request, body=body))
            assert (reply.status, reply.body["code"]) == (401, "forged")
    assert world.owner.execute("select count(*) as n from payments.notice").fetchone() == before


@pytest.mark.parametrize(("api", "method", "path"), BY_LINK)
def test_an_operation_behind_a_link_wants_the_links_own_token_and_is_never_a_get(
    world: World, api: str, method: str, path: str
) -> None:
    request = world.good(api, method, path)
    assert request.body is not None
    token = json.loads(request.body)["token"]
    before = world.owner.execute("select count(*) as n from members.freeze").fetchone()
    for bad in (token[:-1], token + "x", "B" + token[1:], "x", " " + token):
        for who in (None, partner_token(*SCOPES)):
            forged = Request.json(method, path, {"token": bad})
            reply = world.door(api, who).send(forged)
            assert (reply.status, reply.body["code"]) == (400, "link-refused")
    assert world.door(api).send(Request("GET", path, query=f"token={token}")).status == 405
    assert world.owner.execute("select count(*) as n from members.freeze").fetchone() == before
    assert world.door(api, {}).send(request).status == 200


@pytest.mark.parametrize(("api", "method", "path"), BY_SECRET)
def test_an_operation_behind_a_secret_is_closed_to_whoever_does_not_know_it(
    world: World, api: str, method: str, path: str
) -> None:
    request = world.good(api, method, path)
    (name,) = [header for header in request.headers if header.endswith("Secret")]
    good, before = request.headers[name], len(world.fakes.sent)
    others = {key: value for key, value in request.headers.items() if key != name}
    forged = ["", good[:-1], good + "x", good.upper(), " " + good, "\u00e4", "x" * 10_000]
    for headers in (others, *({**others, name: wrong} for wrong in forged)):
        for body in (request.body, b"", b"\xff", b"{" * 70_000):
            reply = world.door(api).send(replace(request, headers=headers, body=body))
            assert (reply.status, reply.body["code"]) == (401, "forged")
    # A token of whatever kind opens nothing here.
    every = partner_token(*SCOPES)
    assert world.door(api, every).send(replace(request, headers=others)).status == 401
    assert len(world.fakes.sent) == before, "nothing was taken"


def staff(*groups: str, client: str = STAFF_CLIENT, scope: str = "loyalty/staff") -> Token:
    return {"sub": "staff-9", "client_id": client, "scope": scope, "cognito:groups": f"[{' '.join(groups)}]"}


def strangers(world: World, scope: str, allowed: frozenset[str] = ALL) -> dict[str, Token]:
    """Tokens that open nothing of this scope, by what is wrong with them; `allowed`: the staff groups that do."""
    others = " ".join(one for one in SCOPES if one != scope)
    everybody: dict[str, Token] = {
        "nobody": {},
        "claims of no sense": {"scope": "[]", "client_id": "", "cognito:groups": "["},
        "every other scope, as a partner": partner_token(*others.split()),
        "every other scope, as a member": member_token(world.alice.subject, scope=others),
        "every other scope, as staff": staff(*ALL, scope=others),
        "a scope that only begins alike": member_token(world.alice.subject, scope=f"{scope}s {scope}.x x{scope}"),
        "a client of no programme": staff(*ALL, client="unknown", scope=scope),
    }
    if scope == "loyalty/staff":
        everybody |= {
            "staff of no group": staff(),
            "staff of all other groups": staff(*sorted(ALL - allowed)),
            "a group that only begins alike": staff(
                "supporters", "business-operators", "finances", "catalogue-managers"
            ),
        }
    return everybody


@pytest.mark.parametrize(("api", "method", "path", "scope"), OPERATIONS)
def test_an_operation_is_closed_to_every_wrong_token(
    world: World, api: str, method: str, path: str, scope: str
) -> None:
    request = world.good(api, method, path)
    for what, token in strangers(world, scope, ALLOWED.get(f"{method} {path}", ALL)).items():
        reply = world.door(api, token).send(request)
        assert reply.status == 403, f"{what}: {reply.text}"
        assert reply.body["code"] in ("wrong-scope", "wrong-group", "unknown-client"), what


def test_the_table_of_groups_has_the_staffs_routes_and_no_other() -> None:
    assert set(ALLOWED) == {f"{route.method} {route.path}" for route in routes.MANAGER if not route.public}
    assert {f"{route.method} {route.path}" for route in routes.MANAGER if route.public} == FOR_ANYBODY
    assert set(ALLOWED) >= WRITTEN_DOWN
    assert all(groups and groups <= ALL for groups in ALLOWED.values())


@pytest.mark.parametrize(("route", "group"), [(route, group) for route in ALLOWED for group in sorted(ALLOWED[route])])
def test_each_group_of_the_table_comes_in_alone(world: World, route: str, group: str) -> None:
    method, path = route.split(" ")
    reply = world.door("manager", staff(group)).send(world.good("manager", method, path))
    assert reply.status != 403 or reply.body["code"] not in ("wrong-scope", "wrong-group"), reply.text


@pytest.mark.parametrize(("api", "method", "path", "scope"), OPERATIONS)
def test_without_an_authorizer_nothing_opens(world: World, api: str, method: str, path: str, scope: str) -> None:
    request = world.good(api, method, path)
    for context in ({}, {"authorizer": None}, {"authorizer": {}}, {"authorizer": {"claims": None}}):
        reply = world.door(api).send(request, requestContext={"httpMethod": method, **context})
        assert reply.status == 403


def outsiders(world: World, api: str, scope: str) -> dict[str, Token]:
    """Who may come in here, but has nothing to do with what the good request is about."""
    if api == "member":
        return {
            "another member": world.bob.token,
            "a member of the other programme": world.canary.token,
            "the same sign-in at the other programme": member_token(world.alice.subject, client=CANARY_CLIENT),
            "a sign-in without membership": member_token("nobody-yet"),
        }
    if api == "manager":
        return {"the other programme's staff": staff(*ALL, client=CANARY_STAFF)}
    return {
        "another partner": partner_token(scope, client="partner2"),
        "the other programme's partner": partner_token(scope, client=CANARY_PARTNER),
    }


# What anybody with the scope may do: it is about themselves, or about nobody.
OPEN = {
    "POST /claims", "POST /claims/confirmation", "GET /terms", "GET /catalogue", "GET /catalogue/{version}/products",
    "GET /catalogue/{version}/products/{asin}", "GET /me", "GET /me/balance", "GET /me/statement", "GET /me/lots",
    "GET /me/addresses", "POST /me/addresses", "POST /terms/acceptance", "POST /quotes", "GET /redemptions",
    "POST /members", "GET /adjustments", "POST /accruals", "GET /me/balance/at", "GET /me/statement/download",
    "POST /transfers", "GET /me/preferences", "PUT /me/preferences", "GET /notices/unwarned-lots",
    "GET /notices/lost-messages", "GET /finance/rates", "POST /finance/rates", "GET /finance/months/{month}/days",
    "GET /finance/months/{month}/verification", "GET /finance/months/{month}/funders",
    "GET /finance/months/{month}/close", "GET /finance/months/{month}/close.csv",
    "GET /finance/months/{month}/close/{figure}", "GET /finance/months/{month}/close/{figure}/lots",
    "GET /finance/months/{month}/funders.csv", "GET /finance/days/{day}", "GET /finance/days/{day}/journal.csv",
    "GET /finance/position", "GET /finance/closes", "GET /liability", "GET /campaigns", "POST /campaigns/preview",
    "POST /finance/months/{month}/lock", "GET /screening", "POST /cases", "GET /cases", "GET /reconciliation",
    "GET /finance/months/{month}/house", "GET /finance/months/{month}/house.csv", "GET /me/tier",
    "GET /me/wishlist", "GET /tiers/distribution", "POST /me/views",
    "GET /me/prices",
    "PUT /me/wishlist/{asin}", "DELETE /me/wishlist/{asin}", "GET /recommendations",
    "GET /me/closure", "POST /me/closure", "DELETE /me/closure",
    "GET /programme/simulations", "POST /programme/draft/simulations",
    "PUT /me/phone", "POST /me/phone/confirmation", "GET /staff", "GET /audit", "GET /audit.csv",
    "GET /features", "PUT /features/{feature}",
    "GET /programme", "GET /programme/draft", "PUT /programme/draft/{section}", "DELETE /programme/draft",
    "POST /programme/draft/publication", "GET /programme/versions", "GET /programme/versions/{version}",
    "GET /privacy/requests", "GET /privacy/retention", "GET /integrations", "GET /integrations/deliveries",
    "POST /integrations/{connection}/test", "GET /erp/documents", "GET /invoices", "GET /invoices/mails",
    "GET /invoices/samples.csv", "GET /invoices/samples.jsonl", "GET /invoices/months",
    # What another programme's nights have brought is not there.
    "GET /demand/forecast", "GET /demand/outlooks", "GET /demand/trends", "GET /demand/health",
    # A model learns from all programmes, and forecasts for all.
    "POST /demand/models/{version}/restore",
    # Each statement says its programme.
    "GET /reports", "GET /reports/{metric}", "GET /reports/{metric}/table.csv",
    # Another programme's staff find nobody.
    "GET /members", "GET /merges", "GET /goodwill",
    "POST /programme/logo", "GET /programme/messages", "POST /programme/messages/test",
    # Each programme has a catalogue of its own, and Amazon's shop is nobody's.
    "GET /me/catalogue", "GET /me/catalogue/for-you", "GET /me/catalogue/products/{asin}", "GET /catalogue/products",
    "GET /catalogue/products.csv",
    "GET /catalogue/products/{asin}", "PUT /catalogue/products/{asin}", "GET /catalogue/search",
    "POST /catalogue/additions", "GET /catalogue/counts", "POST /catalogue/preview", "POST /catalogue/actions",
    "GET /catalogue/changes", "GET /catalogue/featured", "PUT /catalogue/featured", "GET /catalogue/categories",
    "POST /catalogue/imports",
}  # fmt: skip


@pytest.mark.parametrize(("api", "method", "path", "scope"), OPERATIONS)
def test_outsiders_see_and_move_nothing_of_others(world: World, api: str, method: str, path: str, scope: str) -> None:
    for what, token in outsiders(world, api, scope).items():
        request = world.good(api, method, path)
        before = theirs(world)
        reply = world.door(api, token).send(request)
        if f"{method} {path}" not in OPEN:
            assert reply.status in (403, 404), f"{what}: {reply.text}"
        # The log of the other programme has what its own staff typed, in this test too: all of Alice's ids.
        if "/audit" not in path:
            assert_tells_nothing(world, request, reply.text, what)
        if f"{method} {path}" != "POST /accruals":  # every partner of the programme may report purchases
            assert theirs(world) == before, what


def theirs(world: World) -> Any:
    """All that is Alice's and could move."""
    return world.owner.execute(
        "select m.available, m.held, m.version,"
        " (select count(*) from members.address a where a.member_id = m.member_id) as addresses, "
        " (select jsonb_agg(to_jsonb(r) - 'row_xid' order by redemption_id) from redemptions.redemption r"
        " where r.member_id = m.member_id) as redemptions,"
        " (select count(*) from wishes.wish w where w.member_id = m.member_id) as wishes,"
        " (select count(*) from interactions.viewer v join interactions.catalogue_view using (program_id, viewer_key)"
        " where v.member_id = m.member_id) as views,"
        " (select default_address_id from members.member p"
        " where p.member_id = m.member_id) as at from points.member m where m.member_id = %s",
        (world.alice.member_id,),
    ).fetchone()


def assert_tells_nothing(world: World, request: Request, text: str, what: str) -> None:
    sent = (request.body or b"").decode() + request.path
    alice = world.alice
    ids = (alice.address_id, world.redemption_id, world.quote_id, world.adjustment_id)
    if request.path.startswith("/finance/"):
        # In Alice's month nothing moved in the other programme.
        assert not re.search(r'"(total_minor|issued)": ?[1-9]', text), what
    for mine in (alice.number, f"{alice.number.lower()}@{MAILBOX}", alice.street, *map(str, ids)):
        assert mine not in text or mine in sent, f"{what}: {mine}"
