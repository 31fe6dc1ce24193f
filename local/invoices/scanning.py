"""A paper as a scanner sees it: grey pictures, a little askew, with noise, and no text layer."""

from __future__ import annotations

import io
import time
from typing import Any

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageFilter

POINTS_PER_INCH = 72
QUALITY = 70
PATCH = 512
# A page is stamped with no time: the same paper and seed give the same bytes.
_EPOCH = time.gmtime(0)


def scan(
    pdf: bytes, dpi: int = 200, skew_degrees: float = 0.0, noise: float = 0.0, seed: int = 0, smudges: int = 0
) -> bytes:
    """The same pages as JPEG pictures. `noise`: the standard deviation of a point's grey, of 0 to 255; every page is
    askew by up to `skew_degrees`, to either side, and has so many `smudges` in its upper half.

    Raises ValueError for a resolution of no scanner.
    """
    if not 50 <= dpi <= 600:
        raise ValueError("50 to 600 dots per inch")
    random = np.random.default_rng(seed)
    document = pypdfium2.PdfDocument(pdf)
    try:
        pages = [_page(page, dpi, skew_degrees, noise, random, smudges) for page in document]
    finally:
        document.close()
    out = io.BytesIO()
    pages[0].save(
        out, "PDF", resolution=dpi, save_all=True, append_images=pages[1:], quality=QUALITY, creationDate=_EPOCH,
        modDate=_EPOCH,
    )  # fmt: skip
    return out.getvalue()


def _page(
    page: Any, dpi: int, skew_degrees: float, noise: float, random: np.random.Generator, smudges: int
) -> Image.Image:
    picture: Image.Image = page.render(scale=dpi / POINTS_PER_INCH, grayscale=True).to_pil().convert("L")
    for _ in range(smudges):
        _smudge(picture, random)
    if skew_degrees:
        angle = float(random.uniform(-skew_degrees, skew_degrees))
        picture = picture.rotate(angle, resample=Image.Resampling.BILINEAR, fillcolor=255)
    if noise:
        grey = np.asarray(picture, dtype=np.float32)
        # A scanner's lamp is not as bright everywhere.
        light = np.linspace(1.0, float(random.uniform(0.94, 1.0)), grey.shape[1], dtype=np.float32)
        # One patch of noise, laid side by side: a page's worth of its own would be most of the work.
        patch = random.standard_normal((PATCH, PATCH), dtype=np.float32) * np.float32(noise)
        times = (grey.shape[0] // PATCH + 1, grey.shape[1] // PATCH + 1)
        spoiled = grey * light + np.tile(patch, times)[: grey.shape[0], : grey.shape[1]]
        picture = Image.fromarray(np.clip(spoiled, 0, 255).astype(np.uint8))
    return picture


def _smudge(picture: Image.Image, random: np.random.Generator) -> None:
    """Somebody wiped over it: a third of the width, some lines high, is blurred."""
    left, top = int(random.uniform(0, 0.6) * picture.width), int(random.uniform(0.05, 0.45) * picture.height)
    place = (left, top, left + picture.width * 2 // 5, top + picture.height // 14)
    blurred = picture.crop(place).filter(ImageFilter.GaussianBlur(picture.width / 450))
    picture.paste(blurred, place)
