"""The lake's nights, reports, forecasts, and what Personalize takes."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cost.bill import Line, Rule, World
from cost.runs import runs_a_month
from cost.templates import Resource
from cost.usage import DAYS
from stacks.constructs.personalize_cost import quantities

DPUS = {"G.1X": 1, "G.2X": 2, "G.4X": 4}
WEEKS = DAYS / 7


def nights(world: World) -> Decimal:
    """How many nights a month a schedule begins; none where they are begun by hand."""
    rules = (
        rule.properties["ScheduleExpression"]
        for rule in world.templates.of("AWS::Events::Rule")
        if rule.part == "lake" and rule.properties.get("ScheduleExpression")
    )
    return sum(map(runs_a_month, rules), Decimal(0))


def _export(resource: Resource, world: World) -> Iterator[Line]:
    month = world.month
    dpus = Decimal(DPUS[resource.properties["WorkerType"]] * resource.properties["NumberOfWorkers"])
    hours = nights(world) * month["export_minutes"] / 60
    yield world.line(resource, "glue_dpu_hour", dpus * hours)
    if hours:
        more = month.facts / 10**6 * month["export_minutes_per_million_facts"] / 60
        yield world.line(resource, "glue_dpu_hour", dpus * more, variable=True)


def _workgroup(resource: Resource, world: World) -> Iterator[Line]:
    month = world.month
    rpus = Decimal(resource.properties["BaseCapacity"])
    people = month["report_minutes_a_day"] * DAYS if nights(world) else Decimal(0)
    hours = (nights(world) * month["warehouse_minutes_a_night"] + people) / 60
    yield world.line(resource, "redshift_rpu_hour", rpus * hours)
    if hours:
        more = month.facts / 10**6 * month["warehouse_minutes_per_million_facts"] / 60
        yield world.line(resource, "redshift_rpu_hour", rpus * more, variable=True)
    gb = month.facts * month["bytes_per_fact_in_the_lake"] * month["months_of_history"] / 10**9
    yield world.line(resource, "redshift_gb", gb, variable=True)


def _model(resource: Resource, world: World) -> Iterator[Line]:
    """The three jobs of a night; on which instances the state machine is told."""
    month = world.month
    if not nights(world):
        return
    (machine,) = (
        one
        for one in world.templates.of("AWS::StepFunctions::StateMachine", stack=resource.stack)
        if "TrainingInstance" in one.properties.get("DefinitionSubstitutions", {})
    )
    told = machine.properties["DefinitionSubstitutions"]
    for key, hours, what in (
        ("TrainingInstance", WEEKS * month["training_hours"], "training"),
        ("TransformInstance", nights(world) * month["transform_hours"], "forecasts"),
        ("AnalysisInstance", nights(world) * month["analysis_hours"], "analysis"),
    ):
        yield world.line(resource, f"sagemaker_{_priced(told[key])}_hour", hours, what=what)
    more = nights(world) * month["analysis_hours_per_million_members"] * month.members / 10**6
    price = f"sagemaker_{_priced(told['AnalysisInstance'])}_hour"
    yield world.line(resource, price, more, variable=True, what="analysis")


def _priced(instance: str) -> str:
    return instance.replace(".", "_")


def _dashboard(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "quicksight_author", world.month["report_authors"])
    yield world.line(resource, "quicksight_reader", world.month["report_readers"])


def _topic(resource: Resource, world: World) -> Iterator[Line]:
    yield world.line(resource, "quicksight_topics", 1)


def _personalize(resource: Resource, world: World) -> Iterator[Line]:
    if world.personalize is None:
        return
    month = world.month
    for price, quantity, variable in quantities(world.personalize, month.members, month.interactions):
        yield world.line(resource, price, quantity, variable=variable)


RULES: dict[str, Rule] = {
    "AWS::Glue::Job": _export,
    "AWS::RedshiftServerless::Workgroup": _workgroup,
    "AWS::SageMaker::Model": _model,
    "AWS::QuickSight::Dashboard": _dashboard,
    "AWS::QuickSight::Topic": _topic,
    "AWS::Personalize::DatasetGroup": _personalize,
}
