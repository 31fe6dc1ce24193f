-- What staff do about a product that will be short: one press does it, one takes it back.

-- Internal: whether it is in force still: of what the catalogue keeps, staff may have said otherwise by hand.
create or replace function demand.stands(action demand.action) returns boolean
language sql stable set search_path = pg_catalog
begin atomic
    select action.undone_at is null and case action.kind
        when 'hide' then exists (
            select from catalogue.curated as k
            where k.program_id = action.program_id and k.asin = action.asin and k.standing = 'hidden')
        when 'feature' then exists (
            select from catalogue.curated as k
            where k.program_id = action.program_id and k.asin = action.details ->> 'asin' and k.featured is not null)
        else true end;
end;

-- Do it. outcome: ok with the action; unknown (no such product); there (one of this kind stands); already (it is so without
-- it); full (no more can be featured); unfit (what is named cannot be offered: `unfit`); parent (members redeem its kinds, and a
-- cap would hold for none of them). The details were looked at by
-- loyalty/demand/actions.py.
create or replace function demand.act(program_id integer, asin text, kind text, details jsonb, actor text)
returns table (outcome text, action_id bigint, unfit text[])
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_action bigint;
    v_change bigint;
    v_featured record;
    v_others text[] := '{}';
begin
    -- One after the other, or two would get one number.
    perform pg_advisory_xact_lock(act.program_id, 84100);
    if act.kind = 'substitute' then
        v_others := array(select jsonb_array_elements_text(act.details -> 'asins'));
    elsif act.kind = 'feature' then
        v_others := array[act.details ->> 'asin'];
    end if;
    if cardinality(catalogue.known(act.program_id, array[act.asin])) = 0 then
        return query select 'unknown', null::bigint, null::text[]; return;
    end if;
    if act.kind = 'cap' and exists (
        select from catalogue.product as p
        where p.program_id = act.program_id and p.asin = act.asin and p.kind = 'VARIATION_PARENT') then
        return query select 'parent', null::bigint, null::text[]; return;
    end if;
    -- What was taken back in the catalogue, by whoever did that.
    update demand.action as a
    set undone_at = clock.now(), row_xid = pg_current_xact_id(), undone_by = (
        select c.actor from catalogue.changed as x
        join catalogue.change as c on c.program_id = x.program_id and c.change_id = x.change_id
        where x.program_id = a.program_id and x.asin = coalesce(a.details ->> 'asin', a.asin)
        order by x.change_id desc limit 1)
    where a.program_id = act.program_id and a.asin = act.asin and a.kind = act.kind and a.undone_at is null
      and not demand.stands(a);
    if exists (select from demand.action as a where a.program_id = act.program_id and a.asin = act.asin
                 and a.kind = act.kind and a.undone_at is null) then
        return query select 'there', null::bigint, null::text[]; return;
    end if;
    v_others := catalogue.no_substitutes(
        act.program_id, case act.kind when 'substitute' then act.asin else '' end, v_others);
    if cardinality(v_others) > 0 then
        return query select 'unfit', null::bigint, v_others; return;
    end if;
    case act.kind
        when 'substitute' then
            perform catalogue.offer_instead(
                act.program_id, act.asin, array(select jsonb_array_elements_text(act.details -> 'asins')));
        when 'cap' then
            perform catalogue.limit_to(
                act.program_id, act.asin, (act.details ->> 'units')::integer, (act.details ->> 'days')::integer);
        when 'hide' then
            select c.change_id into v_change from catalogue.curate(
                act.program_id, jsonb_build_array(jsonb_build_object('asin', act.asin, 'standing', 'hidden')), 'hide',
                null, act.actor) as c;
        else
            select f.asins into v_featured from catalogue.featured(act.program_id) as f;
            if cardinality(v_featured.asins) >= 200 then
                return query select 'full', null::bigint, null::text[]; return;
            end if;
            if act.details ->> 'asin' <> all (v_featured.asins) then
                perform catalogue.feature(
                    act.program_id, v_featured.asins || (act.details ->> 'asin'), null, null, act.actor);
                select max(c.change_id) into v_change from catalogue.change as c where c.program_id = act.program_id;
            end if;
    end case;
    if act.kind in ('hide', 'feature') and v_change is null then
        return query select 'already', null::bigint, null::text[]; return;
    end if;
    select coalesce(max(a.action_id), 0) + 1 into v_action from demand.action as a
    where a.program_id = act.program_id;
    insert into demand.action (program_id, action_id, asin, kind, details, actor, done_at, change_id)
    values (act.program_id, v_action, act.asin, act.kind, act.details, act.actor, clock.now(), v_change);
    return query select 'ok', v_action, null::text[];
end
$$;

-- Take it back: ok; unknown; undone (already). What somebody has changed by hand since stays as they left it.
create or replace function demand.undo(program_id integer, action_id bigint, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_action demand.action;
begin
    perform pg_advisory_xact_lock(undo.program_id, 84100);
    select a.* into v_action from demand.action as a
    where a.program_id = undo.program_id and a.action_id = undo.action_id;
    if not found then return 'unknown'; end if;
    if v_action.undone_at is not null then return 'undone'; end if;
    case v_action.kind
        when 'substitute' then perform catalogue.offer_instead(v_action.program_id, v_action.asin, '{}');
        when 'cap' then perform catalogue.limit_to(v_action.program_id, v_action.asin, null, null);
        else perform demand.take_back_change(v_action, undo.actor);
    end case;
    update demand.action as a
    set undone_at = clock.now(), undone_by = undo.actor, row_xid = pg_current_xact_id()
    where a.program_id = undo.program_id and a.action_id = undo.action_id;
    return 'ok';
end
$$;

-- Internal: the catalogue's change is taken back whole; if more was said of the product since, only this of it, and only
-- where it still is so; a featured product that only moved, since others came or went, is one still.
create or replace function demand.take_back_change(action demand.action, actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    v_field text := case action.kind when 'hide' then 'standing' else 'featured' end;
begin
    if (select u.outcome from catalogue.undo(action.program_id, action.change_id, null, actor) as u)
       is distinct from 'changed-since' then
        return;
    end if;
    perform catalogue.curate(
        action.program_id, jsonb_build_array(jsonb_build_object('asin', c.asin, v_field, c.before -> v_field)),
        case action.kind when 'hide' then 'release' else 'feature' end, null, actor)
    from catalogue.changed as c
    join catalogue.curated as k on k.program_id = c.program_id and k.asin = c.asin
    where c.program_id = action.program_id and c.change_id = action.change_id
      and case action.kind when 'hide' then k.standing = 'hidden'
                           else c.asin = action.details ->> 'asin' and k.featured is not null end;
end
$$;

-- Those that stand, newest first; of one product only, if it is named.
create or replace function demand.standing(program_id integer, of_asin text)
returns table (action_id bigint, asin text, kind text, details jsonb, actor text, done_at timestamptz,
               undone_at timestamptz, undone_by text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select a.action_id, a.asin, a.kind, a.details, a.actor, a.done_at, a.undone_at, a.undone_by
    from demand.action as a
    where a.program_id = standing.program_id and a.undone_at is null and demand.stands(a)
      and (standing.of_asin is null or a.asin = standing.of_asin)
    order by a.action_id desc;
end;

-- All of them, newest first.
create or replace function demand.actions(program_id integer, of_asin text, before_id bigint, most integer)
returns table (action_id bigint, asin text, kind text, details jsonb, actor text, done_at timestamptz,
               undone_at timestamptz, undone_by text)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select a.action_id, a.asin, a.kind, a.details, a.actor, a.done_at, a.undone_at, a.undone_by
    from demand.action as a
    where a.program_id = actions.program_id
      and (actions.of_asin is null or a.asin = actions.of_asin)
      and (actions.before_id is null or a.action_id < actions.before_id)
    order by a.action_id desc limit actions.most;
end;
