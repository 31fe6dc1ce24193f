"""The bits of HTML that sections share. What takes `words` escapes them; what takes `html` is given HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape


def pill(words: str, tone: str = "") -> str:
    """A state in a word or two; `tone` good, wait, bad or none."""
    return f'<span class="pill{" " + tone if tone else ""}">{escape(words.replace("_", " "))}</span>'


def quiet(words: str) -> str:
    """What is said where there is nothing to show."""
    return f'<p class="quiet">{escape(words)}</p>'


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Names and their values, both HTML."""
    inner = "".join(f'<tr><th scope="row">{key}</th><td>{value}</td></tr>' for key, value in rows)
    return f'<table class="keys"><tbody>{inner}</tbody></table>'


def columns(name: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table with named columns that scrolls sideways where it must; the cells are HTML."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return _scroll(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", name)


def rows(html: str, name: str) -> str:
    """Rows of a table without heads; `name` for those who do not see what stands above it."""
    return _scroll(f"<tbody>{html}</tbody>", name)


def _scroll(html: str, name: str) -> str:
    # It scrolls by keyboard too, so it can be focused and has a name.
    return f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(name)}"><table>{html}</table></div>'


def button(action: str, words: str, *, of: str = "", sends: Mapping[str, str] | None = None, main: bool = False) -> str:
    """A form of one button. `of` is told to those who do not see what it stands beside."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in (sends or {}).items()
    )
    more = f'<span class="hide"> {escape(of)}</span>' if of else ""
    kind = ' class="main"' if main else ""
    return f'<form method="post" action="{escape(action)}">{hidden}<button{kind}>{escape(words)}{more}</button></form>'


def money(minor: int | None, currency: str | None) -> str:
    """An amount of minor units, never broken over two lines."""
    return f'<span class="nowrap num">{(minor or 0) / 100:,.2f} {escape((currency or "").upper())}</span>'


def when(stamp: str) -> str:
    """A time for people: the day and the minute; empty stays empty."""
    if not stamp:
        return ""
    at = datetime.fromisoformat(stamp)
    return f'<time datetime="{escape(stamp)}">{at:%-d %b %H:%M}</time>'


def short(name: str) -> str:
    """The end of an id, where ids differ."""
    return escape(name if len(name) <= 12 else f"…{name[-8:]}")


def share(solid: float, dotted: float, words: str) -> str:
    """The line: so much of it drawn through, so much dotted, the rest bare. Shares of 1; `words` say the same."""
    solid, dotted = max(0.0, min(1.0, solid)), max(0.0, min(1.0, dotted))
    reach = f"{100 * solid:.1f}%"
    return (
        f'<svg class="share" role="img" aria-label="{escape(words)}">'
        '<rect y="2" width="100%" height="2" fill="var(--line)"/>'
        f'<line x1="{reach}" x2="{100 * min(1.0, solid + dotted):.1f}%" y1="3" y2="3" stroke="var(--accent)"'
        f' stroke-width="6" stroke-dasharray="2 4"/><rect width="{reach}" height="6" fill="var(--accent)"/></svg>'
    )
