"""Invoices on paper, drawn from a truth that is known: many layouts, three continents' words, seeds that repeat.

`making.paper(seed)` draws one PDF and tells what a perfect reader would read of it; `scanning.scan` makes pictures of
it. `others` are papers that are no invoices, `hostile` are files that only pretend. Every layout is composed by us
after what is public about such papers; no real invoice's data is in it. Nobody who reads invoices may import from here.
"""
