"""Where QuickSight's things are made, and for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DASHBOARD_READ = (
    "quicksight:DescribeDashboard",
    "quicksight:ListDashboardVersions",
    "quicksight:QueryDashboard",
)
TOPIC_READ = ("quicksight:DescribeTopic",)
THEME_READ = (
    "quicksight:DescribeTheme",
    "quicksight:DescribeThemeAlias",
    "quicksight:ListThemeAliases",
    "quicksight:ListThemeVersions",
)


@dataclass(frozen=True, slots=True)
class Place:
    """`name`: what ids begin with (one deployment of an account); `readers`: ARNs of QuickSight's users or groups.
    Texts may be placeholders that are known at deploy."""

    account: str
    region: str
    readers: tuple[str, ...]
    name: str = "loyalty"
    partition: str = "aws"
    program_id: int = 1

    def id(self, of: str) -> str:
        return f"{self.name}-{of.replace('_', '-')}"

    def arn(self, kind: str, of: str) -> str:
        """`kind`: datasource, dataset, theme, dashboard, topic."""
        return f"arn:{self.partition}:quicksight:{self.region}:{self.account}:{kind}/{self.id(of)}"

    def may(self, actions: tuple[str, ...]) -> list[dict[str, Any]]:
        """What its readers may do with a thing, and nobody else."""
        return [{"Principal": reader, "Actions": list(actions)} for reader in self.readers]
