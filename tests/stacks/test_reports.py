"""The report desk: alone of the staff's functions it asks the warehouse, as one who only reads, and reaches nothing
else."""

from __future__ import annotations

from tests.stacks.assembly import Assembly, listed
from tests.stacks.test_functions import runners

OWN = {"StringEquals": {"redshift-data:statement-owner-iam-userid": "${aws:userid}"}}


def test_the_report_desk_asks_one_workgroup_and_reads_its_own_statements_only(assembly: Assembly) -> None:
    (desk,) = (one for one in runners(assembly) if one.name == "report_desk")
    assert desk.environment["REDSHIFT_WORKGROUP"] == "loyalty-full"
    assert not {name for name in desk.environment if name.startswith("DATABASE_")}
    found = {
        action: (statement.get("Condition"), [assembly.text(desk.resource.stack, one) for one in listed(on)])
        for statement in assembly.statements(desk.resource.stack, desk.role_id)
        for on in (statement["Resource"],)
        for action in listed(statement["Action"])
        if action.startswith("redshift")
    }
    workgroup = found["redshift-data:ExecuteStatement"]
    assert workgroup[0] is None
    assert "*" not in workgroup[1]
    assert found == {
        "redshift-data:ExecuteStatement": workgroup,
        "redshift-serverless:GetCredentials": workgroup,
        "redshift-data:DescribeStatement": (OWN, ["*"]),
        "redshift-data:GetStatementResult": (OWN, ["*"]),
    }
    role = assembly.templates[desk.resource.stack]["Resources"][desk.role_id]["Properties"]
    assert {"Key": "RedshiftDbRoles", "Value": "reporter"} in role["Tags"]
