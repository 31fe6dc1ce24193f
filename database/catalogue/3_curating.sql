-- What staff say about single products: said in changes that are made whole, and taken back whole.

-- Make a change. `wanted` [{asin, standing?, featured?, category?, texts?}]: what is not named stays as it is. Products that
-- are not known, and those that are so already, are left out; `changed` of them are not. `change_id` null: nothing was to do.
-- Of `texts` only the languages named change; null takes one away.
create or replace function catalogue.curate(program_id integer, wanted jsonb, kind text, why text, actor text)
returns table (change_id bigint, changed integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_change bigint;
    v_changed jsonb;
begin
    -- One after the other, or two would get one number.
    perform pg_advisory_xact_lock(curate.program_id, 84000);
    select jsonb_agg(jsonb_build_object('asin', said.asin, 'before', said.before, 'after', said.before || said.wish))
    into v_changed
    from (
        select p.asin,
               w.value - 'asin' || case when w.value ? 'texts' then jsonb_build_object(
                   'texts', jsonb_strip_nulls(coalesce(k.texts, '{}') || (w.value -> 'texts'))) else '{}' end as wish,
               jsonb_build_object('standing', k.standing, 'featured', k.featured, 'category', k.category,
                                  'texts', coalesce(k.texts, '{}')) as before
        from jsonb_array_elements(curate.wanted) as w
        join catalogue.product as p on p.program_id = curate.program_id and p.asin = w.value ->> 'asin'
        left join catalogue.curated as k on k.program_id = curate.program_id and k.asin = p.asin
    ) as said
    where said.before || said.wish <> said.before;
    if v_changed is null then return query select null::bigint, 0; return; end if;
    select coalesce(max(c.change_id), 0) + 1 into v_change from catalogue.change as c
    where c.program_id = curate.program_id;
    insert into catalogue.change (program_id, change_id, kind, why, actor, made_at, products)
    values (curate.program_id, v_change, curate.kind, curate.why, curate.actor, clock.now(),
            jsonb_array_length(v_changed));
    insert into catalogue.changed (program_id, change_id, asin, before, after)
    select curate.program_id, v_change, c.value ->> 'asin', c.value -> 'before', c.value -> 'after'
    from jsonb_array_elements(v_changed) as c;
    perform catalogue.take_over(curate.program_id, v_change);
    return query select v_change, jsonb_array_length(v_changed);
end
$$;

-- Internal: what a change left of each product is what is said of it now.
create or replace function catalogue.take_over(program_id integer, change_id bigint) returns void
language sql set search_path = pg_catalog as $$
    delete from catalogue.curated as k
    using catalogue.changed as c
    where c.program_id = take_over.program_id and c.change_id = take_over.change_id
      and k.program_id = c.program_id and k.asin = c.asin
      and c.after = '{"standing": null, "featured": null, "category": null, "texts": {}}';
    insert into catalogue.curated as k (program_id, asin, standing, featured, category, texts, change_id)
    select c.program_id, c.asin, c.after ->> 'standing', (c.after ->> 'featured')::integer, c.after ->> 'category',
           c.after -> 'texts', c.change_id
    from catalogue.changed as c
    where c.program_id = take_over.program_id and c.change_id = take_over.change_id
      and c.after <> '{"standing": null, "featured": null, "category": null, "texts": {}}'
    on conflict on constraint curated_pkey do update
    set standing = excluded.standing, featured = excluded.featured, category = excluded.category,
        texts = excluded.texts, change_id = excluded.change_id, row_xid = pg_current_xact_id()
$$;

-- Take a change back, whole: ok with the change that does it; unknown; undone (already); changed-since (one of its
-- products is not as it left it any more, then nothing happens).
create or replace function catalogue.undo(program_id integer, change_id bigint, why text, actor text)
returns table (outcome text, undo_id bigint, products integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_change bigint;
    v_products integer;
begin
    perform pg_advisory_xact_lock(undo.program_id, 84000);
    select c.products into v_products from catalogue.change as c
    where c.program_id = undo.program_id and c.change_id = undo.change_id;
    if not found then return query select 'unknown', null::bigint, 0; return; end if;
    if exists (select from catalogue.change as c
               where c.program_id = undo.program_id and c.undoes = undo.change_id) then
        return query select 'undone', null::bigint, 0; return;
    end if;
    if exists (
        select from catalogue.changed as c
        left join catalogue.curated as k on k.program_id = c.program_id and k.asin = c.asin
        where c.program_id = undo.program_id and c.change_id = undo.change_id
          and jsonb_build_object('standing', k.standing, 'featured', k.featured, 'category', k.category,
                                 'texts', coalesce(k.texts, '{}')) <> c.after
    ) then
        return query select 'changed-since', null::bigint, 0; return;
    end if;
    select max(c.change_id) + 1 into v_change from catalogue.change as c where c.program_id = undo.program_id;
    insert into catalogue.change (program_id, change_id, kind, why, actor, made_at, products, undoes)
    values (undo.program_id, v_change, 'undo', undo.why, undo.actor, clock.now(), v_products, undo.change_id);
    insert into catalogue.changed (program_id, change_id, asin, before, after)
    select c.program_id, v_change, c.asin, c.after, c.before
    from catalogue.changed as c where c.program_id = undo.program_id and c.change_id = undo.change_id;
    perform catalogue.take_over(undo.program_id, v_change);
    return query select 'ok', v_change, v_products;
end
$$;

-- The changes, newest first; of one product only, if it is named.
create or replace function catalogue.changes(program_id integer, of_asin text, before_id bigint, most integer)
returns table (change_id bigint, kind text, why text, actor text, made_at timestamptz, products integer,
               undoes bigint, undone_by bigint, asins text[])
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.change_id, c.kind, c.why, c.actor, c.made_at, c.products, c.undoes,
           (select u.change_id from catalogue.change as u where u.program_id = c.program_id and u.undoes = c.change_id),
           array(select x.asin from catalogue.changed as x
                 where x.program_id = c.program_id and x.change_id = c.change_id order by x.asin limit 5)
    from catalogue.change as c
    where c.program_id = changes.program_id
      and (changes.before_id is null or c.change_id < changes.before_id)
      and (changes.of_asin is null or exists (
           select from catalogue.changed as x
           where x.program_id = c.program_id and x.change_id = c.change_id and x.asin = changes.of_asin))
    order by c.change_id desc
    limit changes.most;
end;

-- The featured in their order, and the last change that any product had: who reorders says which order they saw.
create or replace function catalogue.featured(program_id integer) returns table (asins text[], revision bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select array(select k.asin from catalogue.curated as k
                 where k.program_id = featured.program_id and k.featured is not null order by k.featured, k.asin),
           (select coalesce(max(k.change_id), 0) from catalogue.changed as k
            where k.program_id = featured.program_id and k.before -> 'featured' <> k.after -> 'featured');
end;

-- The featured are these, in this order. stale: somebody ordered them after `seen`; unknown: not all are products of ours.
create or replace function catalogue.feature(
    program_id integer, asins text[], seen bigint, why text, actor text
) returns table (outcome text, revision bigint)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_now record;
    v_wanted jsonb;
begin
    perform pg_advisory_xact_lock(feature.program_id, 84000);
    select f.asins, f.revision into v_now from catalogue.featured(feature.program_id) as f;
    if feature.seen is not null and feature.seen <> v_now.revision then
        return query select 'stale', v_now.revision; return;
    end if;
    if exists (select from unnest(feature.asins) as a(asin) where not exists (
               select from catalogue.product as p where p.program_id = feature.program_id and p.asin = a.asin)) then
        return query select 'unknown', v_now.revision; return;
    end if;
    select coalesce(jsonb_agg(jsonb_build_object('asin', one.asin, 'featured', one.place)), '[]') into v_wanted
    from (select a.asin, a.place from unnest(feature.asins) with ordinality as a(asin, place)
          union all
          select gone, null from unnest(v_now.asins) as gone where gone <> all (feature.asins)) as one;
    perform catalogue.curate(feature.program_id, v_wanted, 'feature', feature.why, feature.actor);
    return query select 'ok', f.revision from catalogue.featured(feature.program_id) as f;
end
$$;

-- A product that a person found at Amazon: known from now on, and picked. Filed under the category named, if any.
create or replace function catalogue.adopt(program_id integer, asins text[], category text, actor text)
returns table (change_id bigint, changed integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    insert into catalogue.product as p (program_id, asin, first_seen_at)
    select adopt.program_id, a.asin, clock.now() from unnest(adopt.asins) as a(asin)
    on conflict on constraint product_pkey do nothing;
    return query
        select c.change_id, c.changed from catalogue.curate(
            adopt.program_id,
            (select jsonb_agg(jsonb_build_object('asin', a.asin, 'standing', 'picked')
                              || case when adopt.category is null then '{}'::jsonb
                                      else jsonb_build_object('category', adopt.category) end)
             from unnest(adopt.asins) as a(asin)),
            'add', null, adopt.actor) as c;
end
$$;

-- Which of these have kinds that Amazon was not asked about yet.
create or replace function catalogue.unchecked_kinds(program_id integer, parent text, most integer)
returns table (asin text) language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.asin from catalogue.product as p
    where p.program_id = unchecked_kinds.program_id and p.parent_asin = unchecked_kinds.parent and p.checked_at is null
    order by p.asin limit unchecked_kinds.most;
end;

-- ---- files of changes -----------------------------------------------------------------------------------------------

create or replace function catalogue.open_import(
    program_id integer, import_id uuid, file_name text, bytes bigint, actor text
) returns void language sql security definer set search_path = pg_catalog
begin atomic
    insert into catalogue.import (program_id, import_id, file_name, bytes, asked_by, asked_at)
    values (open_import.program_id, open_import.import_id, open_import.file_name, open_import.bytes, open_import.actor,
            clock.now())
    on conflict do nothing;
end;

-- The file was looked at. False: nobody waits for it (any more).
create or replace function catalogue.checked_import(
    program_id integer, import_id uuid, lines integer, mistakes jsonb, mistakes_in_all integer, changes jsonb
) returns boolean language sql security definer set search_path = pg_catalog
begin atomic
    with done as (
        update catalogue.import as i
        set state = case when checked_import.mistakes_in_all > 0 then 'refused' else 'good' end,
            checked_at = clock.now(), lines = checked_import.lines, mistakes = checked_import.mistakes,
            mistakes_in_all = checked_import.mistakes_in_all, row_xid = pg_current_xact_id(),
            changes = case when checked_import.mistakes_in_all > 0 then '[]' else checked_import.changes end
        where i.program_id = checked_import.program_id and i.import_id = checked_import.import_id
          and i.state = 'waiting'
        returning 1
    )
    select exists (select from done);
end;

-- Which of these products are known.
create or replace function catalogue.known(program_id integer, asins text[]) returns text[]
language sql stable security definer set search_path = pg_catalog
begin atomic
    select array(select p.asin from catalogue.product as p
                 where p.program_id = known.program_id and p.asin = any (known.asins));
end;

-- A file and, while it is good, how many products it would change and how.
create or replace function catalogue.import_of(program_id integer, import_id uuid)
returns table (import_id uuid, file_name text, bytes bigint, state text, asked_by text, asked_at timestamptz,
               checked_at timestamptz, lines integer, mistakes jsonb, mistakes_in_all integer, change_id bigint,
               would_change integer, would_pick integer, would_hide integer)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select i.import_id, i.file_name, i.bytes, i.state, i.asked_by, i.asked_at, i.checked_at, i.lines, i.mistakes,
           i.mistakes_in_all, i.change_id, wish.changes::integer, wish.picks::integer, wish.hides::integer
    from catalogue.import as i
    cross join lateral (
        select count(*) filter (where one.before || one.wish <> one.before) as changes,
               count(*) filter (where one.wish ->> 'standing' = 'picked'
                                  and one.before ->> 'standing' is distinct from 'picked') as picks,
               count(*) filter (where one.wish ->> 'standing' = 'hidden'
                                  and one.before ->> 'standing' is distinct from 'hidden') as hides
        from (
            select w.value - 'asin' || case when w.value ? 'texts' then jsonb_build_object(
                       'texts', jsonb_strip_nulls(coalesce(k.texts, '{}') || (w.value -> 'texts'))) else '{}' end as wish,
                   jsonb_build_object('standing', k.standing, 'featured', k.featured, 'category', k.category,
                                      'texts', coalesce(k.texts, '{}')) as before
            from jsonb_array_elements(i.changes) as w
            left join catalogue.curated as k on k.program_id = i.program_id and k.asin = w.value ->> 'asin'
        ) as one
    ) as wish
    where i.program_id = import_of.program_id and i.import_id = import_of.import_id;
end;

-- Take a good file over, whole: ok; unknown; not-good. A second time changes nothing and answers the same.
create or replace function catalogue.apply_import(program_id integer, import_id uuid, actor text)
returns table (outcome text, change_id bigint, changed integer)
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_import catalogue.import;
    v_done record;
begin
    select i.* into v_import from catalogue.import as i
    where i.program_id = apply_import.program_id and i.import_id = apply_import.import_id for no key update;
    if not found then return query select 'unknown', null::bigint, 0; return; end if;
    if v_import.state = 'applied' then
        return query select 'ok', v_import.change_id,
            coalesce((select c.products from catalogue.change as c
                      where c.program_id = v_import.program_id and c.change_id = v_import.change_id), 0);
        return;
    end if;
    if v_import.state <> 'good' then return query select 'not-good', null::bigint, 0; return; end if;
    select c.change_id, c.changed into v_done from catalogue.curate(
        apply_import.program_id, v_import.changes, 'import', v_import.file_name, apply_import.actor) as c;
    update catalogue.import as i
    set state = 'applied', change_id = v_done.change_id, changes = '[]', row_xid = pg_current_xact_id()
    where i.program_id = v_import.program_id and i.import_id = v_import.import_id;
    return query select 'ok', v_done.change_id, v_done.changed;
end
$$;
