-- A member is found by whatever they say on the telephone. Every way in has an index; what is found is told with how.

-- Internal: everything that begins so, as the indexes with text_pattern_ops order it.
create or replace function support.behind(prefix text) returns text language sql immutable
return prefix || chr(1114111);

-- Internal: of each of these what staff need to tell them apart, and how they were found.
create or replace function support.told(
    program_id integer, found bigint[], way text, about_order uuid, most integer
) returns table (
    member_number text, full_name text, email text, phone text, country text, tier text, state text, merged_into text,
    found_by text, redemption_id uuid
) language sql stable set search_path = pg_catalog as $$
    select m.number, (
               select a.full_name from members.address as a
               where a.program_id = m.program_id and a.member_id = m.member_id
               order by a.address_id = m.default_address_id desc, a.removed_at nulls first, a.address_id desc limit 1),
           m.email, m.phone, m.country, m.tier,
           case when m.merged_into is not null then 'merged' when m.state = 'closed' and m.email = '' then 'erased'
                when m.state <> 'active' then m.state when m.frozen_at is not null then 'frozen'
                when m.closing_since is not null then 'closing' else m.state end,
           members.number_of(m.program_id, m.merged_into), told.way, told.about_order
    from unnest(told.found) with ordinality as f(member_id, place)
    join members.member as m on m.program_id = told.program_id and m.member_id = f.member_id
    order by f.place
    limit told.most
$$;

-- Members of a programme, at most `most`. `way`: number and email (how they begin), name (how each of its words begins), phone
-- (its last digits), order (a redemption's id or how it begins), amazon (Amazon's order), document, parcel (the carrier's number).
create or replace function support.find(program_id integer, way text, said text, most integer)
returns table (
    member_number text, full_name text, email text, phone text, country text, tier text, state text, merged_into text,
    found_by text, redemption_id uuid
) language plpgsql stable security definer set search_path = pg_catalog set plan_cache_mode = force_custom_plan as $$
#variable_conflict use_variable
declare
    few constant integer := greatest(1, least(most, 50));
    whose bigint[];
    words tsquery;
    hexadecimal text;
begin
    case way
        when 'number' then
            whose := array(
                select m.member_id from members.member as m
                where m.program_id = find.program_id and upper(m.number) ~>=~ upper(said)
                  and upper(m.number) ~<~ support.behind(upper(said))
                order by upper(m.number) using ~<~ limit few);
        when 'email' then
            whose := array(
                select m.member_id from members.member as m
                where m.program_id = find.program_id and lower(m.email) ~>=~ lower(said)
                  and lower(m.email) ~<~ support.behind(lower(said))
                order by lower(m.email) using ~<~ limit few);
        when 'phone' then
            whose := array(
                select p.member_id from (
                    (select m.member_id, 1 as place from members.member as m
                     where m.program_id = find.program_id and m.phone is not null and reverse(m.phone) ~>=~ reverse(said)
                       and reverse(m.phone) ~<~ support.behind(reverse(said)) limit few)
                    union all
                    (select a.member_id, 2 from members.address as a
                     where a.program_id = find.program_id and reverse(a.phone) ~>=~ reverse(said)
                       and reverse(a.phone) ~<~ support.behind(reverse(said)) limit 5 * few)) as p
                group by p.member_id order by min(p.place), p.member_id limit few);
        when 'name' then
            -- How the whole name begins first: of a name that very many have, that finds enough at once.
            whose := array(
                select n.member_id from (
                    select a.member_id from members.address as a
                    where a.program_id = find.program_id and members.search_key(a.full_name) ~>=~ members.search_key(said)
                      and members.search_key(a.full_name) ~<~ support.behind(members.search_key(said))
                    order by members.search_key(a.full_name) using ~<~ limit 5 * few) as n
                group by n.member_id order by n.member_id limit few);
            if cardinality(whose) >= few then
                return query select * from support.told(find.program_id, whose, find.way, null, few);
                return;
            end if;
            select string_agg(quote_literal(w.word) || ':*', ' & ')::tsquery into words
            from regexp_split_to_table(members.search_key(said), ' ') as w(word) where w.word <> '';
            -- Bounded before it is made unique: a short name has very many.
            whose := array(
                select n.member_id from (
                    select unnest(whose) as member_id
                    union all
                    select a.member_id from members.address as a
                    where a.program_id = find.program_id
                      and to_tsvector('pg_catalog.simple', members.search_key(a.full_name)) @@ words
                    limit 5 * few) as n
                group by n.member_id order by n.member_id limit few);
        when 'order' then
            hexadecimal := lower(replace(said, '-', ''));
            return query
                select t.* from redemptions.redemption as r
                cross join lateral support.told(r.program_id, array[r.member_id], 'order', r.redemption_id, 1) as t
                where r.program_id = find.program_id and r.redemption_id >= rpad(hexadecimal, 32, '0')::uuid
                  and r.redemption_id <= rpad(hexadecimal, 32, 'f')::uuid
                order by r.redemption_id limit few;
            return;
        when 'amazon' then
            return query
                select t.* from (
                    select distinct o.program_id, o.redemption_id from orders.order_part as o
                    where o.program_id = find.program_id and o.amazon_order_id = said limit few) as o
                join redemptions.redemption as r on r.program_id = o.program_id and r.redemption_id = o.redemption_id
                cross join lateral support.told(r.program_id, array[r.member_id], 'amazon', r.redemption_id, 1) as t;
            return;
        when 'document' then
            return query
                select t.* from documents.document as d
                cross join lateral support.told(d.program_id, array[d.member_id], 'document', d.redemption_id, 1) as t
                where d.program_id = find.program_id and d.number = upper(said);
            return;
        when 'parcel' then
            return query
                select t.* from (
                    select distinct p.program_id, p.redemption_id from orders.package as p
                    where p.program_id = find.program_id and p.tracking = said limit few) as p
                join redemptions.redemption as r on r.program_id = p.program_id and r.redemption_id = p.redemption_id
                cross join lateral support.told(r.program_id, array[r.member_id], 'parcel', r.redemption_id, 1) as t;
            return;
    end case;
    return query select * from support.told(find.program_id, whose, find.way, null, few);
end
$$;
