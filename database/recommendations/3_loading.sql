-- What a night worked out replaces what the last one did.

drop function if exists recommendations.replace_products(integer, jsonb[], jsonb[], timestamptz);

-- Internal: what is liked together and what is wanted more than usual, of one programme, goes; a night's takes its place in
-- the same transaction.
create or replace function recommendations.clear_products(program_id integer) returns void
language sql set search_path = pg_catalog as $$
    delete from recommendations.similar as old where old.program_id = clear_products.program_id;
    delete from recommendations.trending as old where old.program_id = clear_products.program_id;
$$;

-- Internal: a part of what is liked together: [{"asin", "others", "scores"}]. Of a product that is told twice one counts.
create or replace function recommendations.add_similar(program_id integer, rows jsonb, scored_at timestamptz) returns void
language sql set search_path = pg_catalog as $$
    insert into recommendations.similar (program_id, asin, others, scores, scored_at)
    select add_similar.program_id, n.asin, n.others, n.scores, add_similar.scored_at
    from jsonb_to_recordset(add_similar.rows) as n(asin text, others text[], scores real[])
    on conflict do nothing
$$;

-- Internal: a part of what is wanted more than usual: [{"asin", "place", "score"}]; the same.
create or replace function recommendations.add_trending(program_id integer, rows jsonb, scored_at timestamptz) returns void
language sql set search_path = pg_catalog as $$
    insert into recommendations.trending (program_id, asin, place, score, scored_at)
    select add_trending.program_id, n.asin, n.place, n.score, add_trending.scored_at
    from jsonb_to_recordset(add_trending.rows) as n(asin text, place integer, score real)
    order by n.place
    on conflict do nothing
$$;

-- Internal: members' lists, each whole: [{"member_id", "asins", "scores", "because"}]. Not of whoever wants no choices of
-- their own, and not in place of a later night's. How many were kept.
create or replace function recommendations.keep_lists(program_id integer, lists jsonb, scored_at timestamptz) returns integer
language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_kept integer;
begin
    -- A choice that is being made comes before or after all of this, never in between (interactions.hold_still).
    perform pg_advisory_xact_lock_shared(hashtextextended(keep_lists.program_id || ' ' || n.member_id, 959001))
    from (select distinct x.member_id from jsonb_to_recordset(keep_lists.lists) as x(member_id bigint) order by 1) as n;
    with given as materialized (
        select distinct on (x.member_id) x.* from jsonb_to_recordset(keep_lists.lists)
            as x(member_id bigint, asins text[], scores real[], because text[])
        order by x.member_id
    ), kept as (
        insert into recommendations.scored as old (program_id, member_id, asins, scores, because, scored_at)
        select keep_lists.program_id, g.member_id, g.asins, g.scores, g.because, keep_lists.scored_at
        from given as g
        cross join lateral interactions.personalisation(keep_lists.program_id, g.member_id) as choice
        where choice.wanted
        on conflict on constraint scored_pkey do update
        set asins = excluded.asins, scores = excluded.scores, because = excluded.because,
            scored_at = excluded.scored_at, row_xid = pg_current_xact_id()
        where old.scored_at <= excluded.scored_at
        returning 1
    )
    select count(*) into v_kept from kept;
    return v_kept;
end
$$;

-- Internal: lists of before `since`, at most so many: nobody worked them out again. How many.
create or replace function recommendations.drop_lists(program_id integer, since timestamptz, most integer) returns integer
language plpgsql set search_path = pg_catalog as $$
declare
    v_dropped integer;
begin
    delete from recommendations.scored as old where old.ctid = any (array(
        select s.ctid from recommendations.scored as s
        where s.program_id = drop_lists.program_id and s.scored_at < drop_lists.since
        limit drop_lists.most for update skip locked));
    get diagnostics v_dropped = row_count;
    return v_dropped;
end
$$;
