"""A page that is a picture is recognised: level or not, with a text layer behind it or not."""

from __future__ import annotations

import io
import shutil

import numpy
import pypdfium2  # type: ignore[import-untyped]
import pytest
from PIL import Image

from local.simulators.textract.engine import analyse
from local.simulators.textract.engine.pictures import prepared, straightened
from tests.simulators.textract.drawing import LINES, american
from tests.simulators.textract.test_engine import fields, items


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    document = pypdfium2.PdfDocument(american(LINES[:2], second_page=False))
    drawn: Image.Image = document[0].render(scale=300 / 72, grayscale=True).to_pil().convert("L")
    document.close()
    return drawn


@pytest.mark.parametrize("degrees", [-2.3, 0.0, 1.1])
def test_a_page_that_lies_askew_is_levelled(picture: Image.Image, degrees: float) -> None:
    askew = picture.rotate(degrees, fillcolor=255)
    assert straightened(askew)[1] == pytest.approx(-degrees, abs=0.1)


def test_light_letters_on_a_dark_band_become_dark_ones() -> None:
    band = numpy.full((600, 1200), 255, dtype=numpy.uint8)
    band[100:200, 100:1100] = 60
    band[140:160, 500:520] = 255
    grey = numpy.asarray(prepared(Image.fromarray(band))[0])
    assert grey[120, 300] > 200
    assert grey[150, 510] < 60


def test_ruled_lines_are_taken_away_and_letters_stay() -> None:
    page = numpy.full((600, 1200), 255, dtype=numpy.uint8)
    page[300:304, 50:1150] = 0
    page[50:550, 600:603] = 0
    page[100:140, 200:206] = 0
    grey = numpy.asarray(prepared(Image.fromarray(page))[0])
    assert grey[302, 400] == 255
    assert grey[400, 601] == 255
    assert grey[120, 202] == 0


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="no tesseract here: make ocr")
def test_a_scan_says_the_same_with_recognitions_own_confidence(picture: Image.Image) -> None:
    noise = numpy.random.default_rng(1).normal(0, 6, (picture.height, picture.width))
    spoiled = numpy.clip(numpy.asarray(picture.rotate(0.8, fillcolor=255)) + noise, 0, 255).astype(numpy.uint8)
    out = io.BytesIO()
    Image.fromarray(spoiled).save(out, "PDF", resolution=300, quality=70)
    read = analyse(out.getvalue())
    told = fields(read)
    assert told["INVOICE_RECEIPT_ID", "Invoice #"] == "1ABC-2DEF-3GHJ"
    assert told["AMOUNT_DUE", "Amount due"] == "$59.85"
    lines = items(read[0])
    assert [(line.get("QUANTITY"), line["PRICE"]) for line in lines[:2]] == [("2", "$49.98"), ("1", "$5.00")]
    words = [block["Confidence"] for block in read[0]["Blocks"] if block["BlockType"] == "WORD"]
    assert len(set(words)) > 5
    corner = next(block for block in read[0]["Blocks"] if block["BlockType"] == "WORD")["Geometry"]["Polygon"]
    assert corner[0]["Y"] != corner[1]["Y"]
