"""Debian's tesseract, called as a library: networks are loaded once a process, no picture goes by way of a file.

    found = reader("eng").read(grey)        # grey: an array of bytes, rows by columns

Raises OSError where there is no such library (`make ocr`), ValueError for a language that is not installed.
"""

from __future__ import annotations

import atexit
import ctypes
import ctypes.util
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy

# How a picture is cut into lines: one block of text; one line.
BLOCK, LINE = 6, 7
_LSTM = 1
_WORD, _SYMBOL = 3, 4
# Light letters on dark ground were turned before.
_SETTINGS = {b"tessedit_do_invert": b"0", b"debug_file": b"/dev/null"}


@dataclass(frozen=True, slots=True)
class Found:
    """A word, its box in pixels, and how surely it was read, of 100."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    confidence: float


class Reader:
    """One network or several, ready to read."""

    def __init__(self, languages: str) -> None:
        self._library = library = _library()
        self._handle = ctypes.c_void_p(library.TessBaseAPICreate())
        names = (ctypes.c_char_p * len(_SETTINGS))(*_SETTINGS)
        values = (ctypes.c_char_p * len(_SETTINGS))(*_SETTINGS.values())
        failed = library.TessBaseAPIInit4(
            self._handle, None, languages.encode(), _LSTM, None, 0, names, values, len(_SETTINGS), 0
        )
        if failed:
            raise ValueError(f"tesseract knows no {languages}")

    def close(self) -> None:
        """Give the networks back; it cannot read any more."""
        self._library.TessBaseAPIDelete(self._handle)

    def read(self, grey: Any, mode: int = BLOCK, dpi: int = 300) -> list[Found]:
        """The words of a picture, in the order of its lines."""
        library, handle = self._library, self._handle
        pixels = numpy.ascontiguousarray(grey, dtype=numpy.uint8)
        high, wide = pixels.shape
        library.TessBaseAPISetPageSegMode(handle, mode)
        library.TessBaseAPISetImage(handle, pixels.ctypes.data_as(ctypes.c_void_p), wide, high, 1, wide)
        library.TessBaseAPISetSourceResolution(handle, dpi)
        try:
            if library.TessBaseAPIRecognize(handle, None):
                return []
            return list(self._words())
        finally:
            library.TessBaseAPIClear(handle)

    def _words(self) -> Iterator[Found]:
        library = self._library
        results = library.TessBaseAPIGetIterator(self._handle)
        if not results:
            return
        pages = library.TessResultIteratorGetPageIterator(results)
        sides = [ctypes.c_int() for _ in range(4)]
        places = [ctypes.byref(side) for side in sides]
        try:
            while True:
                raw = library.TessResultIteratorGetUTF8Text(results, _WORD)
                if raw:
                    text = ctypes.string_at(raw).decode(errors="replace").strip()
                    library.TessDeleteText(raw)
                    if text and library.TessPageIteratorBoundingBox(pages, _WORD, *places):
                        left, top, right, bottom = (side.value for side in sides)
                        sure = max(float(library.TessResultIteratorConfidence(results, _WORD)), 0.0)
                        yield Found(text, left, top, right, bottom, sure)
                if not library.TessPageIteratorNext(pages, _WORD):
                    return
        finally:
            library.TessResultIteratorDelete(results)


@cache
def reader(languages: str) -> Reader:
    """The one of these languages (`eng+deu`), for as long as the process lives."""
    made = Reader(languages)
    atexit.register(made.close)
    return made


@cache
def _library() -> Any:
    name = ctypes.util.find_library("tesseract")
    if name is None:
        raise OSError("no tesseract: make ocr")
    library: Any = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    settings = ctypes.POINTER(text), ctypes.POINTER(text), ctypes.c_size_t
    for function, result, *arguments in (
        ("TessBaseAPICreate", pointer),
        ("TessBaseAPIDelete", None, pointer),
        ("TessBaseAPIInit4", number, pointer, text, text, number, pointer, number, *settings, number),
        ("TessBaseAPISetPageSegMode", None, pointer, number),
        ("TessBaseAPISetImage", None, pointer, pointer, number, number, number, number),
        ("TessBaseAPISetSourceResolution", None, pointer, number),
        ("TessBaseAPIRecognize", number, pointer, pointer),
        ("TessBaseAPIClear", None, pointer),
        ("TessBaseAPIGetIterator", pointer, pointer),
        ("TessResultIteratorDelete", None, pointer),
        ("TessResultIteratorGetPageIterator", pointer, pointer),
        ("TessResultIteratorGetUTF8Text", pointer, pointer, number),
        ("TessDeleteText", None, pointer),
        ("TessResultIteratorConfidence", ctypes.c_float, pointer, number),
        ("TessPageIteratorBoundingBox", number, pointer, number, *(ctypes.POINTER(number),) * 4),
        ("TessPageIteratorNext", number, pointer, number),
    ):  # fmt: skip
        called = getattr(library, function)
        called.restype, called.argtypes = result, arguments
    return library
