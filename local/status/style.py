"""How the status pages look: light and dark, one set of tokens."""

STYLE = """
:root { --ink:#17202a; --quiet:#65727f; --line:#e3e7eb; --paper:#fff; --ground:#f4f6f8; --good:#0b7a53; --bad:#b3261e;
  --wait:#8a5a00; --accent:#1f4fd8; --soft:#eef2ff; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink:#e8ecf0; --quiet:#9aa7b4; --line:#2b333b; --paper:#161b20;
  --ground:#0e1216; --good:#4cc38a; --bad:#ff8a80; --wait:#e0b050; --accent:#8aa9ff; --soft:#1b2440; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--ground); color:var(--ink);
  font:15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main { max-width:1280px; margin:0 auto; padding:0 24px; }
header { padding-top:28px; display:flex; flex-wrap:wrap; gap:8px 20px; align-items:baseline; }
h1 { font-size:24px; margin:0; letter-spacing:-.01em; }
header .now { margin-left:auto; font-variant-numeric:tabular-nums; }
h2 { font-size:12px; text-transform:uppercase; letter-spacing:.08em; color:var(--quiet); margin:0 0 12px;
  font-weight:650; }
.grid { display:grid; grid-template-columns:repeat(auto-fit, minmax(345px, 1fr)); gap:16px; margin:16px 0; }
section { background:var(--paper); border:1px solid var(--line); border-radius:12px; padding:18px 20px; min-width:0; }
section.wide { margin:16px 0; }
table { border-collapse:collapse; width:100%; }
td { padding:5px 12px 5px 0; vertical-align:top; border-top:1px solid var(--line); }
tr:first-child td { border-top:0; }
td:last-child { padding-right:0; }
td.k { white-space:nowrap; color:var(--quiet); }
code, .mono { font:13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, monospace; overflow-wrap:anywhere; }
a { color:var(--accent); text-decoration:none; } a:hover { text-decoration:underline; }
.dot { display:inline-block; width:9px; height:9px; border-radius:50%; margin-right:9px; background:var(--good); }
.dot.bad { background:var(--bad); }
.nowrap { white-space:nowrap; } .quiet { color:var(--quiet); } .bad { color:var(--bad); } .good { color:var(--good); }
.pill { display:inline-block; border-radius:99px; padding:1px 10px; font-size:13px; background:var(--soft);
  color:var(--accent); white-space:nowrap; }
.pill.good { color:var(--good); background:color-mix(in srgb, var(--good) 12%, transparent); }
.pill.bad { color:var(--bad); background:color-mix(in srgb, var(--bad) 12%, transparent); }
.pill.wait { color:var(--wait); background:color-mix(in srgb, var(--wait) 14%, transparent); }
form { display:flex; flex-wrap:wrap; gap:8px; margin-top:12px; align-items:center; }
input, select, button { font:inherit; color:inherit; background:var(--ground); border:1px solid var(--line);
  border-radius:8px; padding:5px 10px; max-width:100%; }
input[type=number] { width:76px; }
button { background:var(--accent); color:#fff; border-color:transparent; cursor:pointer; }
@media (prefers-color-scheme: dark) { button { color:#0e1216; } }
button.plain { background:transparent; color:var(--accent); border-color:var(--line); padding:2px 9px; }
.redemption { border-top:1px solid var(--line); padding:14px 0; }
.redemption:first-of-type { border-top:0; padding-top:0; }
.redemption .top { display:flex; flex-wrap:wrap; gap:4px 12px; align-items:baseline; }
.redemption .top .id { margin-left:auto; }
ol.line { list-style:none; display:flex; flex-wrap:wrap; margin:10px 0 0; padding:0; row-gap:8px; }
ol.line li { position:relative; padding:0 26px 0 0; border-top:2px solid var(--line); margin-top:6px;
  padding-top:8px; font-size:13px; }
ol.line li::before { content:""; position:absolute; left:0; top:-5px; width:8px; height:8px; border-radius:50%;
  background:var(--accent); }
ol.line li small { display:block; color:var(--quiet); font-variant-numeric:tabular-nums; }
details summary { cursor:pointer; } details p { white-space:pre-wrap; margin:6px 0 10px; }
footer { color:var(--quiet); padding:8px 0 40px; }
"""
