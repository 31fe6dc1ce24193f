"""A batch's manifest: its files with their sizes, as Redshift's COPY reads it, and what is in them.

It is written after the files, and the table's state after it: what no state names was never exported.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from analytics.export.contract import Contract
from analytics.export.target import Target
from analytics.export.window import Batch, State, Window

REFUSALS = "state/refused/"
AUTHOR = {"name": "lake export", "version": "1"}


class StateMoved(Exception):
    """Another export of the table was faster; its batch stands, this one's does not."""


@dataclass(frozen=True)
class Content:
    """What a batch's files hold together. `sums`: of each summed column, as text. `digest`: of the files."""

    rows: int
    sums: Mapping[str, str]
    digest: str


def folder_of(table: str, batch: int) -> str:
    """Where a batch's objects are."""
    return f"bronze/{table}/batch={batch}/"


def state_key(table: str) -> str:
    """Where a table's state is."""
    return f"state/{table}.json"


def refusal_key(table: str) -> str:
    """Where it stands that a table was refused and why, as long as it is."""
    return f"{REFUSALS}{table}.json"


def state_of(target: Target, table: str) -> tuple[State | None, str | None]:
    """A table's state and its tag; both None before the first export."""
    found = target.read(state_key(table))
    return (State.read(found[0]), found[1]) if found else (None, None)


def publish(
    target: Target, contract: Contract, taken: Window, content: Content, files: Mapping[str, int]
) -> tuple[Batch, bytes]:
    """Write the manifest of files that are all there (keys, bytes). The batch that the state will name."""
    key = folder_of(contract.table, taken.batch) + "manifest.json"
    told = document(target, contract, taken, content, files)
    target.write(key, told)
    return (
        Batch(taken.batch, key, content.rows, taken.replaces, contract.schema_hash, content.digest),
        told,
    )


def lost(target: Target, state: State | None) -> bool:
    """Whether a batch that has to be loaded is not there any more: the bucket keeps each for some years only."""
    there = target.sizes(f"bronze/{state.table}/") if state else {}
    return any(batch.manifest not in there for batch in (state.batches if state else ()))


def superseded(target: Target, table: str, *states: State | None) -> list[str]:
    """Keys of a table's batches that none of these states names."""
    named = {batch.manifest.rpartition("/")[0] for state in states if state for batch in state.batches}
    return [key for key in target.sizes(f"bronze/{table}/") if key.rpartition("/")[0] not in named]


def document(target: Target, contract: Contract, taken: Window, content: Content, files: Mapping[str, int]) -> bytes:
    """The manifest. COPY reads `entries` and checks `content_length`; the rest is for whoever asks what a batch is."""
    return json.dumps(
        {
            "entries": [
                {"url": target.url(key), "mandatory": True, "meta": {"content_length": size}}
                for key, size in sorted(files.items())
            ],
            "schema": {"elements": [{"name": c.name, "type": c.type} for c in contract.columns]},
            "meta": {
                "content_length": sum(files.values()),
                "record_count": content.rows,
                "table": contract.table,
                "batch": taken.batch,
                "lo": taken.lo,
                "hi": taken.hi,
                "replaces": taken.replaces,
                "group": list(contract.group or ()),
                "why_full": taken.full,
                "schema_hash": contract.schema_hash,
                "sums": dict(content.sums),
                "digest": content.digest,
            },
            "author": AUTHOR,
        },
        indent=1,
    ).encode()


def commit(target: Target, state: State, tag: str | None) -> None:
    """The one step by which a batch comes to be. Raises StateMoved."""
    if not target.write_if(state_key(state.table), state.document(), tag):
        raise StateMoved(f"{state.table}: another export was faster; nothing of this one counts")


def problems(target: Target, manifest: bytes) -> list[str]:
    """What a manifest promises and is not there, in words; for whoever loads without COPY."""
    told = json.loads(manifest)
    root = target.url("")
    names = {entry["url"][len(root) :]: entry["meta"]["content_length"] for entry in told["entries"]}
    there = target.sizes(folder_of(told["meta"]["table"], told["meta"]["batch"]))
    return [
        f"{name}: {size} bytes were promised, there are {there.get(name, 'none')}"
        for name, size in names.items()
        if there.get(name) != size
    ]
