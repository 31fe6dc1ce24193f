"""What is held on a member goes to them as a file, or goes for ever by two persons, store by store; the books stay."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import pytest

from loyalty.integrations import webhooks
from loyalty.members import closure
from loyalty.privacy import erasing, exporting, requests, retention
from loyalty.privacy.erasing import Outside
from loyalty.privacy.stores import Line as Ended
from loyalty.refusal import Refusal
from stacks.constructs import case_files, exports, invoice_files
from tests.conftest import REPOSITORY, TestDatabase
from tests.domain.people import Somebody, somebody
from tests.domain.redemptions.saga import Line, Saga, saga

LAMP = Line("B0LAMP0000", 1, 4500)
SUE, OLGA = "staff:sue", "staff:olga"
OPERATOR = frozenset({"business-operator"})
WORDS = "=HYPERLINK(evil) by Quorva Zelmantine"


@dataclass
class Stores:
    """Sign-ins, buckets and the list outside the database, in memory. `refuses`: the store that does not answer."""

    users: set[str] = field(default_factory=set)
    objects: dict[str, bytes] = field(default_factory=dict)
    ended: dict[UUID, Ended] = field(default_factory=dict)
    refuses: str | None = None

    def of(self, subject: str) -> Mapping[str, str]:
        return {"email": f"{subject}@x.example"} if subject in self.users else {}

    def remove(self, subject: str) -> bool:
        if self.refuses == "sign_in":
            raise RuntimeError("throttled")
        there = subject in self.users
        self.users.discard(subject)
        return there

    def document(self, key: str) -> bytes | None:
        return self.objects.get(key)

    case_file = document

    def put_export(self, key: str, file: Path) -> None:
        self.objects[key] = file.read_bytes()

    def delete_documents(self, keys: Sequence[str]) -> int:
        return sum(self.objects.pop(key, None) is not None for key in keys)

    delete_case_files = delete_exports = delete_documents

    def add(self, line: Ended) -> None:
        self.ended[line.request_id] = line

    def lines(self) -> Iterator[Ended]:
        return iter(list(self.ended.values()))


@dataclass
class House:
    """A saga's database, its staff, and the function `privacy` with everything it reaches."""

    world: Saga
    stores: Stores = field(default_factory=Stores)
    failures: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = self.world.owner
        self.staff = self.world.database.connect("manager_api")
        self.job = self.world.database.connect("privacy")
        self.outside = Outside(self.stores, self.stores, self.stores)

    def member(self, points: int = 20_000) -> Somebody:
        made = somebody(self.owner, claimed=True)
        self.stores.users.add(made.subject)
        self.world.accrue(made.member_id, points)
        self.world.address(made.member_id)
        return made

    def furnished(self) -> Somebody:
        """A member with an order that is done, a case with a photo that is answered, a document, a wish, a message."""
        made = self.member()
        self.world.owner.execute("delete from orders.bucket")
        redeemed = self.world.redeem(made.member_id, self.world.request(self.world.quote(made.member_id, LAMP)))
        self.world.run(redeemed.redemption_id)
        self.owner.execute(
            "update members.member set phone = %s where member_id = %s", (phone_of(made), made.member_id)
        )
        self.owner.execute(
            "update redemptions.redemption set device_hash = sha256('phone') where redemption_id = %s",
            (redeemed.redemption_id,),
        )
        case_id = self.world.new_key()
        opened = self.one(
            "select cases.open(1, %s, %s, 'missing_points', null, null, null, 'grocer', %s, null, %s, 'x')",
            made.member_id,
            case_id,
            str(case_id),
            WORDS,
        )
        assert opened == "ok"
        key = f"photos/1/{case_id}/photo"
        self.owner.execute(
            "insert into cases.file values (1, %s, clock.new_id(), 'photo', %s, 'image/jpeg', 4, 'good', 'member',"
            " clock.now())",
            (case_id, key),
        )
        self.owner.execute("select cases.withdraw(1, %s, %s)", (made.member_id, case_id))
        self.stores.objects[key] = b"JPEG"
        self.document(made, redeemed.redemption_id)
        self.owner.execute(
            "insert into wishes.wish(program_id, member_id, asin, title, added_at)"
            " values (1, %s, 'B0BUNDLE00', 'Lamp', clock.now())",
            (made.member_id,),
        )
        self.owner.execute(
            "insert into catalogue.product(program_id, asin, kind, title, brand, category, category_name, popularity,"
            " first_seen_at, checked_at) values (1, %s, 'STANDARD', 'Lamp', 'Acme', 'home', 'Home', 1, clock.now(),"
            " clock.now()) on conflict do nothing",
            (LAMP.asin,),
        )
        looked = f'[{{"key": "{self.world.new_key()}", "asin": "{LAMP.asin}", "from": "home"}}]'
        self.owner.execute("select interactions.record(1, %s, %s, 9)", (made.member_id, looked))
        self.owner.execute("select interactions.choose(1, %s, true, 'member')", (made.member_id,))
        self.owner.execute(
            "insert into recommendations.scored(program_id, member_id, asins, scores, because, scored_at)"
            " values (1, %s, array[%s, 'B0BUNDLE00'], '{2, 1}', array['', %s], clock.now())",
            (made.member_id, LAMP.asin, LAMP.asin),
        )
        self.owner.execute(
            'select notifications.choose(1, %s, \'[{"channel": "email", "kind": "marketing", "wanted": true}]\','
            " 'member')",
            (made.member_id,),
        )
        self.owner.execute(
            "insert into notifications.message(program_id, message_id, member_id, event_id, channel, template, kind,"
            " state, payload, facts, occurred_at, created_at) values (1, clock.new_id(), %s, clock.new_id(), 'email',"
            " 'offer', 'marketing', 'sent', '{\"amount\": 5}', '{\"amount\": 5}', clock.now(), clock.now())",
            (made.member_id,),
        )
        self.owner.execute(
            "insert into integrations.webhook(program_id, code, url, secret, topics, state)"
            " values (1, 'erp', 'https://erp.example', 'erp', '{member.*}', 'off') on conflict do nothing"
        )
        self.owner.execute(
            "insert into integrations.delivery(program_id, delivery_id, code, event_id, topic, order_key, payload,"
            " occurred_at, state, due_at, ended_at) values (1, clock.new_id(), 'erp', clock.new_id(), 'member.blocked',"
            " 'member:' || %(id)s::bigint, jsonb_build_object('member_id', %(id)s::bigint), clock.now(), 'delivered',"
            " clock.now(), clock.now())",
            {"id": made.member_id},
        )
        return made

    def hold(self, member: Somebody, reason: str = "court 12/26") -> UUID:
        key = self.world.new_key()
        requests.place_hold(self.staff, 1, member.number, key, reason, SUE)
        return key

    def lift(self, member: Somebody, hold_id: UUID) -> None:
        requests.lift_hold(self.staff, 1, member.number, hold_id, OLGA)

    def document(self, member: Somebody, redemption_id: UUID) -> str:
        number = self.one("select coalesce(max(sequence), 0) + 1 from documents.document")
        key = f"1/{'0' * 48}-{number}.pdf"
        self.owner.execute(
            "insert into documents.series values (1, 'receipt', 2026, %s)"
            " on conflict (program_id, kind, year) do update set last_number = excluded.last_number",
            (number,),
        )
        self.owner.execute(
            "insert into documents.document (program_id, document_id, redemption_id, member_id, event_key, kind, year,"
            " sequence, number, programme_version, facts, object_key, issued_at, state, content_hash, content_bytes,"
            " ready_at) values (1, clock.new_id(), %s, %s, 'order', 'receipt', 2026, %s, %s, 1,"
            " '{\"issued_on\": \"2026-11-22\"}', %s, clock.now(), 'ready', sha256('x'), 1, clock.now())",
            (redemption_id, member.member_id, number, f"R-2026-{number:06}", key),
        )
        self.stores.objects[key] = b"%PDF"
        return key

    def points(self, member: Somebody) -> int:
        stands = requests.standing(self.staff, 1, member.number)
        return int(stands["available"] + stands["pending"])

    def ask(self, member: Somebody, points: int | None = None, key: UUID | None = None, who: str = SUE) -> UUID:
        key = key or self.world.new_key()
        requests.erase(
            self.staff, 1, member.number, key, "member_request", self.points(member) if points is None else points, who
        )
        return key

    def approve(self, erasure_id: UUID, who: str = OLGA) -> None:
        requests.decide(self.staff, 1, erasure_id, "approve", who, OPERATOR)

    def work(self) -> erasing.Done:
        return erasing.carry_out(self.job, self.outside, self.failures.append, lambda: True)

    def later(self, interval: str) -> None:
        self.world.database.shift_clock(interval)
        self.owner.execute("call points.ensure_partitions()")

    def erased(self, member: Somebody) -> dict[str, Any]:
        """Through to the end: the request with its receipts."""
        key = self.ask(member)
        self.approve(key)
        self.work()
        self.later("6 minutes")
        self.work()
        return requests.one(self.staff, 1, key)

    def one(self, sql: str, *values: Any) -> Any:
        row = self.owner.execute(sql.encode(), values).fetchone()
        return None if row is None else next(iter(row.values()))

    def anywhere(self, text: str) -> list[str]:
        """Tables of any room that have it in a row."""
        tables = self.owner.execute(
            "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid ="
            " c.relnamespace where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^(pg_|inf)'"
        ).fetchall()
        found = [one["name"] for one in tables]
        return [
            name
            for name in found
            if self.one(f"select exists (select from {name} as t where strpos(t::text, %s) > 0)", text)
        ]

    def violations(self) -> list[dict[str, Any]]:
        rooms = (
            *("points", "members", "redemptions", "payments", "cases", "notifications", "closure", "privacy"),
            "lake",
        )
        return [
            row
            for view in rooms
            for row in self.owner.execute(f"select * from {view}.invariants where violations > 0".encode()).fetchall()
        ]


@pytest.fixture(scope="module")
def house(database: TestDatabase) -> Iterator[House]:
    with saga(database) as world:
        made = House(world)
        yield made
        made.staff.close()
        made.job.close()
        assert made.violations() == []


def phone_of(member: Somebody) -> str:
    return f"+1206777{member.member_id:04}"


def refused(action: Any) -> str:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value.code


# ---- exports -------------------------------------------------------------------------------------------------------


def test_an_export_holds_everything_as_json_and_tables_with_the_pdfs_and_photos(house: House) -> None:
    member = house.furnished()
    house.owner.execute("update members.member set language = 'de' where member_id = %s", (member.member_id,))
    key = house.world.new_key()
    requests.export(house.staff, 1, member.number, key, SUE)
    requests.export(house.staff, 1, member.number, key, SUE)
    assert requests.one(house.staff, 1, key)["state"] == "waiting"
    assert exporting.make_next(house.job, house.stores, house.stores, house.failures.append) is True, house.failures
    told = requests.one(house.staff, 1, key)
    assert (told["state"], told["member_number"]) == ("ready", member.number)
    place = requests.place_of(house.staff, 1, key, SUE)
    assert [one["actor"] for one in requests.one(house.staff, 1, key)["downloads"]] == [SUE]
    with ZipFile(io.BytesIO(house.stores.objects[place])) as archive:
        names = set(archive.namelist())
        text = {
            name: archive.read(name).decode("utf-8-sig") for name in names if name.endswith((".txt", ".json", ".csv"))
        }
    assert len(names) == told["files"]
    assert text["README.txt"].startswith("Ihre Daten")
    receipt = house.one("select number from documents.document where member_id = %s", member.member_id)
    assert f"documents/{receipt}.pdf" in names
    assert [name for name in names if name.startswith("photos/")]
    person = json.loads(text["data/person.json"])
    assert (person["email"], person["number"]) == (member.email, member.number)
    assert [one["email"] for one in json.loads(text["data/sign_in.json"])] == [f"{member.subject}@x.example"]
    assert [one["webhook"] for one in json.loads(text["data/deliveries.json"])] == ["erp"]
    points = list(csv.DictReader(io.StringIO(text["tables/points.csv"])))
    assert len(points) == len(json.loads(text["data/points.json"])) >= 3
    assert [row["full_name"] for row in csv.DictReader(io.StringIO(text["tables/addresses.csv"]))] != []
    assert "'+1" in text["tables/addresses.csv"]
    assert WORDS in text["data/cases.json"]
    looks = json.loads(text["data/interactions.json"])
    assert [one["came_from"] for one in looks["looked_at"]] == ["home"]
    assert [one["wanted"] for one in looks["choices"]] == [True]
    assert [(one["asin"], one["because"]) for one in looks["chosen_for"]] == [
        (LAMP.asin, None),
        ("B0BUNDLE00", LAMP.asin),
    ]
    everything = "".join(text.values())
    assert "object_key" not in everything
    assert "request_hash" not in everything


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\r=1"])
def test_no_cell_of_a_table_begins_a_formula(words: str) -> None:
    ((cell,),) = [row for row in csv.reader(io.StringIO(exporting.to_csv([{"words": words}]), newline="")) if row][1:]
    assert cell == f"'{words}"
    assert exporting.to_csv([{"amount": -5}]).endswith("\r\n-5\r\n")


def test_an_export_that_fails_comes_again_and_then_to_a_person_and_one_that_is_old_goes(house: House) -> None:
    member = house.member()
    key = house.world.new_key()
    requests.export(house.staff, 1, member.number, key, SUE)

    class Full(Stores):
        def put_export(self, key: str, file: Path) -> None:
            raise OSError

    for _ in range(exporting.TRIES):
        assert exporting.make_next(house.job, Full(), house.stores, lambda _: None) is False
        assert exporting.make_next(house.job, Full(), house.stores, lambda _: None) is None
        house.later("61 minutes")
    assert requests.one(house.staff, 1, key)["state"] == "failed"
    assert house.one("select count(*) from casework.case where kind = 'export_stuck' and state = 'open'") == 1
    assert refused(lambda: requests.place_of(house.staff, 1, key, SUE)) == "no-such-file"
    again = house.world.new_key()
    requests.export(house.staff, 1, member.number, again, SUE)
    assert exporting.make_next(house.job, house.stores, house.stores, house.failures.append)
    place = requests.place_of(house.staff, 1, again, SUE)
    house.later("7 days 1 hour")
    assert refused(lambda: requests.place_of(house.staff, 1, again, SUE)) == "no-such-file"
    exporting.remove_expired(house.job, house.stores)
    assert place not in house.stores.objects


# ---- erasing -------------------------------------------------------------------------------------------------------


def test_erasing_needs_two_persons_the_balance_that_was_shown_and_nothing_in_the_way(house: House) -> None:
    member = house.member(points=20_000)
    assert refused(lambda: house.ask(member, points=5)) == "points-changed"
    redeemed = house.world.redeem(
        member.member_id, house.world.request(house.world.quote(member.member_id, LAMP))
    ).redemption_id
    stands = requests.standing(house.staff, 1, member.number)
    assert stands["obstacles"] == ["redemptions-open", "points-held"]
    assert refused(lambda: house.ask(member)) == "redemptions-open"
    house.owner.execute("delete from orders.bucket")
    house.world.run(redeemed)
    hold = house.world.new_key()
    requests.place_hold(house.staff, 1, member.number, hold, "court 12/26", SUE)
    assert refused(lambda: house.ask(member)) == "legal-hold"
    requests.lift_hold(house.staff, 1, member.number, hold, OLGA)
    key = house.ask(member)
    assert house.ask(member, key=key) == key
    assert refused(lambda: house.ask(member)) == "erasing"
    assert refused(lambda: house.approve(key, SUE)) == "same-person"
    assert (
        refused(lambda: requests.decide(house.staff, 1, key, "approve", OLGA, frozenset({"support"}))) == "not-approver"
    )
    house.work()
    assert house.points(member) > 0
    requests.place_hold(house.staff, 1, member.number, house.world.new_key(), "another", SUE)
    assert refused(lambda: house.approve(key)) == "legal-hold"
    requests.decide(house.staff, 1, key, "decline", OLGA, OPERATOR)
    assert requests.one(house.staff, 1, key)["state"] == "declined"


def test_the_second_person_approves_the_points_that_the_request_says(house: House) -> None:
    member = house.member(points=100)
    key = house.ask(member)
    assert requests.one(house.staff, 1, key)["points"] == 100
    house.world.accrue(member.member_id, 50)
    assert refused(lambda: house.approve(key)) == "points-changed"
    assert requests.one(house.staff, 1, key)["state"] == "waiting"
    requests.decide(house.staff, 1, key, "decline", OLGA, OPERATOR)
    key = house.ask(member)
    assert requests.one(house.staff, 1, key)["points"] == 150
    house.approve(key)
    house.work()
    house.later("6 minutes")
    house.work()
    assert requests.one(house.staff, 1, key)["forfeited"] == 150


def test_under_a_legal_hold_nothing_ends_and_nothing_goes(house: House) -> None:
    member, duplicate = house.member(), house.member(points=1)
    with house.owner.transaction():
        house.owner.execute("select members.merge(1, %s, %s)", (duplicate.member_id, member.member_id))
    key = house.ask(member)
    house.approve(key)
    overdue = erasing.overdue(house.job)
    # Also by the number of what became part of it: it is one person.
    hold = house.hold(duplicate)
    house.later("2 hours")
    assert house.work() == erasing.Done()
    told = requests.one(house.staff, 1, key)
    assert (told["state"], told["waits_for"]) == ("running", ["legal-hold"])
    assert {one["state"] for one in told["receipts"]} == {"waiting"}
    assert erasing.overdue(house.job) == overdue
    assert house.one("select closure.end_now(1, %s, %s)", member.member_id, house.world.new_key()) is None
    # One that comes between two stores stops at the next.
    assert house.one("select privacy.erase_store(1, %s, 'list', '{}')", key) == "waits"
    assert house.points(member) == 20_001
    assert {member.subject, duplicate.subject} <= house.stores.users
    house.lift(duplicate, hold)
    house.later("2 hours")
    house.work()
    house.later("6 minutes")
    house.work()
    assert requests.one(house.staff, 1, key)["state"] == "done"
    assert not {member.subject, duplicate.subject} & house.stores.users


def test_after_erasure_nothing_says_who_it_was_and_the_books_are_what_they_were(house: House) -> None:
    member = house.furnished()
    year = house.one("select extract(year from clock.now())::int")
    house.lift(member, house.hold(member, "Quorva's lawyer, 12/26"))
    balance = house.points(member)
    assert "members.member" in house.anywhere(member.email)
    journal = (
        "select md5(string_agg(j::text, '|' order by sequence)) from points.journal as j"
        " where member_id = %s and reference is distinct from 'closure'"
    )
    before = house.one(journal, member.member_id)
    told = house.erased(member)
    assert house.failures == []
    receipts = {one["store"]: one for one in told["receipts"]}
    assert (told["state"], told["forfeited"]) == ("done", balance)
    assert {store: one["state"] for store, one in receipts.items()} == {
        **dict.fromkeys(("list", "account", "sign_in", "notifications", "wishes", "cases", "orders"), "done"),
        **dict.fromkeys(("interactions", "exports", "members", "lake"), "done"),
        "documents": "kept",
        "recommendations": "pending",
    }
    assert receipts["documents"]["until"] == f"{year + 11}-01-01"
    assert receipts["lake"]["removed"] == {"keys": 1}
    assert receipts["interactions"]["removed"] == {"choices": 1, "looked_at": 1, "chosen_for": 1}
    assert house.one("select lake.key_of(1, %s)", member.member_id) is None
    assert receipts["members"]["removed"]["addresses"] == 1
    assert receipts["members"]["removed"]["deliveries"] == 1
    assert house.anywhere("Quorva's lawyer") == []
    assert receipts["cases"]["removed"] == {"messages": 1, "files": 1, "objects": 1}
    assert receipts["sign_in"]["removed"] == {"users": 1}
    assert member.subject not in house.stores.users
    for personal in (member.email, member.subject, phone_of(member)):
        assert house.anywhere(personal) == [], personal
    assert house.one(journal, member.member_id) == before
    assert house.one("select number from members.member where member_id = %s", member.member_id) == member.number
    redemption = house.owner.execute(
        "select points, device_hash from redemptions.redemption where member_id = %s", (member.member_id,)
    ).fetchone()
    assert redemption == {"points": 9000, "device_hash": None}
    assert house.violations() == []
    # Nothing again, nothing to export, and what stays ends when the law lets it go.
    assert house.work() == erasing.Done()
    key = house.world.new_key()
    assert refused(lambda: requests.export(house.staff, 1, member.number, key, SUE)) == "erased"


def test_memberships_that_were_merged_are_one_person(house: House) -> None:
    survivor, duplicate = house.member(), house.furnished()
    with house.owner.transaction():
        house.owner.execute("select members.merge(1, %s, %s)", (duplicate.member_id, survivor.member_id))
    key = house.world.new_key()
    requests.export(house.staff, 1, survivor.number, key, SUE)
    assert exporting.make_next(house.job, house.stores, house.stores, house.failures.append), house.failures
    with ZipFile(io.BytesIO(house.stores.objects[requests.place_of(house.staff, 1, key, SUE)])) as archive:
        assert WORDS in archive.read("data/cases.json").decode()
        assert duplicate.email in archive.read("data/person.json").decode()
        known = [one["email"] for one in json.loads(archive.read("data/sign_in.json"))]
        assert known == [f"{survivor.subject}@x.example", f"{duplicate.subject}@x.example"]
    told = house.erased(survivor)
    assert {one["store"]: one["removed"] for one in told["receipts"]}["sign_in"] == {"users": 2}
    assert not {survivor.subject, duplicate.subject} & house.stores.users
    assert told["state"] == "done"
    for personal in (survivor.email, duplicate.email, duplicate.subject, phone_of(duplicate)):
        assert house.anywhere(personal) == [], personal


def test_a_store_that_refuses_is_tried_again_and_stuck_ones_come_to_a_person(house: House) -> None:
    member = house.member()
    key = house.ask(member)
    house.approve(key)
    house.stores.refuses = "sign_in"
    failures: list[Exception] = []
    for _ in range(erasing.TRIES):
        erasing.carry_out(house.job, house.outside, failures.append, lambda: True)
        house.later("61 minutes")
    assert len(failures) == erasing.TRIES
    told = requests.one(house.staff, 1, key)
    assert told["state"] == "stuck"
    assert [(one["store"], one["problem"]) for one in told["receipts"] if one["state"] == "stuck"] == [
        ("sign_in", "RuntimeError")
    ]
    waiting = "select count(*) from casework.case where kind = 'erasure_stuck' and state = 'open'"
    assert house.one(waiting) == 1
    assert erasing.overdue(house.job) >= 1
    house.stores.refuses = None
    requests.retry(house.staff, 1, key, SUE)
    assert house.one(waiting) == 0
    house.work()
    house.later("6 minutes")
    house.work()
    assert requests.one(house.staff, 1, key)["state"] == "done"


def test_whoever_runs_a_store_outside_is_told_by_a_key_that_says_nothing(house: House) -> None:
    told = house.erased(house.member())
    mine = [
        row
        for row in house.owner.execute("select * from privacy.to_erase_outside('recommendations', 1000)").fetchall()
        if str(row["erasure_id"]) == told["request_id"]
    ]
    assert len(mine) == 1
    assert len(mine[0]["erasure_key"]) == 64
    for first in (True, False):
        assert first == house.one(
            "select privacy.erased_outside(1, %s, 'recommendations', '{\"rows\": 7}')", mine[0]["erasure_id"]
        )
    receipts = {one["store"]: one for one in requests.one(house.staff, 1, mine[0]["erasure_id"])["receipts"]}
    assert (receipts["recommendations"]["state"], receipts["recommendations"]["removed"]) == ("done", {"rows": 7})


def test_after_a_restore_whoever_had_ended_ends_again(house: House) -> None:
    erased, closed, stays = house.member(), house.member(), house.member()
    keys = {
        member.member_id: house.one("select privacy.erasure_key(1, %s)", member.member_id)
        for member in (erased, closed)
    }
    now = house.one("select clock.now()")
    # The list knows them; this database, restored to before, does not. Of one whom nobody knows here it says so.
    house.stores.ended.clear()
    house.stores.add(Ended(1, house.world.new_key(), "erasure", keys[erased.member_id], now))
    house.stores.add(Ended(1, house.world.new_key(), "closure", keys[closed.member_id], now))
    house.stores.add(Ended(1, house.world.new_key(), "erasure", "0" * 64, now))
    epoch = house.one("select epoch from lake.epoch")
    first = erasing.reapply(house.job, house.stores)
    assert (first.again, first.unknown_key, first.waits) == (2, 1, 0)
    # What the lake has of after that instant is exported anew.
    assert house.one("select epoch from lake.epoch") != epoch
    assert erasing.reapply(house.job, house.stores).again == 0
    house.work()
    assert house.one("select members.is_erased(1, %s)", erased.member_id)
    assert house.one("select state from members.member where member_id = %s", closed.member_id) == "closed"
    assert house.one("select state from members.member where member_id = %s", stays.member_id) == "active"


def test_members_who_close_their_account_come_into_the_list_too(house: House) -> None:
    member = house.member(points=7)
    closure.start(house.world.member_api, 1, member.member_id, house.world.new_key(), 7)
    house.later("30 days 1 hour")
    with house.world.database.connect("closure") as closing:
        closure.finish_due(closing, lambda _: None, house.failures.append, 20.0)
    assert erasing.list_closed(house.job, house.stores) >= 1
    assert erasing.list_closed(house.job, house.stores) == 0
    key = house.one("select privacy.erasure_key(1, %s)", member.member_id)
    assert [line.what for line in house.stores.ended.values() if line.erasure_key == key] == ["closure"]
    assert house.one("select lake.key_of(1, %s)", member.member_id) is not None
    house.later("2 days")
    with house.world.database.connect("closure") as closing:
        closure.finish_due(closing, lambda _: None, house.failures.append, 20.0)
    assert house.one("select lake.key_of(1, %s)", member.member_id) is None


# ---- retention -----------------------------------------------------------------------------------------------------


def test_the_job_removes_what_is_older_than_the_table_says(house: House) -> None:
    member, held = house.furnished(), house.member()
    house.owner.execute(
        "insert into members.phone_code select 1, m, clock.new_id(), '+12065550100', 'x', 'x', clock.now() - n *"
        " interval '29 days', clock.now(), 0, null from generate_series(1, 2) as n, unnest(%s::bigint[]) as m",
        ([member.member_id, held.member_id],),
    )
    hold = house.hold(held)
    done = retention.apply(house.job, lambda key: house.stores.delete_documents([key]), lambda: True)
    assert done["phone_codes"] == 1
    # Once there is nothing more, nobody looks again before the next day.
    house.owner.execute("update members.phone_code set sent_at = sent_at - interval '1 year'")
    assert retention.apply(house.job, lambda key: house.stores.delete_documents([key]), lambda: True) == {}
    house.later("11 years")
    done = retention.apply(house.job, lambda key: house.stores.delete_documents([key]), lambda: True)
    assert {"phone_codes", "case_words", "message_facts", "documents"} <= set(done)
    # Of whom a legal hold stands everything stays until it is lifted.
    codes = "select count(*) from members.phone_code where member_id = %s"
    assert [house.one(codes, one.member_id) for one in (member, held)] == [0, 2]
    house.lift(held, hold)
    house.later("1 day 1 hour")
    assert (
        retention.apply(house.job, lambda key: house.stores.delete_documents([key]), lambda: True)["phone_codes"] == 2
    )
    assert not [key for key in house.stores.objects if key.endswith(".pdf")]
    assert house.one("select count(*) from cases.message where text like %s", f"%{WORDS}%") == 0
    # The receipts that said kept are done now, and numbers and amounts stay.
    assert house.one("select count(*) from privacy.receipt where state = 'kept'") == 0
    assert house.one("select count(*) from documents.document where member_id = %s", member.member_id) == 1


def test_buckets_keep_what_the_table_says() -> None:
    said = {rule.name: rule.days for rule in retention.RETENTION if rule.by == "bucket"}
    assert said["exports"] == exports.KEPT_DAYS == retention.EXPORT_DAYS
    assert said["case_files"] == case_files.KEPT_DAYS
    assert {
        "mail/": said["invoice_mails"],
        "readings/": said["invoice_readings"],
        "documents/": said["invoice_papers"],
    } == (invoice_files.KEPT_DAYS)
    assert [rule.days for rule in retention.RETENTION if rule.by == "sender"] == [webhooks.KEPT_DAYS]


def test_the_page_and_the_table_say_the_same() -> None:
    assert retention.page() in (REPOSITORY / "docs" / "privacy.md").read_text()
