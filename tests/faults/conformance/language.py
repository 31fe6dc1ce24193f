"""Values, variables, choices, waits and ends."""

from __future__ import annotations

from typing import Any

from tests.faults.conformance.case import Case, call, failed, machine, succeeded, when

PASS: dict[str, Any] = {"Type": "Pass"}
SUCCEED: dict[str, Any] = {"Type": "Succeed"}
ITEMS = {"items": [{"name": "lamp", "price": 45}, {"name": "towel", "price": 20}, {"name": "cup", "price": 5}]}


def gives(expression: str) -> dict[str, Any]:
    return {"Type": "Pass", "Output": f"{{% {expression} %}}"}


def chooses(*rules: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A choice between states that tell what they were given and what `$x` is."""
    tell = {"Type": "Pass", "Output": {"was": "{% $states.input %}", "x": "{% $x %}"}, "End": True}
    choice = {"Type": "Choice", "Choices": list(rules), **fields}
    return machine(First={"Type": "Pass", "Assign": {"x": "old"}}, Pick=choice, Left=dict(tell), Right=dict(tell))


VALUES = [
    Case(
        "a state without output hands its input on",
        machine(One=dict(PASS), Two=dict(PASS)),
        succeeded("One Two", {"a": [1, None]}),
        {"a": [1, None]},
    ),
    Case(
        "expressions are found inside objects and lists, and other text is left as it is",
        machine(
            One={"Type": "Pass", "Output": {"a": ["{% $states.input.n + 1 %}", "{ % no % }", 7], "b": {"c": "plain"}}}
        ),
        succeeded("One", {"a": [3, "{ % no % }", 7], "b": {"c": "plain"}}),
        {"n": 2},
    ),
    Case(
        "a path to a list is the list, also to one of a single thing and to an empty one",
        machine(
            One={
                "Type": "Pass",
                "Output": {
                    "all": "{% $states.input.all %}",
                    "one": "{% $states.input.one %}",
                    "none": "{% $states.input.none %}",
                },
            }
        ),
        succeeded("One", {"all": [1, 2], "one": [1], "none": []}),
        {"all": [1, 2], "one": [1], "none": []},
    ),
    Case(
        "a path through a list collects, a filter that finds one thing is that thing",
        machine(
            One={
                "Type": "Pass",
                "Output": {
                    "names": "{% $states.input.items.name %}",
                    "dear": "{% $states.input.items[price > 30].name %}",
                    "sum": "{% $sum($states.input.items.price) %}",
                },
            }
        ),
        succeeded("One", {"names": ["lamp", "towel", "cup"], "dear": "lamp", "sum": 70}),
        ITEMS,
    ),
    Case(
        "conditions, texts and functions are JSONata's",
        machine(One=gives("$count($states.input.items) > 2 ? 'many ' & $uppercase('things') : 'few'")),
        succeeded("One", "many THINGS"),
        ITEMS,
    ),
    Case(
        "null is a value, inside and as a whole",
        machine(
            One={"Type": "Pass", "Assign": {"x": None, "y": "{% $states.input.a %}"}},
            Two={"Type": "Pass", "Output": {"x": "{% $x %}", "y": "{% $y %}", "same": "{% $x = null %}"}},
            Three=gives("$states.input.x"),
        ),
        succeeded("One Two Three", None),
        {"a": None},
    ),
    Case(
        "an expression that yields nothing is an error",
        machine(One=gives("$states.input.nothing"), Two=dict(PASS)),
        failed("One", "States.QueryEvaluationError"),
    ),
    Case(
        "an expression that cannot be evaluated is an error",
        machine(One=gives("'text' + 1")),
        failed("One", "States.QueryEvaluationError"),
    ),
    Case(
        "the context tells the execution's input and the state's name, wherever it is read",
        machine(
            One={"Type": "Pass", "Output": {}},
            Two={
                "Type": "Pass",
                "Output": {
                    "input": "{% $states.context.Execution.Input %}",
                    "state": "{% $states.context.State.Name %}",
                    "now": "{% $states.input %}",
                },
            },
        ),
        succeeded("One Two", {"input": {"id": 7}, "state": "Two", "now": {}}),
        {"id": 7},
    ),
    Case(
        "a variable lives until it is assigned again",
        machine(
            One={"Type": "Pass", "Assign": {"x": "first", "y": 1}},
            Two={"Type": "Pass", "Assign": {"x": "{% $x & ' then second' %}"}, "Output": 5},
            Three={"Type": "Pass", "Output": ["{% $x %}", "{% $y %}", "{% $states.input %}"]},
        ),
        succeeded("One Two Three", ["first then second", 1, 5]),
    ),
    Case(
        "the output of a state sees the variables as they were when it was entered",
        machine(
            One={"Type": "Pass", "Assign": {"x": "old"}},
            Two={"Type": "Pass", "Assign": {"x": "new"}, "Output": "{% $x %}"},
        ),
        succeeded("One Two", "old"),
    ),
    Case(
        "variables assigned together see each other as they were",
        machine(
            One={"Type": "Pass", "Assign": {"a": 1, "b": 2}},
            Two={"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}},
            Three={"Type": "Pass", "Output": ["{% $a %}", "{% $b %}"]},
        ),
        succeeded("One Two Three", [2, 1]),
        locally=succeeded("One Two Three", [2, 2]),
        differs="AWS evaluates an Assign with the values on entry of the state; the local cloud one after the other.",
    ),
]

CHOICES = [
    Case(
        "the first rule that is true decides",
        chooses(
            when("$states.input.n > 10", "Left"),
            when("$states.input.n > 1", "Right"),
            when("true", "Left"),
            Default="Left",
        ),
        succeeded("First Pick Right", {"was": {"n": 5}, "x": "old"}),
        {"n": 5},
    ),
    Case(
        "without a true rule it is the default",
        chooses(when("$states.input.n > 10", "Left"), Default="Right"),
        succeeded("First Pick Right", {"was": {"n": 5}, "x": "old"}),
        {"n": 5},
    ),
    Case(
        "without a true rule and without a default the execution fails",
        chooses(when("$states.input.n > 10", "Left"), when("$states.input.n < 0", "Right")),
        failed("First Pick", "States.NoChoiceMatched"),
        {"n": 5},
    ),
    Case(
        "what is not there equals nothing",
        chooses(
            when("$states.input.next = 'left'", "Left"), when("$states.input.next != 'left'", "Left"), Default="Right"
        ),
        succeeded("First Pick Right", {"was": {}, "x": "old"}),
    ),
    Case(
        "one of several words, and conditions together",
        chooses(
            when("$states.input.outcome in ['a', 'b'] and $not($states.input.n = 5)", "Left"),
            when("$states.input.outcome in ['b', 'c'] or $states.input.n = 6", "Right"),
            Default="Left",
        ),
        succeeded("First Pick Right", {"was": {"outcome": "b", "n": 5}, "x": "old"}),
        {"outcome": "b", "n": 5},
    ),
    Case(
        "a variable that is true is a condition",
        machine(
            One={"Type": "Pass", "Assign": {"money": "{% $states.input.money %}"}},
            Pick={"Type": "Choice", "Choices": [when("$money", "Paid")], "Default": "Free"},
            Free=dict(SUCCEED),
            Paid=dict(SUCCEED),
        ),
        succeeded("One Pick Paid", {"money": True}),
        {"money": True},
    ),
    Case(
        "the chosen rule assigns and gives its output, the others do not",
        chooses(
            when("$states.input.n = 1", "Left", Assign={"x": "wrong"}, Output="wrong"),
            when(
                "$states.input.n = 5", "Right", Assign={"x": "{% 'not ' & $x %}"}, Output={"n": "{% $states.input.n %}"}
            ),
            Default="Left",
        ),
        succeeded("First Pick Right", {"was": {"n": 5}, "x": "not old"}),
        {"n": 5},
    ),
    Case(
        "the default assigns what the state says",
        chooses(when("false", "Left", Assign={"x": "wrong"}), Default="Right", Assign={"x": "by default"}),
        succeeded("First Pick Right", {"was": {"n": 5}, "x": "by default"}),
        {"n": 5},
    ),
    Case(
        "the default gives the output that the state says",
        chooses(when("false", "Left"), Default="Right", Output="by default"),
        succeeded("First Pick Right", {"was": "by default", "x": "old"}),
        {"n": 5},
        locally=succeeded("First Pick Right", {"was": {"n": 5}, "x": "old"}),
        differs="A Choice may have an Output of its own; the local cloud hands the input on.",
    ),
    Case(
        "a condition that is neither true nor false is an error",
        chooses(when("$states.input.word", "Left"), Default="Right"),
        failed("First Pick", "States.QueryEvaluationError"),
        {"word": "yes"},
        locally=succeeded("First Pick Left", {"was": {"word": "yes"}, "x": "old"}),
        differs="AWS expects a boolean; the local cloud takes whatever JSONata calls true.",
    ),
]

WAITS_AND_ENDS = [
    Case(
        "a wait hands its input on and may assign",
        machine(
            Wait={"Type": "Wait", "Seconds": 1, "Assign": {"x": "waited"}}, End={"Type": "Pass", "Output": "{% $x %}"}
        ),
        succeeded("Wait End", "waited"),
    ),
    Case(
        "how long to wait may be an expression, and nothing is a length too",
        machine(
            Wait={"Type": "Wait", "Seconds": "{% $states.input.delay_seconds %}"},
            More={"Type": "Wait", "Seconds": "{% $states.input.delay_seconds - 1 %}"},
        ),
        succeeded("Wait More", {"delay_seconds": 1}),
        {"delay_seconds": 1},
    ),
    Case(
        "nobody waits a negative time",
        machine(Wait={"Type": "Wait", "Seconds": "{% -1 %}"}, After=dict(PASS)),
        failed("Wait", "States.QueryEvaluationError"),
    ),
    Case(
        "seconds are whole",
        machine(Wait={"Type": "Wait", "Seconds": "{% 0.5 %}"}, After=dict(PASS)),
        failed("Wait", "States.QueryEvaluationError"),
    ),
    Case(
        "success ends with what it was given",
        machine(One=gives("$states.input.n"), Done=dict(SUCCEED)),
        succeeded("One Done", 3),
        {"n": 3},
    ),
    Case(
        "success may give an output of its own",
        machine(Done={"Type": "Succeed", "Output": {"n": "{% $states.input.n + 1 %}"}}),
        succeeded("Done", {"n": 4}),
        {"n": 3},
        locally=succeeded("Done", {"n": 3}),
        differs="Succeed has an Output in JSONata; the local cloud hands the input on.",
    ),
    Case(
        "a failure has the name that the state says",
        machine(One=dict(PASS), Bad={"Type": "Fail", "Error": "OutOfStock", "Cause": "none left"}),
        failed("One Bad", "OutOfStock"),
    ),
    Case(
        "a failure's name may be an expression",
        machine(Bad={"Type": "Fail", "Error": "{% 'Out' & $states.input.of %}", "Cause": "{% 'none' %}"}),
        failed("Bad", "OutOfStock"),
        {"of": "OfStock"},
    ),
    Case(
        "a failure may have no name",
        machine(Bad={"Type": "Fail"}),
        failed("Bad", None),
        locally=failed("Bad", "States.Fail"),
        differs="AWS leaves the error out; the local cloud makes one up.",
    ),
    Case(
        "a task in the middle ends the execution where it says so",
        machine(One=call({"return": 1}, End=True), Two=dict(PASS)),
        succeeded("One", 1),
    ),
]
