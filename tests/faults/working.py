"""What a process of the storm does: its tasks, one after the other, on a database of its own."""

from __future__ import annotations

import os

import psycopg
from psycopg import sql

from local import postgres
from tests.conftest import TestDatabase
from tests.faults import mutants, storm
from tests.faults.place import Place, begin_clock
from tests.faults.scenarios import run_scenario
from tests.faults.storm import Result
from tests.faults.timeline import START

TEMPLATE = "storm_template"

# Port of the server, kind (scenario, mutant, seeds), name, seeds.
type Task = tuple[int, str, str, range]


def run(task: Task) -> Result:
    """One task, on this process's own database."""
    port, kind, name, seeds = task
    mine = here(port)
    if kind == "scenario":
        return run_scenario(mine, name)
    if kind == "mutant":
        mutant = next(one for one in mutants.MUTANTS if one.name == name)
        return mutants.hunt(mine, mutant, seeds) or Result(0)
    return storm.run_seeds(mine, seeds)


_places: list[Place] = []


def here(port: int) -> Place:
    """This process's database, made when it is first needed."""
    if not _places:
        name = f"storm_{os.getpid()}"
        with psycopg.connect(address(port), autocommit=True) as admin:
            admin.execute(
                sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE))
            )
        database = TestDatabase(port, name)
        with database.owner() as owner:
            begin_clock(owner, START)
        _places.append(Place(database))
    return _places[0]


def address(port: int) -> str:
    """The superuser's of the database `postgres`."""
    return f"postgresql://{postgres.SUPERUSER}@127.0.0.1:{port}/postgres"
