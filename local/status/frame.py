"""The page around the sections: head, index, what was just done, and the script that keeps all of it fresh.

Works without the script. The script reads the page anew and changes only what differs, node by node: scroll position,
open details, focus and what is being typed stay.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from starlette.responses import HTMLResponse

from local.status.style import STYLE

SCRIPT = """
(() => {
  const page = document.body.dataset, still = document.getElementById('still'), lost = document.getElementById('lost');
  let held = false;
  const attributes = (a, b) => {
    for (const {name, value} of b.attributes)
      if (a.getAttribute(name) !== value && !(name === 'open' && a.nodeName === 'DETAILS')) a.setAttribute(name, value);
    for (const {name} of [...a.attributes])
      if (!b.hasAttribute(name) && !(name === 'open' && a.nodeName === 'DETAILS')) a.removeAttribute(name);
  };
  const become = (a, b) => {
    if (a.isEqualNode(b)) return;
    if (a.nodeType !== 1) { a.data = b.data; return; }
    attributes(a, b);
    let place = 0;
    for (const next of [...b.childNodes]) {
      const at = a.childNodes[place++] || null;
      const like = next.id ? [...a.children].find(one => one.id === next.id)
        : at && !at.id && at.nodeName === next.nodeName ? at : null;
      if (!like) { a.insertBefore(next, at); continue; }
      if (like !== at) a.insertBefore(like, at);
      become(like, next);
    }
    while (a.childNodes.length > place) a.lastChild.remove();
  };
  const read = async () => {
    if (document.hidden || held) return;
    let answer = null, text = '';
    try { answer = await fetch(page.here, {signal: AbortSignal.timeout(20000)}); text = await answer.text(); }
    catch { answer = null; }
    lost.hidden = Boolean(answer && answer.ok);
    const next = lost.hidden && new DOMParser().parseFromString(text, 'text/html').getElementById('all');
    if (next && !held) become(document.getElementById('all'), next);
  };
  const go = () => setTimeout(async () => { await read(); go(); }, Number(page.every));
  document.addEventListener('visibilitychange', read);
  still.hidden = false;
  still.addEventListener('click', () => {
    held = !held;
    still.setAttribute('aria-pressed', String(held));
    read();
  });
  go();
})();
"""


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src '{_hash(STYLE)}'; script-src '{_hash(SCRIPT)}'; connect-src 'self';"
        " img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # `no-referrer` would take away the Origin by which the page knows its own forms.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a button: one sentence, and the section it was pressed in."""

    words: str
    section: str = ""
    good: bool = True


def answer(html: str, status: int = 200) -> HTMLResponse:
    """A page with the headers that keep it alone."""
    return HTMLResponse(html, status, HEADERS)


def document(
    title: str,
    header: str,
    inner: str,
    foot: str,
    *,
    here: str,
    every_milliseconds: int,
    index: Iterable[tuple[str, str]] = (),
    said: Said | None = None,
) -> str:
    """A whole page. `header`, `inner`, `foot` are HTML; `index` is ids and titles; `here` is where it is read anew."""
    links = "".join(f'<li><a href="#{escape(name)}">{escape(words)}</a></li>' for name, words in index)
    nav = f'<nav aria-label="Sections"><ul>{links}</ul></nav>' if links else ""
    first = f"{said.words} · " if said else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(first + title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f'<style>{STYLE}</style></head><body data-here="{escape(here)}" data-every="{every_milliseconds}">'
        f'<a class="skip" href="#main">To the sections</a>{_said(said)}<div id="all"><header>{header}</header>'
        f'<div class="frame{"" if nav else " alone"}">{nav}<main id="main" tabindex="-1">{inner}</main></div></div>'
        f'<footer>{foot}<button id="still" hidden aria-pressed="false">Hold still</button></footer>'
        '<p id="lost" role="status" hidden>The local cloud does not answer: all here is as it was when it did.</p>'
        f"<script>{SCRIPT}</script></body></html>"
    )


def _said(said: Said | None) -> str:
    if said is None:
        return ""
    back = f'<a href="#{escape(said.section)}">to the section</a>' if said.section else ""
    why = "" if said.good else "<strong>Not done.</strong> "
    tone = "" if said.good else " bad"
    return f'<div class="said{tone}" role="status"><span>{why}{escape(said.words)}</span>{back}</div>'
