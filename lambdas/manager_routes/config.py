"""What the manager app must know before anybody has signed in: where to sign in, whom to ask, whose programme it is."""

from __future__ import annotations

from aws_lambda_powertools.event_handler import Response

from lambdas.environment import environment
from lambdas.http import Router, View, asked_at
from loyalty.database import database
from loyalty.programme import messages, reading

router = Router()

# Says in the OpenAPI document that this route is for everybody.
PUBLIC = {"x-public": True}
SCOPES = "openid email loyalty/staff"
FRESH_SECONDS = 2


class ShownBrand(View):
    """What is written above every page."""

    name: str
    accent: str


class ManagerConfig(View):
    """`authority`, `client_id` and `scope` are for signing in (OpenID Connect); `api` is where every other address of
    this document begins; `portal_origin` is what the brand's preview shows."""

    authority: str
    client_id: str
    scope: str
    api: str
    portal_origin: str
    brand: ShownBrand
    currency: str
    locale: str
    languages: list[str]


@router.get("/config", summary="What the manager app needs before anybody has signed in", openapi_extensions=PUBLIC)
def config() -> Response[ManagerConfig]:
    known = environment()
    programme = known.program_by_client[known.staff_client_id]
    document = reading.current(database().connection(), programme).document
    view = ManagerConfig(
        authority=known.staff_authority,
        client_id=known.staff_client_id,
        scope=SCOPES,
        api=asked_at(router.current_event, known.staff_authority),
        portal_origin=known.portal_origin,
        brand=ShownBrand(
            name=document.brand.name,
            accent=document.brand.accent,
        ),
        currency=document.store.currency,
        locale=document.store.locale,
        languages=messages.languages(document),
    )
    headers = {"Cache-Control": f"max-age={FRESH_SECONDS}"}
    return Response(200, content_type="application/json", body=view, headers=headers)
