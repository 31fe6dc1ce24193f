-- Who may do what. Purchases reach the ledger by way of this room: whoever passes it by would not be counted.
grant usage on schema tiers to partner_api, importer, sweeper, member_api, manager_api, auditor;

revoke execute on function points.accrue_purchase(
    int, bigint, uuid, bigint, date, timestamptz, text, text, text, bigint, bytea, text, timestamptz, jsonb
), points.reverse_purchase(int, uuid, text, text, text, bigint, text, bytea, text) from partner_api;
revoke execute on function points.accrue_purchases(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[], timestamptz[],
    int[], text[], bigint[]
) from importer;

grant execute on function
    tiers.accrue_purchase(
        int, bigint, uuid, bigint, date, timestamptz, text, text, text, bigint, bytea, text, timestamptz, jsonb, bigint,
        bigint),
    tiers.reverse_purchase(int, uuid, text, text, text, bigint, text, bytea, text)
to partner_api;
grant execute on function tiers.accrue_purchases(
    int, text, text, bigint, text, bigint[], uuid[], bigint[], date[], timestamptz[], text[], bytea[], timestamptz[],
    int[], text[], bigint[], bigint[], bigint[]
) to importer;
grant execute on function tiers.settle_due(int), tiers.walk(int) to sweeper;
grant execute on function tiers.of_member(int, bigint) to member_api, manager_api;
grant execute on function
    tiers.grant_level(int, uuid, bigint, text, date, text, bytea, text),
    tiers.withdraw_grant(int, bigint, uuid, text),
    tiers.periods(int, bigint, int),
    tiers.changes(int, bigint, int),
    tiers.grants(int, bigint),
    tiers.distribution(int),
    tiers.nearest(int, int)
to manager_api;

grant execute on function tiers.check_invariants() to auditor;
grant select on all tables in schema tiers to auditor;
grant select on tiers.invariants to auditor;
