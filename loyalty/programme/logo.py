"""The brand's logo: what is taken, what is kept of it, and how it is handed out.

Whatever was uploaded is drawn anew by an image library into a small PNG: nothing of the file itself is kept, so neither
what hides in it nor where it was taken. Members get it inside an SVG of ours, which is text, because the gateway passes
text on as it is.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from dataclasses import dataclass

from loyalty.database import Connection
from loyalty.refusal import Kind, Refusal

FIELD = "picture"
LARGEST_KB = 512
LARGEST_PIXELS = 16_000_000
# Twice what the portal and the manager app show it at.
WIDEST, HIGHEST = 640, 160
KEPT_BYTES = 64 * 1024
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_MARKUP = re.compile(rb"^\s*(<\?xml|<!doctype|<!--|<svg)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logo:
    """A PNG and its size; `digest` names it."""

    png: bytes
    width: int
    height: int

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.png).hexdigest()

    @property
    def data_url(self) -> str:
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    def as_svg(self) -> str:
        """The picture and nothing else."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
            f'viewBox="0 0 {self.width} {self.height}"><image width="{self.width}" height="{self.height}" '
            f'href="{self.data_url}"/></svg>'
        )


def drawn(upload: bytes) -> Logo:
    """What becomes of an upload. Raises Refusal (invalid, `picture`) with what to do instead."""
    from PIL import Image, ImageOps, UnidentifiedImageError

    if not upload or len(upload) > LARGEST_KB * 1024:
        raise Refusal(Kind.INVALID, "too-large", f"A logo has at most {LARGEST_KB} kB: save it smaller.", field=FIELD)
    if _MARKUP.match(upload[:200].removeprefix(b"\xef\xbb\xbf")):
        raise Refusal(
            Kind.INVALID,
            "svg",
            "An SVG can carry scripts, so none is taken: save the logo as a PNG, 640 pixels wide.",
            field=FIELD,
        )
    try:
        with Image.open(io.BytesIO(upload), formats=_FORMATS) as opened:
            if opened.width * opened.height > LARGEST_PIXELS:
                raise Refusal(
                    Kind.INVALID, "too-large", "A logo has at most 16 million pixels: save it smaller.", field=FIELD
                )
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise Refusal(
            Kind.INVALID, "no-picture", "This is no PNG, JPEG, WebP or GIF, or it is damaged.", field=FIELD
        ) from None
    # The picture with its empty border cut off: that is what has the right size in a line of text.
    if box := picture.getchannel("A").getbbox():
        picture = picture.crop(box)
    picture.thumbnail((WIDEST, HIGHEST), Image.Resampling.LANCZOS)
    for smaller in (picture, picture.quantize(256, Image.Quantize.FASTOCTREE)):
        packed = io.BytesIO()
        smaller.save(packed, "PNG", optimize=True)
        if packed.tell() <= KEPT_BYTES:
            return Logo(packed.getvalue(), picture.width, picture.height)
    raise Refusal(
        Kind.INVALID, "too-large", "The logo has too much detail: save it smaller, or with fewer colours.", field=FIELD
    )


def keep(connection: Connection, program_id: int, logo: Logo, actor: str) -> None:
    """So that a version can name it."""
    connection.execute(
        "select programme.keep_logo(%s, %s, %s, %s, %s, %s)",
        (program_id, logo.digest, logo.png, logo.width, logo.height, actor),
    )


def read(connection: Connection, program_id: int, digest: str) -> Logo | None:
    """The logo of that digest."""
    row = connection.execute("select * from programme.logo_of(%s, %s)", (program_id, digest)).fetchone()
    return None if row is None else Logo(bytes(row["png"]), row["width"], row["height"])
