"""Curating: every product and why it is or is not on the shelf, what is said of it, files of such sayings."""

from __future__ import annotations

import json
import os
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from lambdas.http import KEYED, STRICT, Router, View, idempotency_key
from lambdas.manager_routes.finance import CSV, table
from lambdas.member_routes.catalogue import Image, OwnText
from lambdas.staff import staff
from loyalty import aws
from loyalty.catalogue import curating, desk, sheet
from loyalty.catalogue.prices import minor_per_major
from loyalty.database import database
from loyalty.programme import reading
from loyalty.programme.document import Programme
from loyalty.refusal import Kind, Refusal

router = Router()

UPLOAD_SECONDS = 600

Asin = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
AsinPath = Annotated[str, Path(), StringConstraints(pattern=r"^[A-Z0-9]{10}$")]
Search = Annotated[str | None, Query(max_length=100)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 &/_.-]{0,62}$")]
CategoryFilter = Annotated[str | None, Query(max_length=63)]
State = Annotated[
    Literal[
        "shown", "hidden", "picked", "featured", "edited", "added", "limited", "by-hand", "category", "rule",
        "not-included", "refused", "out-of-stock", "no-price", "stale", "margin-floor", "not-checked", "no-offer",
    ] | None,
    Query(),
]  # fmt: skip
Why = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Title = Annotated[
    str, StringConstraints(min_length=1, max_length=curating.LONGEST_TITLE, pattern=r"^[^\x00-\x1f\x7f]+$")
]
Description = Annotated[str, StringConstraints(min_length=1, max_length=curating.LONGEST_DESCRIPTION)]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/\\]+$")]
Number = Annotated[int, Path(ge=1, le=2**53 - 1)]


class DeskRow(View):
    """A product, or a parent with the best of its kinds. `why` None: it is on the shelf; `words` say it. The margin is
    what is left of what the points brought in, in parts of 10,000; `limited`: rules that keep it for some members."""

    asin: str
    kind: str
    title: str
    brand: str
    image: Image | None
    amazon_category: str | None
    amazon_category_name: str | None
    category: str | None
    standing: Literal["picked", "hidden"] | None
    featured: int | None
    own_category: str | None
    texts: dict[str, OwnText]
    why: str | None
    words: str | None
    limited: list[str]
    price_minor: int | None
    cost_minor: int | None
    all_in_minor: int | None
    points: int | None
    margin_basis_points: int | None
    currency: str | None
    quantity_in_stock: int | None
    kinds: int
    kinds_shown: int
    checked_at: datetime | None
    age_seconds: float | None
    popularity: int


class DeskPage(View):
    """`found`: so many the filter lets through; `after` of the next page, None on the last."""

    products: list[DeskRow]
    found: int
    after: str | None
    offer_max_age_hours: int


class ShelfReason(View):
    """So many are not on the shelf for this."""

    why: str
    words: str
    products: int


class ShelfCounts(View):
    """Of all products so many are shown."""

    products: int
    shown: int
    hidden: list[ShelfReason]


class MovedProduct(View):
    """A product that would come or go, and why it is away without or would be away with the draft."""

    asin: str
    title: str
    why: str | None
    words: str | None


class MovedProducts(View):
    """So many, and the most popular of them."""

    products: int
    first: list[MovedProduct]


class RulesPreview(View):
    """What a draft would show, and what it would change."""

    now: ShelfCounts
    then: ShelfCounts
    appear: MovedProducts
    disappear: MovedProducts


class RulesDraft(BaseModel):
    """A draft of the document's part `catalogue`, and the margin floor if that changes as well."""

    model_config = STRICT
    catalogue: dict[str, Any]
    margin_floor_basis_points: Annotated[int, Field(ge=0, le=10_000)] | None = None


class DeskOffer(View):
    """One way to buy it."""

    offer_id: str
    why: str | None
    words: str | None
    price_minor: int | None
    shipping_minor: int
    cost_minor: int | None
    points: int | None
    margin_basis_points: int | None
    currency: str | None
    quantity_in_stock: int | None
    merchant_name: str | None
    merchant_stars: float | None
    by_amazon: bool | None
    condition: str
    delivery_earliest: datetime | None
    delivery_latest: datetime | None


class DeskKind(View):
    """One of a parent's kinds."""

    asin: str
    title: str
    dimensions: dict[str, str]
    points: int | None
    price_minor: int | None
    why: str | None
    words: str | None


class SeenPrice(View):
    """What the first offer cost from then on."""

    seen_at: datetime
    price_minor: int
    currency: str


class DeskProduct(View):
    """One product with everything about it. `seen`: its newest change, to be said when changing it."""

    asin: str
    parent_asin: str | None
    kind: str
    title: str
    brand: str
    description: str
    features: list[str]
    images: list[Image]
    amazon_category: str | None
    amazon_category_name: str
    category: str | None
    standing: Literal["picked", "hidden"] | None
    featured: int | None
    own_category: str | None
    texts: dict[str, OwnText]
    seen: int
    why: str | None
    words: str | None
    limited: list[str]
    star_rating: float | None
    number_of_ratings: int | None
    first_seen_at: datetime
    checked_at: datetime | None
    age_seconds: float | None
    offer_max_age_hours: int
    offers: list[DeskOffer]
    kinds: list[DeskKind]
    prices: list[SeenPrice]


class OwnWords(BaseModel):
    """The programme's own words in one language; what is missing stays the shop's."""

    model_config = STRICT
    title: Title | None = None
    description: Description | None = None


class Saying(BaseModel):
    """Everything that is said of one product; None: the rules, Amazon's category, the shop's words."""

    model_config = STRICT
    standing: Literal["picked", "hidden"] | None
    category: Code | None
    texts: dict[Literal["en", "de"], OwnWords | None]
    seen: Annotated[int, Field(ge=0, le=2**53 - 1)]
    why: Why | None = None


class CurationBody(BaseModel):
    """The same for all of them: pick, hide, release (the rules decide again), feature, unfeature, map to `category`
    (None: as Amazon files it)."""

    model_config = STRICT
    action: Literal["pick", "hide", "release", "feature", "unfeature", "map"]
    asins: Annotated[list[Asin], Field(min_length=1, max_length=500)]
    category: Code | None = None
    why: Why | None = None


class CuratedView(View):
    """`change_id` takes it back; None: everything was so already."""

    change_id: int | None
    products: int


class CurationView(View):
    """A change; `asins` are the first five of its products."""

    change_id: int
    kind: str
    why: str | None
    actor: str
    made_at: datetime
    products: int
    undoes: int | None
    undone_by: int | None
    asins: list[str]


class Curations(View):
    """Newest first; `before` of the next page, None on the last."""

    changes: list[CurationView]
    before: int | None


class UndoCuration(BaseModel):
    """Why."""

    model_config = STRICT
    why: Why | None = None


class FeaturedView(View):
    """The featured in their order. `revision`: to be said when ordering them anew."""

    revision: int
    asins: list[str]
    products: list[DeskRow]


class FeaturedBody(BaseModel):
    """All that are featured, in this order, by whoever saw `revision`."""

    model_config = STRICT
    asins: Annotated[list[Asin], Field(max_length=curating.MOST_FEATURED)]
    revision: Annotated[int, Field(ge=0, le=2**53 - 1)]
    why: Why | None = None


class OrderRevision(View):
    """The order's new revision."""

    revision: int


class AmazonCategory(View):
    """A category of Amazon's, and the programme's that it is filed under."""

    category: str
    name: str
    products: int
    discovered_at: datetime | None
    mapped_to: str | None


class OwnCategory(View):
    """A category that members see; `own`: the programme made it. So many of its products are on the shelf."""

    code: str
    name: str
    names: dict[str, str]
    own: bool
    products: int
    shown: int


class CategoriesView(View):
    """Both."""

    amazon: list[AmazonCategory]
    programme: list[OwnCategory]


class TableBody(BaseModel):
    """A file that is to come."""

    model_config = STRICT
    file_name: FileName
    bytes: Annotated[int, Field(ge=1, le=sheet.LARGEST_BYTES)]


class TableUpload(View):
    """PUT the file, of exactly that size, to `url` with these headers, within ten minutes."""

    import_id: UUID
    url: str
    headers: dict[str, str]


class TableMistake(View):
    """`line` counts the header as 1."""

    line: int
    column: str
    detail: str


class TableView(View):
    """waiting (not looked at yet), good (may be taken over), refused (it has mistakes: the first 200), applied."""

    import_id: UUID
    file_name: str
    bytes: int
    state: Literal["waiting", "good", "refused", "applied"]
    asked_by: str
    asked_at: datetime
    checked_at: datetime | None
    lines: int | None
    mistakes: list[TableMistake]
    mistakes_in_all: int
    change_id: int | None
    would_change: int
    would_pick: int
    would_hide: int


@router.get("/catalogue/products", summary="Every product, on the shelf or not, and why")
def get_products(
    search: Search = None,
    category: CategoryFilter = None,
    state: State = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: Annotated[str | None, Query(max_length=300)] = None,
) -> DeskPage:
    who, connection = staff(router), database().connection()
    found = desk.products(connection, who.program_id, desk.Filter(search, category, state, after), limit)
    hours = reading.current(connection, who.program_id).document.catalogue.offer_max_age_hours
    return DeskPage(
        products=[DeskRow.model_validate(row) for row in found["products"]],
        found=found["found"],
        after=found["next_page"],
        offer_max_age_hours=hours,
    )


@router.get("/catalogue/products.csv", summary="The same as a table, to change and bring back", responses=CSV)
def get_products_csv(search: Search = None, category: CategoryFilter = None, state: State = None) -> Response[str]:
    who, connection = staff(router), database().connection()
    currency = reading.current(connection, who.program_id).document.store.currency
    rows = desk.every(connection, who.program_id, desk.Filter(search, category, state))
    return table(f"catalogue-{who.program_id}", sheet.write(rows, minor_per_major(currency)))


@router.get("/catalogue/counts", summary="How many are shown, and why the others are not")
def get_counts() -> ShelfCounts:
    who = staff(router)
    return ShelfCounts.model_validate(desk.counts(database().connection(), who.program_id))


@router.post("/catalogue/preview", summary="What a draft of the rules would show")
def post_preview(body: RulesDraft) -> RulesPreview:
    who, connection = staff(router), database().connection()
    draft = _drafted(reading.current(connection, who.program_id).document, body)
    return RulesPreview.model_validate(
        {
            "now": desk.counts(connection, who.program_id),
            "then": desk.counts(connection, who.program_id, draft),
            **desk.difference(connection, who.program_id, draft),
        }
    )


@router.get("/catalogue/products/<asin>", summary="One product with everything about it")
def get_product(asin: AsinPath) -> DeskProduct:
    who, connection = staff(router), database().connection()
    found = desk.product(connection, who.program_id, asin)
    hours = reading.current(connection, who.program_id).document.catalogue.offer_max_age_hours
    return DeskProduct.model_validate({**found, "seen": found["change_id"], "offer_max_age_hours": hours})


@router.put("/catalogue/products/<asin>", summary="Say what is special about one product")
def put_product(asin: AsinPath, body: Saying) -> CuratedView:
    who, connection = staff(router), database().connection()
    desk.product(connection, who.program_id, asin)
    said = {
        "standing": body.standing,
        "category": body.category,
        "texts": {
            language: text.model_dump(exclude_none=True) or None if text else None
            for language, text in body.texts.items()
        },
    }
    actor = f"staff:{who.subject}"
    done = curating.edit(connection, who.program_id, asin, said, seen=body.seen, why=body.why, actor=actor)
    return CuratedView(change_id=done.change_id, products=done.products)


@router.post("/catalogue/actions", summary="Pick, hide, feature or file many products at once")
def post_action(body: CurationBody) -> CuratedView:
    who = staff(router)
    done = curating.act(
        database().connection(),
        who.program_id,
        body.action,
        list(dict.fromkeys(body.asins)),
        category=body.category,
        why=body.why,
        actor=f"staff:{who.subject}",
    )
    return CuratedView(change_id=done.change_id, products=done.products)


@router.get("/catalogue/changes", summary="What was said, by whom")
def get_changes(
    before: Annotated[int | None, Query(ge=1, le=2**53 - 1)] = None,
    asin: Annotated[str | None, Query(), StringConstraints(pattern=r"^[A-Z0-9]{10}$")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Curations:
    who = staff(router)
    rows = curating.history(database().connection(), who.program_id, before, limit + 1, asin)
    shown = [CurationView.model_validate(row) for row in rows[:limit]]
    return Curations(changes=shown, before=shown[-1].change_id if len(rows) > limit else None)


@router.post("/catalogue/changes/<change_id>/undo", summary="Take a change back, whole")
def post_undo(change_id: Number, body: UndoCuration) -> CuratedView:
    who = staff(router)
    connection = database().connection()
    done = curating.undo(connection, who.program_id, change_id, why=body.why, actor=f"staff:{who.subject}")
    return CuratedView(change_id=done.change_id, products=done.products)


@router.get("/catalogue/featured", summary="The featured products in their order")
def get_featured() -> FeaturedView:
    who, connection = staff(router), database().connection()
    asins, revision = curating.featured(connection, who.program_id)
    found = desk.products(connection, who.program_id, desk.Filter(state="featured"), curating.MOST_FEATURED)
    return FeaturedView(
        revision=revision, asins=asins, products=[DeskRow.model_validate(row) for row in found["products"]]
    )


@router.put("/catalogue/featured", summary="Order the featured products")
def put_featured(body: FeaturedBody) -> OrderRevision:
    who = staff(router)
    revision = curating.order_featured(
        database().connection(),
        who.program_id,
        body.asins,
        seen=body.revision,
        why=body.why,
        actor=f"staff:{who.subject}",
    )
    return OrderRevision(revision=revision)


@router.get("/catalogue/categories", summary="Amazon's categories, and the programme's own")
def get_categories() -> CategoriesView:
    who = staff(router)
    return CategoriesView.model_validate(desk.categories(database().connection(), who.program_id))


@router.post("/catalogue/imports", summary="Bring a table of changes", status_code=201, openapi_extensions=KEYED)
def post_import(body: TableBody) -> TableUpload:
    who, import_id = staff(router), idempotency_key(router)
    connection = database().connection()
    curating.open_import(connection, who.program_id, import_id, body.file_name, body.bytes, f"staff:{who.subject}")
    url = _s3().generate_presigned_url(
        "put_object",
        Params={
            "Bucket": os.environ["IMPORT_BUCKET"],
            "Key": f"quarantine/catalogue/{who.program_id}/{import_id}.csv",
            "ContentType": "text/csv",
            "ContentLength": body.bytes,
        },
        ExpiresIn=UPLOAD_SECONDS,
    )
    return TableUpload(import_id=import_id, url=url, headers={"Content-Type": "text/csv"})


@router.get("/catalogue/imports/<import_id>", summary="What was found in a table")
def get_import(import_id: Annotated[UUID, Path()]) -> TableView:
    who = staff(router)
    return TableView.model_validate(curating.import_of(database().connection(), who.program_id, import_id))


@router.post("/catalogue/imports/<import_id>/application", summary="Take a good table over, whole")
def post_application(import_id: Annotated[UUID, Path()]) -> CuratedView:
    who = staff(router)
    done = curating.apply_import(database().connection(), who.program_id, import_id, f"staff:{who.subject}")
    return CuratedView(change_id=done.change_id, products=done.products)


def _drafted(document: Programme, body: RulesDraft) -> Programme:
    """The document with the draft in it. Raises Refusal (invalid) naming the first field that is wrong."""
    whole = json.loads(document.model_dump_json())
    whole["catalogue"] = body.catalogue
    if body.margin_floor_basis_points is not None:
        whole["conversion"]["margin_floor_basis_points"] = body.margin_floor_basis_points
    try:
        return Programme.model_validate_json(json.dumps(whole))
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
        detail = first["msg"].removeprefix("Value error, ")
        raise Refusal(Kind.INVALID, "invalid", detail, field=field[:80] or "catalogue") from None


@cache
def _s3() -> Any:
    # Buckets with a KMS key take no older signature; the region's own host, because the global one redirects.
    return aws.client("s3", **aws.REGIONAL)
