"""How the back room looks: the portal's calm line, in system fonts, light and dark, one set of tokens each."""

# Each text colour reads on each ground with at least 4.5 : 1; a test counts.
LIGHT = {
    "paper": "#f8fbfa", "panel": "#ecf2f0", "ink": "#131a18", "muted": "#56645f", "line": "#d4dbd9",
    "control": "#74847f", "accent": "#0f5c4d", "on-accent": "#ffffff", "tint": "#d9f0e9", "bad": "#9e231b",
    "wait": "#714700", "blue": "#2a5a8f",
}  # fmt: skip
DARK = {
    "paper": "#0e1311", "panel": "#161e1b", "ink": "#ebf0ee", "muted": "#9aaba6", "line": "#2d3532",
    "control": "#6d7e78", "accent": "#6cc0aa", "on-accent": "#0e1311", "tint": "#102f28", "bad": "#ff9d92",
    "wait": "#e3b661", "blue": "#8fb8e6",
}  # fmt: skip


def _tokens(tokens: dict[str, str]) -> str:
    return "".join(f"--{name}:{value};" for name, value in tokens.items())


STYLE = (
    f"""
:root {{ {_tokens(LIGHT)} color-scheme:light; }}
@media (prefers-color-scheme:dark) {{ :root {{ {_tokens(DARK)} color-scheme:dark; }} }}
"""
    + """
:root { --serif:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Georgia,"Liberation Serif",serif;
  --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Liberation Sans",sans-serif;
  --mono:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;
  --edge:clamp(1.1rem,4vw,3.5rem); --small:.875rem; }
*,*::before,*::after { box-sizing:border-box; margin:0; }
html { background:var(--paper); color:var(--ink); font:400 1rem/1.5 var(--sans); scroll-padding-top:5.5rem;
  -webkit-text-size-adjust:100%; }
body { overflow-wrap:break-word; }
h1,h2 { font-family:var(--serif); font-weight:400; letter-spacing:-.015em; line-height:1.1; text-wrap:balance; }
h1 { font-size:clamp(1.9rem,1.5rem + 1.8vw,2.9rem); } h2 { font-size:clamp(1.4rem,1.3rem + .6vw,1.75rem); }
h3 { font-size:1rem; font-weight:600; line-height:1.4; }
.pair h3,.executions h3 { margin-bottom:.4rem; }
ul,ol { list-style:none; padding:0; } svg { display:block; max-width:100%; }
a { color:inherit; text-decoration-thickness:1px; text-underline-offset:.22em; }
:focus-visible { outline:2px solid var(--accent); outline-offset:3px; }
.skip { position:absolute; left:-99rem; } .skip:focus { left:1rem; top:1rem; background:var(--paper); padding:.5rem
  1rem;
  z-index:9; }
.hide { position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); white-space:nowrap; }
.quiet { color:var(--muted); } .bad { color:var(--bad); } .good { color:var(--accent); } .wait { color:var(--wait); }
.small { font-size:var(--small); } .nowrap { white-space:nowrap; } .num { font-variant-numeric:tabular-nums; }
.big { font:400 clamp(1.4rem,1.3rem + .6vw,1.75rem)/1.2 var(--serif); }
code,.mono { font:.8125rem/1.5 var(--mono); overflow-wrap:anywhere; }
p { max-width:48rem; text-wrap:pretty; } p + p, p + table, table + p, ul + p, p + ul { margin-top:.6rem; }

/* the frame */
header { padding:1.5rem var(--edge) 0; display:grid; grid-template-columns:1fr auto; gap:.25rem 1.5rem;
  align-items:baseline; }
header .now { display:flex; flex-wrap:wrap; gap:.2rem .75rem; }
.rule { grid-column:1/-1; height:6px; width:100%; margin-top:.75rem; }
.said { position:sticky; top:0; z-index:5; background:var(--tint); padding:.8rem var(--edge);
  border-bottom:2px solid var(--accent); display:flex; flex-wrap:wrap; gap:.25rem 1.5rem;
  justify-content:space-between; }
.said.bad { border-color:var(--bad); background:var(--panel); color:var(--ink); }
.said.bad strong { color:var(--bad); }
.frame { display:grid; grid-template-columns:11.5rem minmax(0,1fr); gap:clamp(1.5rem,4vw,4rem);
  padding:2rem var(--edge) 3rem; align-items:start; }
.frame.alone { grid-template-columns:minmax(0,1fr); }
nav ul { display:grid; } nav { position:sticky; top:1.5rem; font-size:var(--small); }
nav a { display:block; padding:.32rem 0; text-decoration:none; } nav a:hover { text-decoration:underline; }
main { display:grid; gap:3rem; min-width:0; } .sections { display:grid; gap:3rem; min-width:0; }
section { border-top:1px solid var(--line); padding-top:1.25rem; min-width:0; }
section > h2 { margin-bottom:1rem; } section > h2 + .lead { margin:-.5rem 0 1.1rem; color:var(--muted); }
.pair { display:grid; grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr)); gap:2rem
  clamp(1.5rem,3vw,3rem);
  align-items:start; }
footer { padding:1.25rem var(--edge) 2.5rem; border-top:1px solid var(--line); color:var(--muted);
  font-size:var(--small); display:flex; flex-wrap:wrap; gap:.5rem 1.5rem; }

/* rows, tables, marks */
.rows > li { padding:1rem 0; border-top:1px solid var(--line); } .rows > li:first-child { border-top:0;
  padding-top:0; }
.top { display:flex; flex-wrap:wrap; gap:.15rem .9rem; align-items:baseline; } .top .end { margin-left:auto; }
.rows p { margin-top:.4rem; } .scroll { overflow-x:auto; } .scroll code { white-space:nowrap; }
table { border-collapse:collapse; width:100%; font-size:var(--small); }
th,td { padding:.4rem 1rem .4rem 0; vertical-align:top; border-top:1px solid var(--line); text-align:left; }
tr:first-child > * { border-top:0; } thead + tbody tr:first-child > * { border-top:1px solid var(--line); }
th { font-weight:400; color:var(--muted); } td:last-child { padding-right:0; }
.keys th { width:1%; white-space:nowrap; }
.pill { display:inline-block; padding:0 .55rem; font-size:.8125rem; line-height:1.55; background:var(--panel);
  color:var(--ink); white-space:nowrap; border-left:3px solid var(--control); }
.pill.good { border-color:var(--accent); background:var(--tint); color:var(--accent); }
.pill.bad { border-color:var(--bad); color:var(--bad); } .pill.wait { border-color:var(--wait); color:var(--wait); }
.pill.long { white-space:normal; }
.dot { display:inline-block; width:.6rem; height:.6rem; border-radius:50%; margin-right:.6rem;
  background:var(--accent); }
.dot.bad { background:var(--paper); box-shadow:inset 0 0 0 2px var(--bad); }
.share { height:6px; width:min(100%,22rem); margin:.5rem 0 .3rem; }

/* what can be done */
form { display:flex; flex-wrap:wrap; gap:.6rem .75rem; align-items:end; margin-top:.75rem; }
.do:empty { display:none; } .do { display:flex; flex-wrap:wrap; gap:.5rem; margin-top:.75rem; } .do form { margin:0; }
label { display:grid; grid-template-columns:minmax(0,1fr); gap:.15rem; min-width:0;
  font-size:var(--small); color:var(--muted); max-width:100%; }
input,select,button,.button { font:inherit; color:var(--ink); background:var(--paper); border:1px solid
  var(--control);
  border-radius:0; padding:.35rem .7rem; max-width:100%; min-height:2.5rem; }
input[type=number] { width:6rem; } input[type=text] { width:11rem; }
button,.button { cursor:pointer; display:inline-flex; align-items:center; text-decoration:none; font-size:.9375rem; }
button:hover,.button:hover { background:var(--panel); }
button.main { background:var(--accent); color:var(--on-accent); border-color:var(--accent); font-weight:560; }
button.main:hover { filter:brightness(1.08); }
summary { cursor:pointer; padding:.4rem 0; } summary::marker { color:var(--muted); }
details[open] > summary { padding-bottom:.6rem; }

/* the line of a redemption, a phone, a mailbox */
ol.line { display:flex; flex-wrap:wrap; margin:.7rem 0 0; row-gap:.75rem; }
ol.line li { position:relative; padding:.7rem 1.6rem 0 0; border-top:2px solid var(--accent);
  font-size:var(--small); }
ol.line li::before { content:""; position:absolute; left:0; top:-7px; width:12px; height:12px; border-radius:50%;
  background:var(--accent); }
ol.line li:last-child { border-color:transparent; padding-right:0; }
ol.line.open li:last-child::before { background:var(--paper); box-shadow:inset 0 0 0 3px var(--accent); }
ol.line small { display:block; color:var(--muted); font-variant-numeric:tabular-nums; }
.thread { display:grid; gap:.6rem; max-width:34rem; } .thread time { font-size:.8125rem; color:var(--muted); }
.bubble { background:var(--tint); padding:.6rem .85rem; border-radius:1rem 1rem 1rem .2rem; width:fit-content;
  max-width:100%; white-space:pre-wrap; font-size:.9375rem; }
.mail { background:var(--panel); padding:.1rem .85rem; } .mail p { white-space:pre-wrap; padding-bottom:.75rem;
  font-size:.9375rem; } .mail summary { font-weight:560; }

/* the machine */
.machine { display:grid; grid-template-columns:minmax(0,22.25rem) minmax(0,1fr); gap:2rem clamp(1.5rem,3vw,3rem);
  align-items:start; }
.graph { width:22.25rem; font:13px var(--sans); } .graph .edge { fill:none; stroke:var(--line); stroke-width:1; }
.graph .way { fill:none; stroke:var(--accent); stroke-width:2.5; } .graph .back { stroke-dasharray:4 4; }
.graph .state { fill:var(--paper); stroke:var(--control); stroke-width:1.5; }
.graph .passed .state { fill:var(--accent); stroke:var(--accent); }
.graph .now .state { stroke:var(--accent); stroke-width:4; } .graph .now .halo { fill:var(--tint); }
.graph .failed .state { stroke:var(--bad); } .graph .failed path { stroke:var(--bad); stroke-width:3; }
.graph text { fill:var(--muted); } .graph .passed text,.graph .now text { fill:var(--ink); }
.graph .now text { font-weight:650; } .graph .failed text { fill:var(--bad); font-weight:600; }
.graph .when { fill:var(--muted) !important; font-weight:400 !important; font-size:11.5px; }
.executions a { display:block; padding:.5rem .75rem; text-decoration:none; border-left:3px solid transparent; }
.executions a:hover { background:var(--panel); } .executions a[aria-current] { border-color:var(--accent);
  background:var(--tint); }

/* pictures in numbers */
.picture { max-width:none; font:11px var(--sans); fill:currentColor; } .plug { height:240px; width:100%; }
.fill-good { fill:var(--accent); background:var(--accent); } .fill-wait { fill:var(--wait); background:var(--wait); }
.fill-bad { fill:var(--bad); background:var(--bad); } .fill-quiet { fill:var(--muted); background:var(--muted); }
.fill-blue { fill:var(--blue); background:var(--blue); } .fill-ink { fill:var(--ink); background:var(--ink); }
.faint { opacity:.5; } .legend { display:flex; flex-wrap:wrap; gap:.2rem 1.25rem; font-size:var(--small); }
#lost { position:fixed; inset:auto 0 0 0; background:var(--bad); color:var(--paper); padding:.7rem var(--edge);
  z-index:6; }
[hidden] { display:none !important; }

@media (max-width:64rem) { .machine { grid-template-columns:minmax(0,1fr); } .machine .executions { order:-1; } }
@media (max-width:52rem) {
  .frame { grid-template-columns:minmax(0,1fr); padding-top:1.25rem; gap:1.75rem; }
  nav { position:static; } nav ul { display:flex; flex-wrap:wrap; gap:0 1.1rem; } nav a { padding:.5rem 0;
    text-decoration:underline; text-decoration-color:var(--control); }
  .keys th { white-space:normal; width:auto; } .keys tr { display:grid; padding:.3rem 0; border-top:1px solid
  var(--line); }
  .keys tr:first-child { border-top:0; } .keys tr > * { border:0; padding:0; }
  header { grid-template-columns:1fr; }
}
@media (prefers-reduced-motion:no-preference) { html { scroll-behavior:smooth; } }
"""
)
