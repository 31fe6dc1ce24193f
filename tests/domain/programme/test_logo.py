"""What becomes of an uploaded logo."""

from __future__ import annotations

import io

import psycopg
import pytest
from PIL import Image

from loyalty.programme import checking, logo, reading
from loyalty.programme.publishing import publish_initial
from loyalty.refusal import Refusal
from tests.conftest import TestDatabase


def picture(kind: str = "PNG", size: tuple[int, int] = (900, 300), mode: str = "RGB", **more: object) -> bytes:
    packed = io.BytesIO()
    Image.new(mode, size, (11, 110, 79) if mode == "RGB" else (11, 110, 79, 255)).save(packed, kind, **more)
    return packed.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_whatever_picture_it_was_it_becomes_a_small_png(kind: str) -> None:
    drawn = logo.drawn(picture(kind))
    with Image.open(io.BytesIO(drawn.png)) as again:
        assert (again.format, again.size) == ("PNG", (480, 160))
    assert (drawn.width, drawn.height) == (480, 160)


def test_nothing_of_the_file_but_the_picture_is_kept() -> None:
    from PIL.PngImagePlugin import PngInfo

    hidden = PngInfo()
    hidden.add_text("Comment", "made at 410 Terry Avenue")
    upload = picture(pnginfo=hidden) + b"<script>alert(1)</script>"
    assert b"Terry" in upload
    drawn = logo.drawn(upload)
    assert not {b"Terry", b"script"} & {word for word in (b"Terry", b"script") if word in drawn.png}


def test_an_empty_border_is_cut_off() -> None:
    canvas = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    canvas.paste((200, 0, 0, 255), (100, 180, 300, 220))
    packed = io.BytesIO()
    canvas.save(packed, "PNG")
    drawn = logo.drawn(packed.getvalue())
    assert (drawn.width, drawn.height) == (200, 40)


@pytest.mark.parametrize(
    ("upload", "code"),
    [
        (b"", "too-large"),
        (b"\x89PNG" + b"0" * 600_000, "too-large"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "svg"),
        (b'\xef\xbb\xbf <?xml version="1.0"?><svg/>', "svg"),
        (b"not a picture", "no-picture"),
        (picture()[:200], "no-picture"),
        (picture("TIFF", (90, 30)), "no-picture"),
        (picture(size=(8_000, 2_001)), "too-large"),
    ],
    ids=["empty", "large", "svg", "svg behind a mark", "text", "cut off", "another kind", "many pixels"],
)
def test_what_is_no_picture_or_too_large_is_refused_at_its_field(upload: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        logo.drawn(upload)
    assert (refused.value.code, refused.value.field) == (code, "picture")


def test_a_version_can_only_name_a_logo_that_was_uploaded(database: TestDatabase) -> None:
    with database.owner() as owner:
        publish_initial(owner, {})
        before = reading.current(owner, 1).document
        drawn = logo.drawn(picture())
        after = before.model_copy(update={"brand": before.brand.model_copy(update={"logo": drawn.digest})})
        assert [one.field for one in checking.problems(owner, 1, before, after)] == ["brand.logo"]
        logo.keep(owner, 1, drawn, "staff:test")
        logo.keep(owner, 1, drawn, "staff:again")
        assert checking.problems(owner, 1, before, after) == []
        assert logo.read(owner, 1, drawn.digest) == drawn
        assert logo.read(owner, 2, drawn.digest) is None
        with pytest.raises(psycopg.errors.RaiseException):
            owner.execute("select programme.keep_logo(1, %s, %s, 1, 1, 'x')", ("0" * 64, drawn.png))
