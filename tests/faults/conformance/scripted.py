"""What the tasks of a conformance case do, attempt by attempt. This file is also the local cloud's Lambda function:
it imports nothing that a Lambda function has not got.

A step of a function's script is one of `{"return": answer}`, perhaps with `"after": seconds`, `{"raise": error name}`,
`{"outlast": seconds}`; of a worker's one of `{"success": output}`, `{"fail": error name, "cause": text}`,
`{"ignore": true}`, the first two with `"after": seconds` and `"again": second output`.
"""

import time


def step_of(event):  # type: ignore[no-untyped-def]
    """The step of a payload or message. The product's own definition carries its script where its id would be: by
    action of the engine, by task of a service."""
    if "script" in event:
        return event["script"][event["attempt"]]
    return event["redemption_id"][event.get("action") or event.get("task") or "record"]


def handler(event, context):  # type: ignore[no-untyped-def]
    step = step_of(event)
    if "raise" in step:
        raise type(step["raise"], (Exception,), {})("as the script says")
    time.sleep(step.get("outlast") or step.get("after", 0))
    return step["return"]
