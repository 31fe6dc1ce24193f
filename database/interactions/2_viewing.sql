-- What members look at.

-- Internal: the key under which a member looks now. A key is good for 90 days, and then another begins: so what is too old
-- to be kept is nobody's in the lake either (interactions.remove_old).
create or replace function interactions.key_now(program_id integer, member_id bigint) returns uuid
language plpgsql set search_path = pg_catalog as $$
declare
    key uuid;
begin
    select w.viewer_key into key from interactions.viewer as w
    where w.program_id = key_now.program_id and w.member_id = key_now.member_id and w.ended_at is null
      and w.since > clock.now() - interval '90 days'
    order by w.since desc limit 1;
    if not found then
        key := encode(substring(sha256(uuid_send(clock.new_id()) || uuid_send(clock.new_id())) from 1 for 16), 'hex')::uuid;
        insert into interactions.viewer(program_id, viewer_key, member_id, since)
        values (key_now.program_id, key, key_now.member_id, clock.now());
    end if;
    return key;
end
$$;

-- Note that products' pages were open: [{"key", "asin", "from"}], all of them one insert. What was sent before is there
-- already; what the programme does not have is not noted, nor what is more than `most_a_day`. `wanted` false: the member wants
-- none of it, and none is looked at.
create or replace function interactions.record(program_id integer, member_id bigint, views jsonb, most_a_day integer)
returns table (wanted boolean, recorded integer, unknown integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_key uuid;
begin
    -- Shared with others that record, not with a choice that is being made.
    perform pg_advisory_xact_lock_shared(hashtextextended(record.program_id || ' ' || record.member_id, 959001));
    if not coalesce((select p.wanted from interactions.personalisation(record.program_id, record.member_id) as p), false) then
        return query select false, 0, 0;
        return;
    end if;
    v_key := interactions.key_now(record.program_id, record.member_id);
    return query
    with given as materialized (
        select g.*, p.asin is not null as known
        from rows from (jsonb_to_recordset(record.views) as (key uuid, asin text, "from" text))
            with ordinality as g(key, asin, "from", place)
        left join catalogue.product as p on p.program_id = record.program_id and p.asin = g.asin
    ), added as (
        insert into interactions.catalogue_view(program_id, event_key, viewer_key, asin, came_from, seen_at)
        select record.program_id, g.key, v_key, g.asin, g."from", clock.now() from given as g
        where g.known order by g.place
        limit greatest(0, record.most_a_day - (
            select count(*) from interactions.catalogue_view as v
            where v.program_id = record.program_id and v.viewer_key = v_key
              and v.seen_at > clock.now() - interval '1 day'))
        on conflict do nothing returning 1
    )
    select true, (select count(*) from added)::integer, (select count(*) from given as g where not g.known)::integer;
end
$$;

-- Internal (the retention calls it): views of before `before`, and keys whose last view must be as old; and what waited for a
-- legal hold to be lifted. Up to so many of each, of nobody on whom one stands. How many.
create or replace function interactions.remove_old(before timestamptz, most integer) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    how_many bigint;
    keys bigint;
begin
    delete from interactions.catalogue_view as v where v.ctid = any (array(
        select o.ctid from interactions.catalogue_view as o
        where o.seen_at < remove_old.before
          and not exists (select from interactions.viewer as w
                          join members.all_held() as h on h.program_id = w.program_id and h.member_id = w.member_id
                          where w.program_id = o.program_id and w.viewer_key = o.viewer_key)
        limit remove_old.most for update skip locked));
    get diagnostics how_many = row_count;
    with ended as materialized (
        select w.program_id, w.viewer_key from interactions.viewer as w
        where (w.since < remove_old.before - interval '91 days' or w.ended_at is not null)
          and not exists (select from members.all_held() as h
                          where h.program_id = w.program_id and h.member_id = w.member_id)
        limit remove_old.most for update skip locked
    ), gone as (
        delete from interactions.catalogue_view as v using ended as e
        where v.program_id = e.program_id and v.viewer_key = e.viewer_key
    ), removed as (
        delete from interactions.viewer as w using ended as e
        where w.program_id = e.program_id and w.viewer_key = e.viewer_key
        returning 1
    )
    select count(*) into keys from removed;
    return greatest(how_many, keys);
end
$$;
