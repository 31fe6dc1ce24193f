"""A config as a hurried person would leave it: each mutation is one slip, of a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Mutation = Callable[[random.Random, list[str]], None]
# What is put in place of a value.
VALUES = (
    *("0", "-1", "1", "2", "99999999999999999999", "1e400", "nan", "-inf", "0.1", "true", "false", '""', "''"),
    *(
        '"x"',
        '"ü"',
        '"\\u0000"',
        '"\\U0001F600"',
        "'''a\nb'''",
        "[]",
        "[[]]",
        "[1, 'a']",
        "{}",
        "{a = 1}",
        "1979-05-27",
    ),
    *("07:32:00", '"' + "a" * 5000 + '"', '"../../etc/passwd"', '"${HOME}"', '"https://*"', "[" * 200 + "]" * 200, ""),
    *(
        '"cron(0 0 * * ? *)"',
        '"rate(1 day)"',
        '"us-east-1a"',
        '"111111111111"',
        "0x10",
        "1_000",
        "-0",
        "+1",
        "TRUE",
        "null",
    ),
)
KEYS = ("", "a", "ü", '"a b"', "a.b", "a.b.c", "enabled", "name", "-", "__class__", "model_config", '""', "1")
TEXTS = (
    "[",
    "]]",
    "=",
    '"',
    "# comment",
    "\x00",
    "\ufeff",
    "\u202e",
    "[x]",
    "[[x]]",
    "[deployment]",
    "a = ",
    "=1",
    "\\",
    "é" * 999,
)


def _pairs(lines: list[str]) -> list[int]:
    return [number for number, line in enumerate(lines) if re.match(r"\s*[\w.\"-]+\s*=", line)]


def _value(chance: random.Random, lines: list[str]) -> None:
    number = chance.choice(_pairs(lines))
    lines[number] = f"{lines[number].split('=')[0]}= {chance.choice(VALUES)}"


def _number(chance: random.Random, lines: list[str]) -> None:
    """A number a little or much beside the one that is there."""
    numbers = [n for n in _pairs(lines) if re.search(r"=\s*\d+", lines[n])]
    number = chance.choice(numbers)
    change = chance.choice((-1, 1, -1000, 10**6, 10**12))
    lines[number] = re.sub(r"=\s*(\d+)", lambda found: f"= {int(found[1]) + change}", lines[number], count=1)


def _another_type(chance: random.Random, lines: list[str]) -> None:
    """A text as a number, one as a list, a list as one."""
    number = chance.choice(_pairs(lines))
    key, _, value = lines[number].partition("=")
    bare = value.split("#")[0].strip()
    lines[number] = (
        f"{key}= {chance.choice([f'[{bare}]', bare.strip('[]'), bare.strip(chr(34)), f'{chr(34)}{bare}{chr(34)}'])}"
    )


def _key(chance: random.Random, lines: list[str]) -> None:
    number = chance.choice(_pairs(lines))
    key, _, value = lines[number].partition("=")
    new = chance.choice([*KEYS, key.strip()[:-1], key.strip() + "s", key.strip().upper(), key.strip()[::-1]])
    lines[number] = f"{new} ={value}"


def _text_in_value(chance: random.Random, lines: list[str]) -> None:
    """A character of a value is gone, twice there, or another."""
    number = chance.choice(_pairs(lines))
    line = lines[number]
    place = chance.randrange(line.index("=") + 1, len(line) + 1)
    lines[number] = (
        line[:place]
        + chance.choice(["", line[place : place + 1] * 2, chance.choice("é\t\"'.-_@/ 0A")])
        + line[place + 1 :]
    )


def _gone(chance: random.Random, lines: list[str]) -> None:
    del lines[chance.randrange(len(lines))]


def _twice(chance: random.Random, lines: list[str]) -> None:
    lines.insert(chance.randrange(len(lines)), chance.choice(lines))


def _elsewhere(chance: random.Random, lines: list[str]) -> None:
    lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))


def _section(chance: random.Random, lines: list[str]) -> None:
    """A section's heading is misspelt, an array, below another, or gone with all it has."""
    numbers = [number for number, line in enumerate(lines) if line.startswith("[")]
    number = chance.choice(numbers)
    name = lines[number].strip("[] ")
    match chance.randrange(5):
        case 0:
            lines[number] = f"[{name[:-1]}]"
        case 1:
            lines[number] = f"[[{name}]]"
        case 2:
            lines[number] = f"[{chance.choice(numbers)}.{name}]"
        case 3:
            lines.append(lines[number])
        case _:
            end = next((other for other in numbers if other > number), len(lines))
            del lines[number:end]


def _anything(chance: random.Random, lines: list[str]) -> None:
    lines.insert(chance.randrange(len(lines) + 1), chance.choice(TEXTS))


def _cut(chance: random.Random, lines: list[str]) -> None:
    """As when the disk was full."""
    del lines[chance.randrange(len(lines)) :]
    if lines:
        lines[-1] = lines[-1][: chance.randrange(len(lines[-1]) + 1)]


# The first three are what people do; they come more often.
MUTATIONS: tuple[Mutation, ...] = (
    *(
        _value,
        _value,
        _value,
        _number,
        _number,
        _another_type,
        _another_type,
        _key,
        _key,
        _text_in_value,
        _text_in_value,
    ),
    *(_gone, _twice, _elsewhere, _section, _section, _anything, _cut),
)


def mutated(text: str, seed: int) -> str:
    """The config with one to three slips; the same for the same seed."""
    chance = random.Random(seed)
    lines = text.splitlines()
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if _pairs(lines) and any("[" in line for line in lines):
            try:
                chance.choice(MUTATIONS)(chance, lines)
            except (IndexError, ValueError):
                continue  # nothing of the kind is left
    return "\n".join([*lines, ""])
