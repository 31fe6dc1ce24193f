"""The doors of catalogue and quotes: what a member's browser gets, and what it gets for nonsense."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas import importer, quote_api
from lambdas.amazon import amazon_business
from tests.conftest import TestDatabase
from tests.domain.catalogue.shop import KEY, Shop, open_shop
from tests.lambdas.conftest import CANARY_CLIENT, Answer, Doors, member_token, staff_token
from tests.simulators.amazon_business.running import CREDENTIALS

ASIN = "B0BUNDLE00"


@pytest.fixture(scope="module")
def shop_of_module(published: TestDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(published, tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture
def shop(shop_of_module: Shop) -> Shop:
    shop_of_module.reset()
    return shop_of_module


@pytest.fixture(scope="module")
def vault() -> Iterator[dict[str, str]]:
    """Where the secrets are that the functions read."""
    with mock_aws():
        client = boto3.client("secretsmanager", region_name="eu-central-1")
        amazon = client.create_secret(
            Name="amazon-business",
            SecretString=json.dumps(
                {name: getattr(CREDENTIALS, name) for name in
                 ("client_id", "client_secret", "refresh_token", "buyer_email", "buying_group")}
            ),
        )  # fmt: skip
        signing = client.create_secret(Name="quote-signing", SecretString=KEY)
        yield {"AMAZON_BUSINESS_SECRET_ARN": amazon["ARN"], "QUOTE_SIGNING_SECRET_ARN": signing["ARN"]}


@pytest.fixture
def secrets(shop: Shop, doors: Doors, vault: dict[str, str]) -> Iterator[None]:
    """The functions know them, and the simulator's address."""
    doors.variables.update(vault, AMAZON_BUSINESS_URL=shop.amazon.url, AMAZON_LWA_URL=shop.amazon.url)
    amazon_business.cache_clear()
    quote_api._signing_key.cache_clear()
    yield
    amazon_business.cache_clear()


@pytest.fixture
def subject(shop: Shop) -> str:
    """The sign-in of a member with an address and points."""
    member_id = shop.member(points=20_000)
    name = f"subject-{member_id}"
    shop.owner.execute(
        "update members.member set subject = %s, claimed_at = clock.now() where program_id = 1 and member_id = %s",
        (name, member_id),
    )
    return name


def get(doors: Doors, path: str, **token: Any) -> Answer:
    return doors("member_api", "GET", path, token=member_token("anybody", **token))


def quote(doors: Doors, subject: str, body: Any, **raw: Any) -> Answer:
    return doors("quote_api", "POST", "/quotes", body, token=member_token(subject), **raw)


# ---- catalogue -----------------------------------------------------------------------------------------------------


def test_a_browser_finds_its_way_from_the_beginning_to_a_product(shop: Shop, doors: Doors) -> None:
    start = get(doors, "/catalogue")
    assert start.status == 200
    version, category = start.body["programme_version"], start.body["categories"][0]["category"]
    page = get(doors, f"/catalogue/{version}/products?category={category}&sort=points&max_points=100000")
    assert page.status == 200
    product = page.body["products"][0]
    assert product["points"] > 0
    detail = get(doors, f"/catalogue/{version}/products/{product['asin']}")
    assert detail.status == 200
    assert detail.body["title"] == product["title"]
    assert detail.body["images"][0]["large"]["width"] == 256


def test_pages_follow_their_tokens(shop: Shop, doors: Doors) -> None:
    version = get(doors, "/catalogue").body["programme_version"]
    first = get(doors, f"/catalogue/{version}/products").body
    second = get(doors, f"/catalogue/{version}/products?page={first['next_page']}").body
    assert not {one["asin"] for one in first["products"]} & {one["asin"] for one in second["products"]}


def test_an_old_version_answers_with_the_current_one(shop: Shop, doors: Doors) -> None:
    version = get(doors, "/catalogue").body["programme_version"]
    gone = get(doors, "/catalogue/9999/products")
    assert (gone.status, gone.body["code"]) == (404, "no-such-version")
    assert str(version) in gone.body["detail"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/catalogue/x/products", 400),
        ("/catalogue/0/products", 400),
        ("/catalogue/99999999999999999999/products", 400),
        ("/catalogue/{v}/products?sort=cheapest", 400),
        ("/catalogue/{v}/products?max_points=-1", 400),
        ("/catalogue/{v}/products?max_points=1e3", 400),
        ("/catalogue/{v}/products?max_points=99999999999999999999", 400),
        ("/catalogue/{v}/products?page=nonsense", 400),
        ("/catalogue/{v}/products?search=" + "x" * 101, 400),
        ("/catalogue/{v}/products/short", 400),
        ("/catalogue/{v}/products/B000000000", 404),
        ("/catalogue/{v}/products/B0GIFTCARD", 404),
    ],
)
def test_nonsense_is_a_problem_that_names_the_field(shop: Shop, doors: Doors, path: str, status: int) -> None:
    version = get(doors, "/catalogue").body["programme_version"]
    answer = get(doors, path.replace("{v}", str(version)))
    assert answer.status == status, answer.body
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.body["errors"][0]["field"]


def test_the_catalogue_needs_the_members_scope(shop: Shop, doors: Doors) -> None:
    assert get(doors, "/catalogue", scope="openid").status == 403
    assert get(doors, "/catalogue", client=CANARY_CLIENT).status == 200


# ---- quotes --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("secrets")
def test_a_quote_and_its_split(shop: Shop, doors: Doors, subject: str) -> None:
    made = quote(doors, subject, {"lines": [{"asin": ASIN, "quantity": 2}]})
    assert made.status == 201, made.body
    assert made.body["points_available"] == 20_000
    assert {stop["name"] for stop in made.body["stops"]} == {"fewest", "half", "most", "affordable"}
    path = f"/quotes/{made.body['quote_id']}/split"
    half = doors("quote_api", "POST", path, {"points": 10_000}, token=member_token(subject))
    assert half.status == 200, half.body
    assert half.body["points_charged"] <= 10_000
    assert 0 < half.body["money_minor"] < made.body["total_minor"]
    stranger = doors("quote_api", "POST", path, {"points": 1}, token=member_token("nobody"))
    assert (stranger.status, stranger.body["code"]) == (403, "not-claimed")


@pytest.mark.usefixtures("secrets")
def test_amazon_out_of_reach_is_503_with_retry_after(shop: Shop, doors: Doors, subject: str) -> None:
    shop.amazon.fault("*", "error_500", None)
    answer = quote(doors, subject, {"lines": [{"asin": ASIN, "quantity": 1}]})
    assert (answer.status, answer.body["code"]) == (503, "shop-unavailable")
    assert int(answer.headers["retry-after"]) > 0


LINE = {"asin": ASIN, "quantity": 1}


@pytest.mark.usefixtures("secrets")
def test_after_three_failures_amazon_is_not_asked_for_members_though_it_would_answer(
    shop: Shop, doors: Doors, subject: str
) -> None:
    shop.amazon.fault("productsByAsins", "error_500", 3)
    for _ in range(3):
        assert quote(doors, subject, {"lines": [LINE]}).status == 503
    asked = len(shop.amazon.requests("productsByAsins"))
    refused = quote(doors, subject, {"lines": [LINE]})
    assert (refused.status, refused.body["code"]) == (503, "shop-unavailable")
    assert len(shop.amazon.requests("productsByAsins")) == asked, "the breaker is open"


@pytest.mark.usefixtures("secrets")
def test_a_quote_for_which_no_time_is_left_says_that_the_shop_is_slow(
    shop: Shop, doors: Doors, subject: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_api, "AMAZON_SECONDS", 1.0)
    answer = quote(doors, subject, {"lines": [LINE]})
    assert (answer.status, answer.body["code"]) == (503, "shop-slow")
    assert int(answer.headers["retry-after"]) > 0
    monkeypatch.undo()
    assert quote(doors, subject, {"lines": [LINE]}).status == 201, "slowness of ours opens no breaker"


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "lines"),
        ({"lines": []}, 400, "lines"),
        ({"lines": [LINE] * 21}, 400, "lines"),
        ({"lines": [LINE, LINE]}, 400, "lines[1].asin"),
        ({"lines": [LINE | {"quantity": 0}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": -1}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": 2**70}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": 1.5}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": "1"}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"quantity": True}]}, 400, "lines[0].quantity"),
        ({"lines": [LINE | {"asin": "x"}]}, 400, "lines[0].asin"),
        ({"lines": [LINE | {"price": 1}]}, 400, "lines[0].price"),
        ({"lines": [LINE], "total": 1}, 400, "total"),
        ({"lines": [LINE], "address_id": "x"}, 400, "address_id"),
        ({"lines": [LINE], "address_id": "00000000-0000-7000-8000-000000000000"}, 404, "address_id"),
        ({"lines": [LINE], "partial_policy": "whatever"}, 400, "partial_policy"),
        ({"lines": [LINE | {"offer_id": ""}]}, 400, "lines[0].offer_id"),
        ({"lines": [{"asin": "B0GIFTCARD", "quantity": 1}]}, 409, "lines[0].asin"),
        ({"lines": [{"asin": "B0NOSTOCK0", "quantity": 1}]}, 409, "lines[0].asin"),
        ({"lines": [{"asin": "B0MAXTWO00", "quantity": 3}]}, 409, "lines[0].quantity"),
        ('{"lines": [{"asin": "B0BUNDLE00", "quantity": NaN}]}', 400, "body"),
        ("[]", 400, "body"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_basket_that_makes_no_sense_is_refused_by_field(
    shop: Shop, doors: Doors, subject: str, body: Any, status: int, field: str
) -> None:
    answer = quote(doors, subject, body)
    assert answer.status == status, answer.body
    assert answer.body["errors"][0]["field"] == field


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/quotes/x/split", {"points": 1}, 400),
        ("/quotes/00000000-0000-7000-8000-000000000000/split", {"points": 1}, 404),
        ("/quotes/00000000-0000-7000-8000-000000000000/split", {"points": -1}, 400),
        ("/quotes/00000000-0000-7000-8000-000000000000/split", {"points": 2**63}, 400),
        ("/quotes/00000000-0000-7000-8000-000000000000/split", {"points": 1.0}, 400),
        ("/quotes/00000000-0000-7000-8000-000000000000/split", {"points": 1, "money": 2}, 400),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(
    shop: Shop, doors: Doors, subject: str, path: str, body: Any, status: int
) -> None:
    assert doors("quote_api", "POST", path, body, token=member_token(subject)).status == status


@pytest.mark.usefixtures("secrets")
def test_the_sync_function_answers_what_is_left_to_do(shop: Shop, doors: Doors) -> None:
    class Context:
        aws_request_id = "request-1"

        def get_remaining_time_in_millis(self) -> int:
            return 60_000

    assert doors.invoke("catalogue_sync", {}, Context()) == {"products": 0, "due": 0}
    shop.owner.execute("update catalogue.product set checked_at = null where program_id = 1 and category = 'Music'")
    done = doors.invoke("catalogue_sync", {"source": "aws.events"}, Context())
    assert done["due"] == 0
    assert done["products"] > 0


@pytest.mark.usefixtures("secrets")
def test_nothing_personal_and_no_secret_is_logged(
    shop: Shop, doors: Doors, subject: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.amazon.fault("trialOrder", "malformed_reply")
    quote(doors, subject, {"lines": [LINE]})
    shop.amazon.fault("*", "error_500", None)
    quote(doors, subject, {"lines": [LINE | {"quantity": 2}]})
    told = "".join(capsys.readouterr())
    for secret in ("Alex Member", "Example Ave", "2065550100", "Atza|", CREDENTIALS.refresh_token, KEY):
        assert secret not in told


# ---- curating ----------------------------------------------------------------------------------------------------

CURATOR = staff_token("catalogue-manager")


def test_staff_hide_a_product_see_why_and_take_it_back(shop: Shop, doors: Doors, subject: str) -> None:
    def kinds() -> list[str]:
        changes = doors("manager_api", "GET", "/catalogue/changes", token=CURATOR).body["changes"]
        return [one["kind"] for one in changes]

    earlier = kinds()
    before = doors("manager_api", "GET", "/catalogue/counts", token=CURATOR).body
    body = {"action": "hide", "asins": [ASIN], "why": "a complaint"}
    done = doors("manager_api", "POST", "/catalogue/actions", body, token=CURATOR)
    assert (done.status, done.body["products"]) == (200, 1)
    version = doors("member_api", "GET", "/catalogue", token=member_token(subject)).body["programme_version"]
    for path in (f"/catalogue/{version}/products/{ASIN}", f"/me/catalogue/products/{ASIN}"):
        gone = doors("member_api", "GET", path, token=member_token(subject))
        assert (gone.status, gone.body["detail"]) == (404, "This product is not part of the programme.")
    (row,) = doors("manager_api", "GET", "/catalogue/products?state=by-hand", token=CURATOR).body["products"]
    assert (row["asin"], row["words"]) == (ASIN, "Hidden by hand.")
    told = doors("manager_api", "GET", f"/catalogue/products/{ASIN}", token=CURATOR).body
    assert (told["seen"], told["why"], len(told["offers"])) == (done.body["change_id"], "hidden", 1)
    undo = f"/catalogue/changes/{done.body['change_id']}/undo"
    assert doors("manager_api", "POST", undo, {"why": "it was settled"}, token=CURATOR).status == 200
    assert doors("manager_api", "GET", "/catalogue/counts", token=CURATOR).body == before
    assert kinds() == ["undo", "hide", *earlier]


def test_a_draft_of_the_rules_is_counted_or_refused_at_its_field(shop: Shop, doors: Doors) -> None:
    def preview(*rules: dict[str, Any], **more: Any) -> Answer:
        body = {"catalogue": {"rules": list(rules), **more}}
        return doors("manager_api", "POST", "/catalogue/preview", body, token=CURATOR)

    exclude = {"code": "a", "effect": "exclude", "matching": {"categories": ["Music"]}}
    told = preview(exclude)
    assert told.status == 200
    assert told.body["then"]["shown"] == told.body["now"]["shown"] - told.body["disappear"]["products"]
    for wrong, field in (
        ([{**exclude, "matching": {}}], "catalogue.rules[0].matching"),
        ([{**exclude, "effect": "limit"}], "catalogue.rules[0]"),
        ([exclude, {**exclude, "code": "b", "effect": "include"}], "catalogue"),
        ([exclude, exclude], "catalogue"),
        ([{**exclude, "matching": {"price_from_minor": 2, "price_to_minor": 1}}], "catalogue.rules[0].matching"),
        ([{**exclude, "matching": {"keywords": ["a\x07"]}}], "catalogue.rules[0].matching.keywords[0]"),
    ):
        refused = preview(*wrong)
        assert (refused.status, refused.body["errors"][0]["field"]) == (400, field), refused.body
    assert preview(mapping={"Music": "nowhere"}).body["errors"][0]["field"] == "catalogue"
    assert preview(categories=[{"code": "x", "names": {"en": "X"}}], mapping={"Music": "x"}).status == 200


def test_a_table_waits_is_looked_at_and_is_taken_over_whole(shop: Shop, doors: Doors) -> None:
    with mock_aws():
        importer._s3.cache_clear()
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="imports")
        doors.variables["IMPORT_BUCKET"] = "imports"

        def bring(data: bytes) -> tuple[str, dict[str, Any]]:
            row = shop.owner.execute("select clock.new_id() as id").fetchone()
            assert row is not None
            body, key = {"file_name": "products.csv", "bytes": len(data)}, {"Idempotency-Key": str(row["id"])}
            opened = doors("manager_api", "POST", "/catalogue/imports", body, token=CURATOR, headers=key)
            assert opened.status == 201, opened.body
            name = f"quarantine/catalogue/1/{row['id']}.csv"
            assert name in opened.body["url"]
            s3.put_object(Bucket="imports", Key=name, Body=data)
            event = {"bucket": {"name": "imports"}, "object": {"key": name}}
            for _ in range(2):
                doors.invoke("importer", {"detail-type": "Object Created", "detail": event})
            path = f"/catalogue/imports/{row['id']}"
            return path, doors("manager_api", "GET", path, token=CURATOR).body

        path, found = bring(f"asin,action\n{ASIN},hide\nB0MAXTWO00,burn\n".encode())
        mistake = {"line": 3, "column": "action", "detail": "Write pick, hide, or nothing."}
        assert (found["state"], found["mistakes"]) == ("refused", [mistake])
        assert doors("manager_api", "POST", f"{path}/application", token=CURATOR).body["code"] == "not-good"
        assert doors("manager_api", "GET", f"/catalogue/products/{ASIN}", token=CURATOR).body["why"] is None

        path, found = bring(f"asin,action\n{ASIN},hide\nB0MAXTWO00,hide\n".encode())
        assert (found["state"], found["would_change"], found["would_hide"]) == ("good", 2, 2)
        done = [doors("manager_api", "POST", f"{path}/application", token=CURATOR).body for _ in range(2)]
        assert done[0] == done[1]
        assert doors("manager_api", "GET", f"/catalogue/products/{ASIN}", token=CURATOR).body["why"] == "hidden"
        undo = f"/catalogue/changes/{done[0]['change_id']}/undo"
        assert doors("manager_api", "POST", undo, {}, token=CURATOR).body["products"] == 2
        importer._s3.cache_clear()


def test_staff_search_amazon_and_take_in_what_they_found(shop: Shop, doors: Doors, secrets: None) -> None:
    found = doors("catalogue_desk", "GET", "/catalogue/search?q=teapot", token=CURATOR)
    assert (found.status, found.body["products"][0]["known"]) == (200, True)
    added = doors("catalogue_desk", "POST", "/catalogue/additions", {"asin": ASIN}, token=CURATOR)
    assert (added.status, added.body["why"]) == (200, None), added.body
    undo = f"/catalogue/changes/{added.body['change_id']}/undo"
    assert doors("manager_api", "POST", undo, {}, token=CURATOR).status == 200
    operator = staff_token("business-operator")
    assert doors("catalogue_desk", "GET", "/catalogue/search?q=teapot", token=operator).status == 403
    shop.amazon.fault("*", "credentials_revoked", None)
    refused = doors("catalogue_desk", "GET", "/catalogue/search?q=teapot", token=CURATOR)
    assert (refused.status, refused.body["code"]) == (409, "shop-access-revoked")
