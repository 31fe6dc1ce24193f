"""The brand's logo, for everybody: its name is the digest of what it shows, so it never changes."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from lambdas.environment import environment
from lambdas.http import Router
from lambdas.member_routes.config import PUBLIC
from lambdas.shared_answers import SHARED
from loyalty.database import database
from loyalty.programme import logo
from loyalty.refusal import Kind, Refusal

router = Router()

SVG = "image/svg+xml"
PICTURE: dict[int, Any] = {200: {"description": "The picture", "content": {SVG: {"schema": {"type": "string"}}}}}
HEADERS: dict[str, str | list[str]] = {
    "Cache-Control": "public, max-age=31536000, immutable",
    # Opened by itself it is a page of the API's origin: it may draw, and nothing else.
    "Content-Security-Policy": "default-src 'none'; img-src data:; sandbox",
    "X-Content-Type-Options": "nosniff",
}


@router.get("/brand/logos/<digest>", summary="A logo", openapi_extensions=PUBLIC | SHARED, responses=PICTURE)
def get_logo(digest: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]) -> Response[str]:
    known = environment()
    programme = known.program_by_client[known.member_client_id]
    found = logo.read(database().connection(), programme, digest)
    if found is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-logo", "There is no such logo.")
    return Response(200, content_type=SVG, body=found.as_svg(), headers=HEADERS)
