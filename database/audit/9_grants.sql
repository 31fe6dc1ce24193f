-- Who may do what.
grant usage on schema audit to manager_api, catalogue_desk, auditor;
grant execute on function
    audit.begin(integer, text, text[], text, text[], jsonb, text),
    audit.finish(integer, uuid, integer, text, text),
    audit.page(integer, text, text, text, boolean, timestamptz, timestamptz, uuid, integer)
to manager_api;
grant execute on function
    audit.begin(integer, text, text[], text, text[], jsonb, text),
    audit.finish(integer, uuid, integer, text, text)
to catalogue_desk;
grant select on all tables in schema audit to auditor;
