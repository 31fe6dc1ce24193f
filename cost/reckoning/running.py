"""Functions, tasks and state machines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.prices import PriceFileError
from cost.runs import Runs
from cost.templates import Resource, referred
from cost.usage import HOURS

MB_A_GB = 1024
# A function's poller of a queue: so many ask at once, each waits so long for an answer.
POLLERS, POLL_SECONDS = 5, 20


def _function(resource: Resource, world: World) -> Iterator[Line]:
    runs = _known(world.functions, resource, "runs.toml")
    memory_gb = Decimal(resource.properties.get("MemorySize", 128)) / MB_A_GB
    processor = "arm" if resource.properties.get("Architectures") == ["arm64"] else "x86"
    for many, variable, what in (
        (world.scheduled(resource), False, "by schedule"),
        (runs.driven(world.month), True, f"by {runs.of.replace('_', ' ')}"),
    ):
        if not many:
            continue
        yield world.line(resource, "lambda_requests", many, variable=variable, what=what)
        gb_seconds = many * runs.ms / 1000 * memory_gb
        yield world.line(resource, f"lambda_{processor}_gb_second", gb_seconds, variable=variable, what=what)
        yield from world.logs(resource, many * world.month["log_bytes_per_run"], variable=variable)
        if resource.properties.get("TracingConfig", {}).get("Mode") == "Active":
            yield world.line(resource, "traces", many * world.month["traced_share"], variable=variable)


def _poller(resource: Resource, world: World) -> Iterator[Line]:
    """A queue is asked all the time, also when there is nothing in it."""
    yield world.line(resource, "sqs_requests", HOURS * 3600 / POLL_SECONDS * POLLERS, what="asking queues")


def _machine(resource: Resource, world: World) -> Iterator[Line]:
    runs = _known(world.machines, resource, "machines.toml")
    logged = resource.properties.get("LoggingConfiguration", {}).get("Level") == "ALL"
    for states, variable in (
        (world.scheduled(resource) * runs.scheduled, False),
        (runs.driven(world.month), runs.of != "days"),
    ):
        if not states:
            continue
        yield world.line(resource, "step_functions_transitions", states, variable=variable)
        if logged:
            yield from world.logs(resource, states * world.month["log_bytes_per_transition"], variable=variable)


def _service(resource: Resource, world: World) -> Iterator[Line]:
    """As many tasks as are wanted at least, on Spot in the share that its strategy says, after the base."""
    task = next(
        one
        for one in world.templates.of("AWS::ECS::TaskDefinition", stack=resource.stack)
        if one.id == referred(resource.properties["TaskDefinition"])
    )
    on_demand, on_spot = spread(resource, world)
    processor = "x86"
    if task.properties.get("RuntimePlatform", {}).get("CpuArchitecture") == "ARM64":
        processor = "arm"
    vcpus, memory_gb = (Decimal(task.properties[key]) / MB_A_GB for key in ("Cpu", "Memory"))
    for tasks, kind in ((on_demand, processor), (on_spot, f"spot_{processor}")):
        if tasks:
            yield world.line(resource, f"fargate_{kind}_vcpu_hour", tasks * vcpus * HOURS)
            yield world.line(resource, f"fargate_{kind}_gb_hour", tasks * memory_gb * HOURS)
    polls = HOURS * 3600 / POLL_SECONDS * (on_demand + on_spot)
    yield world.line(resource, "sqs_requests", polls, what="asking its queue")
    taken = world.month.redemptions * world.month["log_kb_per_redemption_in_tasks"] * 1000
    yield from world.logs(resource, taken / _services(world), variable=True)


def spread(resource: Resource, world: World) -> tuple[Decimal, Decimal]:
    """Tasks on demand, tasks on Spot: after the base by weight, not rounded, as over a month."""
    tasks = Decimal(resource.properties.get("DesiredCount", 1))
    strategy = resource.properties.get("CapacityProviderStrategy", [])
    base = min(tasks, sum((Decimal(one.get("Base", 0)) for one in strategy), Decimal(0)))
    weights = sum((Decimal(one.get("Weight", 0)) for one in strategy), Decimal(0))
    spot = sum(
        (Decimal(one.get("Weight", 0)) for one in strategy if one["CapacityProvider"] == "FARGATE_SPOT"), Decimal(0)
    )
    share = spot / weights * world.month["task_days_on_spot_share"] if weights else Decimal(0)
    on_spot = (tasks - base) * share
    return tasks - on_spot, on_spot


def _services(world: World) -> int:
    return sum(1 for _ in world.templates.of("AWS::ECS::Service"))


def _known(runs: dict[str, Runs] | object, resource: Resource, file: str) -> Runs:
    assert isinstance(runs, dict)
    if resource.name not in runs:
        raise PriceFileError(
            f"{file}: {resource.name}: {resource} is of the templates, and how often it runs is not there"
        )
    return runs[resource.name]


RULES: dict[str, Rule] = {
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::EventSourceMapping": _poller,
    "AWS::StepFunctions::StateMachine": _machine,
    "AWS::ECS::Service": _service,
}
