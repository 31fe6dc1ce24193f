"""What the portal must know before anybody has signed in: where to sign in, whom to ask, how the programme looks."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from lambdas.environment import environment
from lambdas.http import Router, View, asked_at
from loyalty.database import database
from loyalty.payments.smallest import smallest_minor
from loyalty.programme import messages, reading

router = Router()

# Says in the OpenAPI document that this route is for everybody.
PUBLIC = {"x-public": True}
SCOPES = "openid email loyalty/member"
# Short enough that a new colour shows at once, long enough that a crowd at the door is one question.
FRESH_SECONDS = 2


class BrandView(View):
    """Texts by language and code, links by code; the portal derives readable colours from `accent`."""

    name: str
    logo_url: str | None
    accent: str
    texts: dict[str, dict[str, str]]
    links: dict[str, str]


class StoreView(View):
    """The one currency, its way of writing amounts, and where parcels go."""

    currency: str
    locale: str
    countries: list[str]


class MixView(View):
    """How many points may go into a purchase, and the least money that can be paid: for prices without a quote."""

    min_percent: int
    max_percent: int
    points_step: int
    money_min_minor: int


class ConfigView(View):
    """`authority`, `client_id` and `scope` are for signing in (OpenID Connect); `api` is where every other address of
    this document begins; only `manager_origin` may show the portal inside a page of its own."""

    authority: str
    client_id: str
    scope: str
    api: str
    brand: BrandView
    store: StoreView
    mix: MixView
    languages: list[str]
    default_language: str
    manager_origin: str


@router.get("/config", summary="What the portal needs before anybody has signed in", openapi_extensions=PUBLIC)
def config() -> Response[ConfigView]:
    known = environment()
    programme = known.program_by_client[known.member_client_id]
    document = reading.current(database().connection(), programme).document
    languages = messages.languages(document)
    conversion = document.conversion
    spoken = document.store.locale.partition("_")[0]
    api = asked_at(router.current_event, known.member_authority)
    brand = document.brand
    logo_url = f"{api}/brand/logos/{brand.logo}" if brand.logo else brand.logo_url
    view = ConfigView(
        authority=known.member_authority,
        client_id=known.member_client_id,
        scope=SCOPES,
        api=api,
        brand=BrandView(**{**brand.model_dump(), "logo_url": logo_url}),
        store=StoreView(
            currency=document.store.currency,
            locale=document.store.locale,
            countries=list(document.store.delivery_countries),
        ),
        mix=MixView(
            min_percent=conversion.min_points_share_percent,
            max_percent=conversion.max_points_share_percent,
            points_step=conversion.points_step,
            money_min_minor=smallest_minor(document.integrations.payment.provider, document.store.currency),
        ),
        languages=languages,
        default_language=spoken if spoken in languages else languages[0],
        manager_origin=known.manager_origin,
    )
    headers = {"Cache-Control": f"max-age={FRESH_SECONDS}"}
    return Response(200, content_type="application/json", body=view, headers=headers)
