"""What a night leaves, put there by a test."""

from __future__ import annotations

from tests.domain.wishes.shelf import Shelf


def chosen(shelf: Shelf, member_id: int, **because: str) -> None:
    """The member's own list, best first: product → what speaks for it, '' if nothing does."""
    shelf.owner.execute(
        "insert into recommendations.scored(program_id, member_id, asins, scores, because, scored_at)"
        " values (1, %s, %s, %s, %s, clock.now())",
        (
            member_id,
            list(because),
            [float(len(because) - place) for place in range(len(because))],
            list(because.values()),
        ),
    )


def alike(shelf: Shelf, asin: str, *others: str) -> None:
    shelf.owner.execute(
        "insert into recommendations.similar(program_id, asin, others, scores, scored_at)"
        " values (1, %s, %s, %s, clock.now())",
        (asin, list(others), [1.0] * len(others)),
    )


def rising(shelf: Shelf, *asins: str) -> None:
    for place, asin in enumerate(asins, start=1):
        shelf.owner.execute(
            "insert into recommendations.trending(program_id, asin, place, score, scored_at)"
            " values (1, %s, %s, 1, clock.now())",
            (asin, place),
        )


def lists(shelf: Shelf, member_id: int) -> int:
    row = shelf.owner.execute(
        "select count(*) as count from recommendations.scored where member_id = %s", (member_id,)
    ).fetchone()
    assert row is not None
    return int(row["count"])
