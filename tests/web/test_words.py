"""Every word the portal says is there in each language, and each is said somewhere; colours come from the brand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PORTAL = REPOSITORY / "web" / "portal" / "src"
SHARED = REPOSITORY / "web" / "shared"
PLURALS = ("_zero", "_one", "_two", "_few", "_many", "_other")
# Where colours are made.
COLOURS_OF_THEIR_OWN = {"tokens.css", "theme.ts"}

type Words = dict[str, dict[str, str]]


def groups(language: str) -> dict[str, Words]:
    """What is loaded together: a file of the language's folder each."""
    return {file.stem: json.loads(file.read_text()) for file in sorted((PORTAL / "words" / language).glob("*.json"))}


def words(language: str) -> Words:
    return {section: names for group in groups(language).values() for section, names in group.items()}


LANGUAGES = sorted(folder.name for folder in (PORTAL / "words").iterdir())
ENGLISH = words("en")
GROUP_OF = {section: name for name, group in groups("en").items() for section in group}


def keys(told: Words) -> set[str]:
    return {f"{section}.{name}" for section, names in told.items() for name in names}


def stem(key: str) -> str:
    return next((key.removesuffix(plural) for plural in PLURALS if key.endswith(plural)), key)


def code() -> dict[Path, str]:
    return {file: file.read_text() for folder in (PORTAL, SHARED) for file in sorted(folder.rglob("*.ts*"))}


def drawn_with(file: Path) -> set[Path]:
    """A module and all that it imports at once, of the portal's own."""
    found: set[Path] = set()
    ahead = [file]
    while ahead:
        here = ahead.pop()
        if here not in found:
            found.add(here)
            for path in re.findall(r"\bfrom \"(\.{1,2}/[\w/-]+)\"", here.read_text()):
                ahead += (here.parent / path).resolve().parent.glob(Path(path).name + ".ts*")
    return found


def sections_said(file: Path) -> set[str]:
    text = file.read_text()
    found = set(re.findall(r"[\"`]([a-z_]+)\.[\w$-]+", text))
    found |= set(re.findall(r"sayCode\(\s*\"(\w+)\"", text)) | set(re.findall(r"\bsection: \"(\w+)\"", text))
    return found & GROUP_OF.keys()


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_each_language_has_the_keys_of_english_and_no_more(language: str) -> None:
    other = words(language)
    # Another language may have other plural forms.
    assert {stem(key) for key in keys(ENGLISH)} == {stem(key) for key in keys(other)}
    assert {key for key in keys(ENGLISH) if stem(key) == key} == {key for key in keys(other) if stem(key) == key}


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_each_language_fills_in_what_english_fills_in(language: str) -> None:
    def blanks(told: Words) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for section, names in told.items():
            for name, text in names.items():
                found.setdefault(stem(f"{section}.{name}"), set()).update(re.findall(r"\{(\w+)\}", text))
        return found

    assert blanks(words(language)) == blanks(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_section_is_in_one_group_and_in_the_same_one_in_each_language(language: str) -> None:
    placed = [(section, name) for name, group in groups(language).items() for section in group]
    assert sorted(placed) == sorted(GROUP_OF.items())


def test_a_page_has_the_groups_of_words_that_it_says_something_of_and_no_other() -> None:
    pages = re.findall(
        r"page\(\(\) => import\(\"\./(pages/[\w-]+)\"\)((?:, \"\w+\")*)\)", (PORTAL / "app.tsx").read_text()
    )
    assert {name for name, _ in pages} == {f"pages/{file.stem}" for file in (PORTAL / "pages").iterdir()}
    around = {GROUP_OF[section] for file in drawn_with(PORTAL / "main.tsx") for section in sections_said(file)}
    assert around == {"first"}
    for name, told in pages:
        needed = {GROUP_OF[section] for file in drawn_with(PORTAL / f"{name}.tsx") for section in sections_said(file)}
        assert needed - {"first"} == set(re.findall(r"\w+", told)), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_are_written_with_care(language: str) -> None:
    for section, names in words(language).items():
        for name, text in names.items():
            where = f"{language}: {section}.{name}"
            assert text, where
            assert text.strip() == text, where
            assert not re.search(r"!|successful|erfolgreich", text, re.IGNORECASE), where
            if name.endswith("_one"):
                assert f"{name.removesuffix('_one')}_other" in names, where


def test_every_key_in_the_code_has_words_and_all_words_are_said() -> None:
    said: set[str] = set()
    begun: set[str] = set()
    for text in code().values():
        # "section.name" wherever it stands: keys are also kept in tables and chosen between.
        said |= set(re.findall(r"[\"`]([a-z_]+\.[\w-]+)[\"`]", text))
        # `section.begin_${…}` and sayCode("section", …): what follows is known only when it runs.
        begun |= {f"{section}.{begin}" for section, begin in re.findall(r"`([a-z_]+)\.([\w-]*)\$\{", text)}
        begun |= {
            f"{section}.{begin}" for section, begin in re.findall(r"sayCode\(\s*\"(\w+)\",\s*`([\w-]*)\$\{", text)
        }
        begun |= {f"{section}." for section in re.findall(r"sayCode\(\s*\"(\w+)\",\s*[^`\"\s]", text)}
        # A section that is told on: {section: "event", code}.
        begun |= {f"{section}." for section in re.findall(r"\bsection: \"(\w+)\"", text)}
    known = keys(ENGLISH)
    called = {key for text in code().values() for key in re.findall(r"\bsay(?:Count)?\(\s*\"([\w.-]+)\"", text)}
    assert called - known - {stem(key) for key in known} == set()
    never = {key for key in known if not {key, stem(key)} & said and not key.startswith(tuple(begun))}
    assert never == set()


def test_colours_are_the_brand_s() -> None:
    hard = [
        f"{file.relative_to(REPOSITORY)}: {colour}"
        for folder in (PORTAL, SHARED)
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".css", ".ts", ".tsx"} and file.name not in COLOURS_OF_THEIR_OWN
        # Shades of black over the page are no colours; paper is white.
        for colour in re.findall(
            r"(?<![\w&/\"'`-])#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b", file.read_text()
        )
        if not re.fullmatch(r"#000[0-9a-fA-F]|#fff", colour)
    ]
    assert hard == []
