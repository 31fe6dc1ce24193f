"""Functions, workers, repetitions and catchers."""

from __future__ import annotations

from typing import Any

from tests.faults.conformance.case import Case, again, ask, call, caught, failed, machine, succeeded

BUSY, GONE = {"raise": "DatabaseUnavailable"}, {"raise": "Gone"}


def told(**fields: Any) -> dict[str, Any]:
    """The state that a catcher leads to: it tells what it was given."""
    return {"Type": "Pass", "Output": {"caught": "{% $states.input %}"}, "End": True, **fields}


# A catcher whose output is no more than the error's name: causes are worded differently everywhere.
NAMED = {"Output": "{% $states.errorOutput.Error %}"}

FUNCTIONS = [
    Case(
        "a function's answer is assigned and given out as the state says, beside its input",
        machine(
            Call=call(
                {"return": {"next": "pay", "money": True}},
                Assign={"money": "{% $states.result.Payload.money %}"},
                Output={"next": "{% $states.result.Payload.next %}", "was": "{% $states.input.id %}"},
            ),
            After={"Type": "Pass", "Output": ["{% $states.input %}", "{% $money %}", "{% $exists($status) %}"]},
        ),
        succeeded("Call After", [{"next": "pay", "was": 7}, True, False]),
        {"id": 7},
    ),
    Case(
        "a task without output gives the whole result",
        machine(
            Call={key: value for key, value in call({"return": 5}).items() if key != "Output"},
            After={"Type": "Pass", "Output": ["{% $states.input.Payload %}", "{% $states.input.StatusCode %}"]},
        ),
        succeeded("Call After", [5, 200]),
    ),
    Case(
        "an error that nobody expects ends the execution under its name",
        machine(
            Call=call(GONE, Retry=[again("Other", attempts=3)], Catch=[caught("Other", to="Caught")]), Caught=told()
        ),
        failed("Call", "Gone"),
    ),
    Case(
        "what failed twice and then works has worked",
        machine(Call=call(BUSY, BUSY, {"return": "third"}, Retry=[again("DatabaseUnavailable", attempts=2)])),
        succeeded("Call", "third"),
    ),
    Case(
        "a repetition that is used up goes to the catcher",
        machine(
            Call=call(
                BUSY,
                BUSY,
                {"return": "too late"},
                Retry=[again("DatabaseUnavailable", attempts=1)],
                Catch=[caught("DatabaseUnavailable", to="Caught", **NAMED)],
            ),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": "DatabaseUnavailable"}),
    ),
    Case(
        "no attempts are none",
        machine(Call=call(BUSY, {"return": "too late"}, Retry=[again("States.ALL", attempts=0)])),
        failed("Call", "DatabaseUnavailable"),
    ),
    Case(
        "the first retrier that names the error decides, also when it is used up",
        machine(
            Call=call(
                BUSY,
                BUSY,
                {"return": "by the second retrier"},
                Retry=[again("DatabaseUnavailable", attempts=1), again("States.ALL", attempts=3)],
                Catch=[caught("States.ALL", to="Caught", **NAMED)],
            ),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": "DatabaseUnavailable"}),
    ),
    Case(
        "each retrier counts for itself",
        machine(
            Call=call(
                BUSY,
                GONE,
                BUSY,
                {"return": "fourth"},
                Retry=[again("DatabaseUnavailable", attempts=2), again("Gone", attempts=1)],
            )
        ),
        succeeded("Call", "fourth"),
    ),
    Case(
        "every visit of a state counts anew",
        machine(
            Begin={"Type": "Pass", "Assign": {"n": 0}},
            Call=call(
                BUSY,
                {"return": True},
                Retry=[again("States.ALL", attempts=1)],
                Assign={"n": "{% $n + 1 %}"},
                Next="Pick",
            ),
            Pick={
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 2 %}", "Next": "Call"}],
                "Default": "Done",
            },
            Done={"Type": "Succeed"},
        ),
        succeeded("Begin Call Pick Call Pick Done", True),
    ),
    Case(
        "States.TaskFailed stands for a function's error",
        machine(
            Call=call(
                BUSY,
                GONE,
                Retry=[again("States.TaskFailed", attempts=1)],
                Catch=[caught("States.Timeout", to="Wrong"), caught("States.TaskFailed", to="Caught", **NAMED)],
            ),
            Caught=told(),
            Wrong=told(),
        ),
        succeeded("Call Caught", {"caught": "Gone"}),
    ),
    Case(
        "the catcher that names the error comes before the one for all, if it stands first",
        machine(
            Call=call(GONE, Catch=[caught("Gone", to="Named", **NAMED), caught("States.ALL", to="All", **NAMED)]),
            Named=told(),
            All=told(),
        ),
        succeeded("Call Named", {"caught": "Gone"}),
    ),
    Case(
        "names of AWS's own errors are names like others",
        machine(
            Call=call(
                {"raise": "Lambda.TooManyRequestsException"},
                {"raise": "Lambda.Unknown"},
                Retry=[again("Lambda.TooManyRequestsException", attempts=3)],
                Catch=[caught("Lambda.Unknown", to="Caught", **NAMED)],
            ),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": "Lambda.Unknown"}),
    ),
    Case(
        "a function that outlasts its limit has timed out, which is no States.TaskFailed",
        machine(
            Call=call(
                {"outlast": 3, "return": "too late"},
                TimeoutSeconds=1,
                Catch=[caught("States.TaskFailed", to="Wrong"), caught("States.Timeout", to="Caught", **NAMED)],
            ),
            Caught=told(),
            Wrong=told(),
        ),
        succeeded("Call Caught", {"caught": "States.Timeout"}),
    ),
    Case(
        "what has timed out is tried again",
        machine(
            Call=call(
                {"outlast": 4, "return": "too late"},
                {"return": "in time"},
                TimeoutSeconds=3,
                Retry=[again("States.Timeout", attempts=1)],
            )
        ),
        succeeded("Call", "in time"),
    ),
    Case(
        "a limit may be an expression",
        machine(Call=call({"return": "in time", "after": 0.3}, TimeoutSeconds="{% $states.input.limit %}")),
        succeeded("Call", "in time"),
        {"limit": 30},
        locally=failed("Call", "States.Runtime"),
        differs="AWS evaluates TimeoutSeconds in JSONata; the local cloud only a number, as the product has.",
    ),
    Case(
        "a catcher's output and variables know the error and the variables as they were",
        machine(
            Begin={"Type": "Pass", "Assign": {"reason": "none", "before": "nothing"}},
            Call=call(
                GONE,
                Assign={"reason": "wrong"},
                Catch=[
                    caught(
                        "States.ALL",
                        to="Caught",
                        Assign={"reason": "{% $states.errorOutput.Error %}"},
                        Output={"id": "{% $states.input.id %}", "reason": "{% $reason %}"},
                    )
                ],
            ),
            Caught=told(Output=["{% $states.input %}", "{% $reason %}", "{% $before %}"]),
        ),
        succeeded("Begin Call Caught", [{"id": 7, "reason": "none"}, "Gone", "nothing"]),
        {"id": 7},
    ),
    Case(
        "a catcher without output gives the error and its cause",
        machine(
            Call=ask({"fail": "Refused", "cause": "no money"}, Catch=[caught("States.ALL", to="Caught")]),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": {"Error": "Refused", "Cause": "no money"}}),
    ),
    Case(
        "what is asked of a task may fail, and is caught like the task's own errors",
        machine(
            Call=call(
                {"return": "never called"},
                Arguments={"FunctionName": "${Function}", "Payload": "{% $states.input.nothing %}"},
                Catch=[caught("States.QueryEvaluationError", to="Caught", **NAMED)],
            ),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": "States.QueryEvaluationError"}),
    ),
    Case(
        "an output that fails is caught too, though the task has worked",
        machine(
            Call=call(
                {"return": 1},
                Output="{% $states.result.Payload.nothing %}",
                Catch=[caught("States.ALL", to="Caught", **NAMED)],
            ),
            Caught=told(),
        ),
        succeeded("Call Caught", {"caught": "States.QueryEvaluationError"}),
    ),
    Case(
        "a catcher that fails ends the execution",
        machine(
            Call=call(GONE, Catch=[caught("States.ALL", to="Caught", Output="{% $states.errorOutput.nothing %}")]),
            Caught=told(),
        ),
        failed("Call", "States.QueryEvaluationError"),
    ),
]

WORKERS = [
    Case(
        "a message without a token waits for nobody",
        machine(
            Send={
                "Type": "Task",
                "Resource": "arn:aws:states:::sqs:sendMessage",
                "Arguments": {"QueueUrl": "${Queue}", "MessageBody": {"script": [{"ignore": True}], "attempt": 0}},
                "Output": "{% $exists($states.result.MessageId) %}",
            }
        ),
        succeeded("Send", True),
    ),
    Case(
        "a worker's answer is the task's result",
        machine(
            Ask=ask(
                {"success": {"outcome": "accepted"}},
                Assign={"x": "{% $states.result.outcome %}"},
                Output={"o": "{% $states.result.outcome %}", "was": "{% $states.input.id %}"},
            ),
            After={"Type": "Pass", "Output": ["{% $states.input %}", "{% $x %}"]},
        ),
        succeeded("Ask After", [{"o": "accepted", "was": 7}, "accepted"]),
        {"id": 7},
    ),
    Case(
        "without an output of its own the worker's answer goes on",
        machine(Ask=ask({"success": {"a": 1}, "after": 0.3})),
        succeeded("Ask", {"a": 1}),
    ),
    Case(
        "a worker's error ends the execution under its name",
        machine(Ask=ask({"fail": "OrderUnknown", "cause": "nobody knows"})),
        failed("Ask", "OrderUnknown"),
    ),
    Case(
        "a worker's error is caught by name, with its cause",
        machine(
            Ask=ask(
                {"fail": "PaymentDeclined", "cause": "card"},
                Catch=[
                    caught("PaymentAbandoned", "States.Timeout", to="Wrong"),
                    caught("PaymentDeclined", to="Caught", Output="{% $states.errorOutput.Cause %}"),
                ],
            ),
            Caught=told(),
            Wrong=told(),
        ),
        succeeded("Ask Caught", {"caught": "card"}),
    ),
    Case(
        "a worker's error is tried again with another message",
        machine(Ask=ask({"fail": "Busy"}, {"success": "second"}, Retry=[again("Busy", attempts=1)])),
        succeeded("Ask", "second"),
    ),
    Case(
        "a worker that says nothing has timed out",
        machine(
            Ask=ask(
                {"ignore": True},
                TimeoutSeconds=1,
                Catch=[caught("States.TaskFailed", to="Wrong"), caught("States.Timeout", to="Caught", **NAMED)],
            ),
            Caught=told(),
            Wrong=told(),
        ),
        succeeded("Ask Caught", {"caught": "States.Timeout"}),
    ),
    Case(
        "a worker is asked again after its time",
        machine(
            Ask=ask({"ignore": True}, {"success": "now"}, TimeoutSeconds=2, Retry=[again("States.ALL", attempts=1)])
        ),
        succeeded("Ask", "now"),
    ),
    Case(
        "an answer that comes too late changes nothing",
        machine(
            Ask=ask(
                {"success": "too late", "after": 2},
                TimeoutSeconds=1,
                Catch=[caught("States.Timeout", to="Later", **NAMED)],
            ),
            Later={"Type": "Wait", "Seconds": 2},
            Told=told(),
        ),
        succeeded("Ask Later Told", {"caught": "States.Timeout"}),
    ),
    Case(
        "a second answer changes nothing",
        machine(Ask=ask({"success": "first", "again": "second"}), Later={"Type": "Wait", "Seconds": 1}, Told=told()),
        succeeded("Ask Later Told", {"caught": "first"}),
    ),
]
