"""The export in Glue: plain Spark (3.5's API, no GlueContext, no bookmarks), everything else as DuckDB does it.

    --lake s3://…            where the lake is
    --secret <arn>           {"host", "port", "dbname", "username", "password"} of the writer, as lake_reader
    --certificates <file>    what the database's certificate is checked with; without it TLS is demanded, not checked
    --tables a,b             only these
    --url, --user            instead of a secret, on a laptop: jdbc:postgresql://… ; --jar: PostgreSQL's driver there

The driver holds one transaction open and gives its snapshot to every executor, so all of them read what the window and
the sums were made of.
"""

# Statements are put together from contracts, which are files of this repository, and from numbers.
# ruff: noqa: S608

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from analytics.export import publishing
from analytics.export.contract import Contract, contracts, drift
from analytics.export.manifest import Content
from analytics.export.publishing import Exported, Read, Table
from analytics.export.quality import rules
from analytics.export.source import INSTANCE, columns_of, rows_of, totals_of
from analytics.export.target import Target, target
from analytics.export.window import Instance

IN_GLUE = "--JOB_RUN_ID" in sys.argv or "GLUE_VERSION" in os.environ
# Without a fetch size the driver holds a whole table in memory.
FETCH_ROWS = 10_000
ROWS_PER_FILE = 4_000_000
ROWS_PER_READER = 250_000
MOST_READERS = 8


class Database:
    """The writer, in one repeatable-read transaction. `url`: JDBC's, without user and password."""

    def __init__(self, spark: SparkSession, url: str, properties: dict[str, str]) -> None:
        self._spark, self._url, self._properties = spark, url, properties
        jvm: Any = spark._jvm
        told = jvm.java.util.Properties()
        for name, value in properties.items():
            told.setProperty(name, value)
        self._connection = jvm.org.postgresql.Driver().connect(url, told)
        self._connection.setAutoCommit(False)
        self._connection.setTransactionIsolation(8)  # java.sql.Connection.TRANSACTION_REPEATABLE_READ
        self._connection.setReadOnly(True)
        self.snapshot = str(self.ask("select pg_export_snapshot()")[0][0])

    def ask(self, sql: str) -> list[list[Any]]:
        """Rows of a statement; its values as Python has them, texts where it has none."""
        with closing(self._connection.createStatement()) as statement:
            found, rows = statement.executeQuery(sql), []
            width = found.getMetaData().getColumnCount()
            while found.next():
                rows.append([found.getObject(place + 1) for place in range(width)])
            return rows

    def read(self, sql: str, key: str, rows: int) -> DataFrame:
        """A statement's rows in the snapshot, by as many connections as they are worth, told apart by a `key`."""
        readers = min(MOST_READERS, max(1, math.ceil(rows / ROWS_PER_READER)))
        return self._spark.read.jdbc(
            self._url,
            f"({sql}) as source",
            predicates=[f"mod(abs(hashtext({key}::text)::bigint), {readers}) = {i}" for i in range(readers)],
            properties={
                **self._properties,
                "driver": "org.postgresql.Driver",
                "fetchsize": str(FETCH_ROWS),
                "preferTimestampNTZ": "true",
                "sessionInitStatement": "set transaction isolation level repeatable read, read only;"
                f" set transaction snapshot '{self.snapshot}'",
            },
        )

    def close(self) -> None:
        """Let the snapshot go."""
        self._connection.rollback()
        self._connection.close()


def export(spark: SparkSession, database: Database, lake: Target, listed: Sequence[Contract]) -> Exported:
    """Export what is new of every table, as analytics.export.duck does. Raises NotTheWriter."""
    cluster_id, epoch, writer, xmin, xmax = database.ask(INSTANCE)[0]
    instance = Instance(str(cluster_id), str(epoch), bool(writer), int(xmin), int(xmax))
    return publishing.exported(lake, [_table(spark, database, lake, contract, instance) for contract in listed])


def _table(spark: SparkSession, database: Database, lake: Target, contract: Contract, instance: Instance) -> Table:
    read = publishing.begin(contract, instance, lake)
    view = [(str(name), str(kind)) for name, kind in database.ask(columns_of(contract))]
    if said := drift(contract, view):
        return publishing.refused(read, said)
    condition = read.taken.condition()
    expected = dict(zip(("rows", *contract.summed), database.ask(totals_of(contract, condition))[0], strict=True))
    rows = int(expected["rows"])
    if not rows and not read.taken.replaces:
        return publishing.publish(lake, read, {})
    _write(database, lake, read, condition, rows)
    written = spark.read.schema(_schema(contract)).parquet(lake.url(read.folder))
    written.createOrReplaceTempView("written")
    found = _totals(spark, contract)
    read.compare(found, expected)
    broken = rules.broken(contract, rules.rules(contract), "written", lambda sql: spark.sql(sql).collect())
    read.problems += [str(one) for one in broken]
    read.content = Content(rows, {name: str(found[name] or 0) for name in contract.summed}, str(found["digest"]))
    files = {key: size for key, size in lake.sizes(read.folder).items() if "/part-" in key}
    return publishing.publish(lake, read, files)


def _write(database: Database, lake: Target, read: Read, condition: str, rows: int) -> None:
    """Sorted and in few files; whatever an earlier attempt left in the batch's folder goes."""
    contract = read.contract
    differs = next(name for name in contract.key if name != "program_id")
    source = database.read(rows_of(contract, condition), differs, rows)
    typed = source.selectExpr(*(f"cast({c.name} as {c.spark}) as {c.name}" for c in contract.columns))
    files = max(1, math.ceil(rows / ROWS_PER_FILE))
    placed = typed.coalesce(1) if files == 1 else typed.repartitionByRange(files, *contract.sort)
    placed.sortWithinPartitions(*contract.sort).write.mode("overwrite").option("compression", "zstd").parquet(
        lake.url(read.folder)
    )


def _totals(spark: SparkSession, contract: Contract) -> dict[str, Any]:
    """Rows and sums of what was written, and a number that differs when a row does."""
    sums = "".join(f", cast(sum(cast({name} as decimal(38,0))) as string) as {name}" for name in contract.summed)
    names = ", ".join(column.name for column in contract.columns)
    digest = f"cast(coalesce(sum(cast(xxhash64({names}) as decimal(38,0))), 0) as string) as digest"
    found = spark.sql(f"select count(*) as rows{sums}, {digest} from written").collect()[0]
    return dict(found.asDict())


def _schema(contract: Contract) -> str:
    return ", ".join(f"{column.name} {column.spark}" for column in contract.columns)


def session(jar: str | None) -> SparkSession:
    """Glue's session, or a small one here. Times are UTC."""
    builder = (
        SparkSession.builder.appName("lake export")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
        .config("spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs", "false")
    )
    if not IN_GLUE:
        builder = (
            builder.master("local[2]")
            .config("spark.driver.memory", "1g")
            .config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC")
            .config("spark.jars", jar or "")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
        )
    return builder.getOrCreate()


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, required in (("lake", True), ("secret", False), ("certificates", False), ("tables", False)):
        asked.add_argument(f"--{name}", required=required, default=None if required else "")
    for name in ("url", "user", "jar"):
        asked.add_argument(f"--{name}", default="")
    # Glue adds arguments of its own.
    return asked.parse_known_args(list(arguments))[0]


def _connection(given: argparse.Namespace) -> tuple[str, dict[str, str]]:
    """JDBC's address and properties."""
    if not given.secret:
        return given.url, {"user": given.user}
    import boto3  # Glue has it; a laptop has no secrets
    from botocore.config import Config

    patient = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 5, "mode": "standard"})
    secrets = boto3.client("secretsmanager", config=patient)
    told = json.loads(secrets.get_secret_value(SecretId=given.secret)["SecretString"])
    tls = (
        {"sslmode": "verify-full", "sslrootcert": given.certificates} if given.certificates else {"sslmode": "require"}
    )
    return (
        f"jdbc:postgresql://{told['host']}:{told['port']}/{told['dbname']}",
        {"user": told["username"], "password": told["password"], **tls},
    )


def main(arguments: Sequence[str]) -> None:
    """One JSON line. A refused table fails no run: the others are in the lake, and why it is not stands beside them."""
    given = _given(arguments)
    only = set(filter(None, given.tables.split(",")))
    spark = session(given.jar)
    spark.sparkContext.setLogLevel("ERROR")
    with closing(Database(spark, *_connection(given))) as database:
        listed = [contract for contract in contracts() if not only or contract.table in only]
        done = export(spark, database, target(given.lake), listed)
    sys.stdout.write(json.dumps([table.__dict__ for table in done.tables], default=list) + "\n")
    spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
