"""Preparing a version: saved by section, checked as a whole, published once; nobody overwrites what nobody has seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest

from loyalty.campaigns import acting
from loyalty.database import Connection
from loyalty.programme import checking, drafting, publishing, reading, scheduling
from loyalty.refusal import Kind, Refusal
from tests.conftest import TestDatabase
from tests.domain import people
from tests.domain.programme import drafts
from tests.domain.programme.drafts import change, fields, publish, save, section


@pytest.fixture(scope="module")
def prepared(database: TestDatabase) -> TestDatabase:
    with database.owner() as owner:
        drafts.begun(owner)
    return database


@pytest.fixture
def owner(prepared: TestDatabase) -> Iterator[Connection]:
    with prepared.owner() as connection:
        yield connection


@pytest.fixture
def manager(prepared: TestDatabase) -> Iterator[Connection]:
    """As the manager API comes, and without a draft."""
    with prepared.connect("manager_api") as connection:
        drafting.discard(connection, 1, revision=None, actor="test")
        yield connection


def refused(connection: Connection) -> Refusal:
    with pytest.raises(Refusal) as caught:
        publish(connection)
    return caught.value


def test_without_a_draft_there_is_the_current_version_and_nothing_to_publish(manager: Connection) -> None:
    draft = drafting.read(manager, 1)
    assert draft.document == publishing.dumped(reading.current(manager, 1).document)
    assert (draft.changes, draft.problems, draft.saved_by) == ((), (), None)
    assert refused(manager).code == "nothing-changed"


def test_what_is_saved_shows_what_it_changes_and_is_published_with_who_and_why(manager: Connection) -> None:
    before = reading.current(manager, 1).version
    factor = section(manager, "conversion")["points_per_major"]
    draft = change(manager, "conversion", points_per_major=factor + 20)
    assert [(one.field, one.before, one.after) for one in draft.changes] == [
        ("conversion.points_per_major", factor, factor + 20)
    ]
    assert publish(manager, actor="staff:bob", why="prices rose") == before + 1
    newest = publishing.versions(manager, 1, page_size=1)[0]
    assert (newest.published_by, newest.why, newest.origin) == ("staff:bob", "prices rose", "publication")
    assert reading.current(manager, 1).document.conversion.points_per_major == factor + 20
    assert reading.version(manager, 1, before).document.conversion.points_per_major == factor
    assert drafting.read(manager, 1).changes == ()


def test_saving_what_is_published_already_leaves_no_change(manager: Connection) -> None:
    change(manager, "pricing", quote_minutes=33)
    kept = publishing.dumped(reading.current(manager, 1).document)["pricing"]
    assert save(manager, "pricing", kept).changes == ()


def test_a_draft_may_be_wrong_and_is_not_published_so(manager: Connection) -> None:
    before = drafts.version(manager)
    levels = section(manager, "tiers")
    levels["levels"][1]["qualifying_units"] = 0
    save(manager, "tiers", levels)
    change(manager, "conversion", points_per_major=-3, by_tier={"gold": 0})
    save(manager, "campaigns", [drafts.CAMPAIGN | {"ends_at": "2019-01-01T00:00:00Z"}])
    draft = change(manager, "brand", accent="greenish")
    wrong = {
        "tiers.levels.1.qualifying_units", "conversion.points_per_major", "conversion.by_tier.gold",
        "campaigns.0.ends_at", "brand.accent",
    }  # fmt: skip
    assert fields(draft.problems) == wrong
    assert "greenish" not in str(draft.problems)
    told = refused(manager)
    assert (told.kind, fields(told.problems)) == (Kind.INVALID, wrong)
    assert drafts.version(manager) == before


@pytest.mark.parametrize(
    ("name", "value", "field"),
    [
        ("enrolment", {"default_tier": "platinum"}, "enrolment.default_tier"),
        ("points", {"expiry": {"kind": "activity"}}, "points.expiry.kind"),
        ("points", {"time_zone": "Mars/Olympus"}, "points.time_zone"),
        ("tiers", {"replaced": {"old": "older", "older": "old"}}, "tiers.replaced.old"),
        ("conversion", {"max_points_share_percent": -1}, "conversion.max_points_share_percent"),
        ("conversion", {"surprise": 1}, "conversion.surprise"),
        ("messages", {"order-failed": {}}, "messages.order-failed.en"),
    ],
)  # fmt: skip
def test_each_problem_is_told_at_its_field(manager: Connection, name: str, value: dict[str, Any], field: str) -> None:
    assert field in fields(change(manager, name, **value).problems)


@pytest.mark.parametrize("value", [None, 5, "text", json.loads("[" * 30 + "]" * 30)])
def test_what_is_no_section_at_all_is_not_even_saved(manager: Connection, value: Any) -> None:
    revision = drafting.read(manager, 1).revision
    with pytest.raises(Refusal):
        save(manager, "brand", value)
    assert drafting.read(manager, 1).revision == revision


def test_the_second_of_two_who_save_is_told_who_was_faster(manager: Connection) -> None:
    seen = drafting.read(manager, 1)
    change(manager, "pricing", actor="staff:ann", quote_minutes=20)
    with pytest.raises(Refusal) as caught:
        drafting.save(manager, 1, "brand", seen.document["brand"], revision=seen.revision, actor="staff:bob")
    assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "stale-draft")
    assert "staff:ann saved" in caught.value.detail


def test_a_revision_never_comes_twice_even_if_the_draft_was_forgotten(manager: Connection) -> None:
    seen = change(manager, "pricing", quote_minutes=21)
    drafting.discard(manager, 1, revision=seen.revision, actor="staff:bob")
    change(manager, "pricing", quote_minutes=22)
    with pytest.raises(Refusal):
        drafting.discard(manager, 1, revision=seen.revision, actor="staff:ann")
    with pytest.raises(Refusal):
        scheduling.publish_draft(manager, 1, revision=seen.revision, actor="staff:ann", why="seen")


def test_of_two_who_publish_at_once_exactly_one_wins_and_nothing_is_half_published(prepared: TestDatabase) -> None:
    with prepared.connect("manager_api") as manager:
        drafting.discard(manager, 1, revision=None, actor="test")
        draft = change(manager, "pricing", quote_minutes=25 if drafts.version(manager) % 2 else 26)
    answers: list[int | str] = []
    start = threading.Barrier(4)

    def press() -> None:
        with prepared.connect("manager_api") as connection:
            start.wait()
            try:
                answers.append(
                    scheduling.publish_draft(connection, 1, revision=draft.revision, actor="staff:x", why="at once")
                )
            except Refusal as refusal:
                answers.append(refusal.code)

    people_at_once = [threading.Thread(target=press) for _ in range(4)]
    for one in people_at_once:
        one.start()
    for one in people_at_once:
        one.join()
    assert answers.count(draft.based_on + 1) == 1
    assert {answer for answer in answers if isinstance(answer, str)} <= {"stale-draft", "nothing-changed"}
    with prepared.owner() as owner:
        assert drafts.version(owner) == draft.based_on + 1


def test_untouched_sections_follow_what_others_publish(manager: Connection) -> None:
    change(manager, "pricing", quote_minutes=41)
    publishing.change(manager, 1, lambda p: p.model_copy(update={"brand": p.brand.model_copy(update={"name": "Next"})}),
                      "staff:bob", "a new name")  # fmt: skip
    draft = drafting.read(manager, 1)
    assert draft.document["brand"]["name"] == "Next"
    assert [one.field for one in draft.changes] == ["pricing.quote_minutes"]
    publish(manager)
    published = reading.current(manager, 1).document
    assert (published.brand.name, published.pricing.quote_minutes) == ("Next", 41)


def test_a_field_that_both_changed_is_named_and_saving_the_section_again_resolves_it(manager: Connection) -> None:
    change(manager, "redemption", approval_minutes=50)
    theirs = {"approval_minutes": 60, "release_delay_seconds": 77}
    publishing.change(
        manager,
        1,
        lambda p: p.model_copy(update={"redemption": p.redemption.model_copy(update=theirs)}),
        "staff:bob",
        "x",
    )
    told = refused(manager)
    assert (told.kind, told.code, fields(told.problems)) == (
        Kind.CONFLICT, "draft-conflicts", {"redemption.approval_minutes"},
    )  # fmt: skip
    draft = drafting.read(manager, 1)
    assert [(one.mine, one.theirs) for one in draft.conflicts] == [(50, 60)]
    save(manager, "redemption", draft.document["redemption"])
    publish(manager)
    kept = reading.current(manager, 1).document.redemption
    assert (kept.approval_minutes, kept.release_delay_seconds) == (50, 77)


def test_a_budget_below_what_is_promised_is_told_at_its_field(manager: Connection, owner: Connection) -> None:
    drafts.promise(owner, "spring", minor=700)
    campaigns = section(manager, "campaigns")
    draft = save(manager, "campaigns", [campaigns[0] | {"budget_minor": 699}])
    assert fields(draft.problems) == {"campaigns.0.budget_minor"}
    assert save(manager, "campaigns", [campaigns[0] | {"budget_minor": 700}]).problems == ()


def test_a_tier_with_members_leaves_only_with_one_that_stands_for_it(manager: Connection, owner: Connection) -> None:
    people.somebody(owner, tier="gold")
    tiers = section(manager, "tiers")
    kept = tiers | {"levels": [level for level in tiers["levels"] if level["code"] != "gold"]}
    assert "tiers.replaced.gold" in fields(save(manager, "tiers", kept).problems)
    assert save(manager, "tiers", kept | {"replaced": {"gold": "silver"}}).problems == ()
    publish(manager)
    assert reading.current(manager, 1).document.tier("gold").code == "silver"
    rank = owner.execute("select tiers.rank(tiers.ladder_of(1), 'gold') as rank").fetchone()
    assert rank == {"rank": 2}


def test_a_campaign_that_has_begun_keeps_its_holdout(manager: Connection) -> None:
    campaigns = section(manager, "campaigns")
    draft = save(manager, "campaigns", [campaigns[0] | {"holdout_percent": 50}])
    assert fields(draft.problems) == {"campaigns.0.holdout_percent"}


def test_what_a_change_means_for_members_is_said_beforehand(manager: Connection) -> None:
    points = section(manager, "points")
    more = {"expiry": {"kind": "fixed", "months": 6}, "return_extension_days": points["return_extension_days"] + 60}
    draft = save(manager, "points", points | more)
    assert {note.field for note in draft.notes} == {"points.expiry.months", "points.return_extension_days"}
    assert draft.problems == ()


@pytest.mark.parametrize(("published", "days"), [(90, 90), (10, 30)])
def test_more_days_for_returned_points_are_also_for_orders_under_way_and_fewer_are_not(
    manager: Connection, owner: Connection, published: int, days: int
) -> None:
    change(manager, "points", return_extension_days=published)
    publish(manager)
    row = owner.execute(
        "select redemptions.return_days(jsonb_populate_record(null::redemptions.redemption,"
        """ '{"program_id": 1, "return_days": 30}')) as days"""
    ).fetchone()
    assert row == {"days": days}


def test_the_store_stands_once_anybody_has_redeemed(manager: Connection) -> None:
    assert change(manager, "store", currency="EUR", region="DE").problems == ()
    with mock.patch.object(checking, "_redeemed", return_value=True):
        assert fields(drafting.read(manager, 1).problems) == {"store.currency", "store.region"}


@pytest.fixture
def before_a_message(fresh_database: TestDatabase) -> Iterator[Connection]:
    """A version, and a draft of its texts, from before the software knew some message; in English and French."""
    with fresh_database.owner() as owner:
        drafts.begun(owner)
        facts = publishing.dumped(reading.current(owner, 1).document)
        texts = {
            key: {"en": message["en"], "fr": message["en"]}
            for key, message in facts["messages"].items()
            if key != "wish-available"
        }
        facts |= {"messages": texts, "terms": facts["terms"] | {"text": {"en": "Terms", "fr": "Conditions"}}}
        owner.execute("select programme.publish(1, 1, %s::jsonb, 'test', 'test')", (json.dumps(facts),))
        mine = texts | {
            "order-failed": {**texts["order-failed"], "en": texts["order-failed"]["en"] | {"subject": "No"}}
        }
        owner.execute(
            "select programme.save_section(1, 2, revision, 'messages', %s::jsonb, 'test') from programme.draft"
            " where program_id = 1",
            (json.dumps(mine),),
        )
    with fresh_database.connect("manager_api") as connection:
        yield connection


def test_messages_that_new_software_brings_stop_nobody_from_publishing(before_a_message: Connection) -> None:
    manager = before_a_message
    acting.act(manager, 1, "spring", "pause", "for now", "staff:ann")
    draft = drafting.read(manager, 1)
    assert ([one.field for one in draft.changes], draft.problems) == (["messages.order-failed.en.subject"], ())
    publish(manager)
    published = reading.current(manager, 1)
    wish = published.document.messages["wish-available"]
    assert (set(wish), wish["fr"] == wish["en"], published.lacking) == ({"en", "fr"}, True, frozenset())
    # Rolled back to a version without it, today's text stays.
    own = section(manager, "messages")
    own["wish-available"]["en"]["subject"] = "Our own words"
    save(manager, "messages", own)
    publish(manager)
    publishing.restore(manager, 1, 2, "staff:bob", "back")
    back = reading.current(manager, 1).document.messages
    assert back["wish-available"]["en"].subject == "Our own words"
    assert back["order-failed"]["en"].subject != "No"


def test_rolling_back_is_a_new_version_that_says_what_the_old_one_said(manager: Connection) -> None:
    old = drafts.version(manager)
    change(manager, "conversion", drift_tolerance_basis_points=123)
    publish(manager)
    version, kept = publishing.restore(manager, 1, old, "staff:bob", "too generous")
    assert (version, kept) == (old + 2, ())
    assert reading.current(manager, 1).document == reading.version(manager, 1, old).document
    newest = publishing.versions(manager, 1, page_size=1)[0]
    assert (newest.origin, newest.restored_version, newest.why) == ("restoration", old, "too generous")
    with pytest.raises(Refusal) as caught:
        publishing.restore(manager, 1, old, "staff:bob", "again")
    assert caught.value.code == "nothing-changed"
