"""What each type of resource costs: a rule a type, which reads the resource and the month."""

from __future__ import annotations

from cost.bill import Rule
from cost.reckoning import analysis, database, doors, messages, network, running, storage, watching

RULES: dict[str, Rule] = {
    **network.RULES,
    **running.RULES,
    **doors.RULES,
    **database.RULES,
    **messages.RULES,
    **storage.RULES,
    **watching.RULES,
    **analysis.RULES,
}
