"""What Amazon Personalize is told, as Redshift unloads it: CSV by its schemas' columns, and the questions of a batch.

Of one programme, and only of members who want personal choices; a member is the random key that the lake has for them.
Times are seconds since 1970, UTC. Products are by their number, prices in minor units.
"""

# Statements are put together from numbers, from checked names and from each other.
# ruff: noqa: S608

from __future__ import annotations

import re

RUN = re.compile(r"[A-Za-z0-9_-]{1,100}")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]{36}")
# Who wants personal choices.
CONSENTS = "SELECT program_id, member_key FROM loyalty.dim_personalised"
# What a member did counts as what Personalize learns from: how it is called there, too, as it happens.
REDEEMED, LOOKED, WISHED = "redeemed", "looked", "wished"
# A batch of questions a file: as small as Redshift makes them, because each is read whole by a function.
MOST_MB = 5


def folder(run: str) -> str:
    """Where a run's files are, below the lake's bucket. Raises ValueError for what is no name of a run."""
    if not RUN.fullmatch(run):
        raise ValueError(f"{run!r} is no name of a run")
    return f"insight/run={run}/personalize/"


def selects(program_id: int) -> dict[str, str]:
    """What each folder of the files holds, by its name; the last two are asked in batches."""
    wanting = f"wanting AS (SELECT member_key FROM ({CONSENTS}) AS consents WHERE program_id = {int(program_id)})"
    did = f"did AS ({_did(int(program_id))})"
    mine = (
        f"WITH {wanting}, {did}, mine AS (SELECT did.member_key, did.asin, did.happened_at, did.kind, did.units"
        " FROM did JOIN wanting ON wanting.member_key = did.member_key)"
    )
    return {
        "interactions": f'{mine} SELECT member_key AS "USER_ID", asin AS "ITEM_ID",'
        f' {_seconds("happened_at")} AS "TIMESTAMP", kind AS "EVENT_TYPE", units AS "EVENT_VALUE" FROM mine',
        "items": 'SELECT asin AS "ITEM_ID", category AS "CATEGORY", brand AS "BRAND", price_minor AS "PRICE",'
        f' {_seconds("COALESCE(first_seen_at, checked_at)")} AS "CREATION_TIMESTAMP",'
        " CASE WHEN available THEN 'true' ELSE 'false' END AS \"IN_STOCK\""
        f" FROM loyalty.dim_product WHERE program_id = {int(program_id)}"
        " AND COALESCE(first_seen_at, checked_at) IS NOT NULL",
        "users": f'WITH {wanting} SELECT m.member_key AS "USER_ID", m.tier AS "TIER", m.country AS "COUNTRY"'
        " FROM loyalty.dim_member AS m JOIN wanting ON wanting.member_key = m.member_key"
        f" WHERE m.program_id = {int(program_id)} AND m.is_current",
        "withdrawn": f'WITH {wanting}, {did} SELECT known.member_key AS "USER_ID" FROM'
        f" (SELECT member_key FROM loyalty.dim_member WHERE program_id = {int(program_id)}"
        " UNION SELECT member_key FROM did) AS known"
        " LEFT JOIN wanting ON wanting.member_key = known.member_key WHERE wanting.member_key IS NULL",
        "members": f'{mine} SELECT DISTINCT member_key AS "userId" FROM mine',
        "products": f'{mine} SELECT DISTINCT asin AS "itemId" FROM mine',
    }


def counts(program_id: int) -> str:
    """One row: interactions, users with two or more, members who want no personal choices (any more)."""
    given = selects(program_id)
    return (
        f"WITH told AS ({given['interactions']}),"
        ' unique_ones AS (SELECT DISTINCT "USER_ID", "ITEM_ID", "TIMESTAMP" FROM told),'
        ' several AS (SELECT "USER_ID" FROM told GROUP BY "USER_ID" HAVING COUNT(*) > 1)'
        " SELECT (SELECT COUNT(*) FROM unique_ones) AS interactions,"
        " (SELECT COUNT(*) FROM several) AS users,"
        f" (SELECT COUNT(*) FROM ({given['withdrawn']}) AS gone) AS withdrawn"
    )


def unload(program_id: int, run: str, bucket: str, key: str) -> list[str]:
    """All of it, of one transaction; the last statement answers `counts`. Raises ValueError for a bad name."""
    if not _BUCKET.fullmatch(bucket) or not _KEY.fullmatch(key):
        raise ValueError(f"{bucket!r} or {key!r} is no name of a bucket and ARN of a key")
    made = [
        # Personalize wants its columns' names as its schemas write them.
        "SET enable_case_sensitive_identifier TO true",
    ]
    for name, select in selects(program_id).items():
        asked = name in ("members", "products")
        form = (
            f"FORMAT JSON EXTENSION 'json' MAXFILESIZE {MOST_MB} MB" if asked else "FORMAT CSV HEADER EXTENSION 'csv'"
        )
        quoted = select.replace("'", "''")
        made.append(
            f"UNLOAD ('{quoted}') TO 's3://{bucket}/{folder(run)}in/{name}/' IAM_ROLE default"
            f" {form} KMS_KEY_ID '{key.rpartition('/')[2]}' ENCRYPTED ALLOWOVERWRITE"
        )
    return [*made, counts(program_id)]


def _seconds(moment: str) -> str:
    return f"DATEDIFF(second, TIMESTAMP '1970-01-01 00:00:00', {moment})"


def _did(program_id: int) -> str:
    """What members did with products."""
    return (
        f"SELECT member_key, asin, redeemed_at AS happened_at, '{REDEEMED}' AS kind,"
        " units_accepted - units_returned AS units"
        " FROM loyalty.fact_redemption_line"
        f" WHERE program_id = {program_id} AND member_key IS NOT NULL AND units_accepted > units_returned"
        f" UNION ALL SELECT w.member_key, v.asin, v.seen_at, '{LOOKED}', 1 FROM loyalty.fact_catalogue_view AS v"
        " JOIN loyalty.dim_viewer AS w ON w.program_id = v.program_id AND w.viewer_key = v.viewer_key"
        f" WHERE v.program_id = {program_id}"
        f" UNION ALL SELECT member_key, asin, added_at, '{WISHED}', 1 FROM loyalty.fact_wish"
        f" WHERE program_id = {program_id} AND added_at IS NOT NULL"
    )
