"""The brand's logo: uploaded, drawn anew, named by its digest."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import BaseModel, StringConstraints

from lambdas.http import STRICT, Router, View
from lambdas.staff import staff
from loyalty.database import database
from loyalty.programme import logo
from loyalty.refusal import Kind, Refusal

router = Router()

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]


class NewLogo(BaseModel):
    """A PNG, JPEG, WebP or GIF of at most 512 kB, in base64."""

    model_config = STRICT
    picture: Annotated[str, StringConstraints(min_length=1, max_length=900_000)]


class LogoView(View):
    """What became of it: `logo` goes into the brand of the draft, `data_url` is the picture as members will see it."""

    logo: str
    width: int
    height: int
    data_url: str


@router.post("/programme/logo", summary="Upload a logo")
def post_logo(body: NewLogo) -> LogoView:
    who = staff(router)
    try:
        upload = base64.b64decode(body.picture, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(Kind.INVALID, "invalid", "Send the file in base64.", field="picture") from None
    found = logo.drawn(upload)
    logo.keep(database().connection(), who.program_id, found, f"staff:{who.subject}")
    return _view(found)


@router.get("/programme/logo/<digest>", summary="A logo that was uploaded")
def get_logo(digest: Digest) -> LogoView:
    who = staff(router)
    found = logo.read(database().connection(), who.program_id, digest)
    if found is None:
        raise Refusal(Kind.NOT_FOUND, "no-such-logo", "Nobody uploaded that logo.")
    return _view(found)


def _view(found: logo.Logo) -> LogoView:
    return LogoView(logo=found.digest, width=found.width, height=found.height, data_url=found.data_url)
