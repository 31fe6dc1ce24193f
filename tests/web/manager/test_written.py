"""What the manager app writes by itself: texts with samples, the parts of an SMS, tables that are safe to open."""

from __future__ import annotations

from loyalty.notifications import sms
from loyalty.programme.messages import filled
from tests.web import node

TEXTS = "manager/src/pages/messages/texts.ts"
WORDS = {"brand": "Journey Rewards", "points": "2,500"}
SAID = ["{points} points", "{brand}: {nobody}", "no words", "{points}{brand}", "", "{}", "a { b }"]
SHORT = [
    "a" * 160,
    "a" * 161,
    "a" * 153 * 2,
    "ä" * 160,
    "€" * 80,
    "€" * 81,
    "ç" * 70,
    "ç" * 71,
    "😀" * 35,
    "😀" * 36,
    "",
]


def test_a_preview_reads_as_the_message_will() -> None:
    program = "return told.said.map((text) => module.filled(text, told.words).map((piece) => piece.text).join(''));"
    shown = node.run(TEXTS, program, {"said": SAID, "words": WORDS})
    assert shown == [filled(text, WORDS) for text in SAID]


def test_an_sms_is_counted_as_it_is_charged() -> None:
    assert node.run(TEXTS, "return told.map(module.smsParts);", SHORT) == [sms.parts(text) for text in SHORT]


def test_a_table_holds_no_formula() -> None:
    rows = [["=1+1", "+cmd", "-2", "@x", "\ttab"], ['say "a, b"', "two\nlines", None, -5, "plain"]]
    written = node.run("manager/src/parts/csv.ts", "return module.csvOf(told);", rows)
    assert written == '\'=1+1,\'+cmd,\'-2,\'@x,\'\ttab\r\n"say ""a, b""","two\nlines",,-5,plain\r\n'


def test_one_intention_has_one_key_until_its_dialog_opens_again_or_its_values_change() -> None:
    program = """
    let made = 0;
    const intention = new module.Intention(() => `key ${++made}`);
    return told.map((values) => values === "open" ? (intention.begin(), "") : intention.keyFor(values));
    """
    tried = ["open", [500, ""], [500, ""], [600, ""], [600, ""], "open", [600, ""]]
    keys = node.run("manager/src/parts/intention.ts", program, tried)
    assert keys == ["", "key 1", "key 1", "key 2", "key 2", "", "key 3"]


def test_what_is_typed_while_something_is_saved_stays_to_be_saved() -> None:
    program = "return told.map(([mine, sent]) => module.unsaved(mine ?? undefined, sent) ?? null);"
    told = [[{"a": 1}, {"a": 1}], [{"a": 2}, {"a": 1}], [None, {"a": 1}]]
    assert node.run("manager/src/typed.ts", program, told) == [None, {"a": 2}, None]


def test_an_invoice_adds_up_as_it_is_typed_and_a_changed_quantity_changes_its_amount() -> None:
    program = """
    const value = module.begun(null, told);
    const line = module.changedLine(value.lines[0], { quantity: 3 }, "invoice");
    const typed = module.changedLine({ ...value.lines[0], amount_minor: 1 }, { quantity: 3 }, "invoice");
    const off = module.sums(value).map(({ label, expected, printed }) => [label, printed - expected]);
    return { amount: line.amount_minor, typed: typed.amount_minor, off, sent: module.sent(value) };
    """
    item = {"kind": "item", "quantity": 2, "unit_price_minor": 2499, "amount_minor": 4998}
    shipping = {"kind": "shipping", "amount_minor": 299}
    draft = {"subtotal_minor": 4998, "shipping_minor": 299, "total_minor": 5300, "lines": [item, shipping]}
    told = node.run("manager/src/pages/invoices/editing.ts", program, draft)
    assert (told["amount"], told["typed"]) == (7497, 1), "what was typed by itself stays"
    assert told["off"] == [["Items", 0], ["Shipping", 0], ["Total", 3]]
    assert not {"number", "issued_on", "tax_minor", "due_on"} & set(told["sent"]), "what is missing is not sent"
    assert told["sent"]["lines"][1] == {"kind": "shipping", "description": "", "amount_minor": 299}
