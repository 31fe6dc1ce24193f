-- What the members of a programme redeem, counted now and then, so that an answer only reads.

-- Count the programmes again whose count is older than so many minutes: orders of the last 90 days that have ended with
-- something accepted and not given back, the newest 50,000; a kind counts for its parent. By members, so that nobody
-- makes a product popular alone. Returns how many programmes.
create or replace function recommendations.recount(minutes integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_program integer;
    v_done integer := 0;
begin
    insert into recommendations.counted(program_id, counted_at)
    select g.program_id, '-infinity' from programme.program as g
    where not exists (select from recommendations.counted as c where c.program_id = g.program_id)
    on conflict do nothing;
    for v_program in
        select c.program_id from recommendations.counted as c
        where c.counted_at <= clock.now() - make_interval(mins => recount.minutes)
        order by c.counted_at, c.program_id for update skip locked
    loop
        perform recommendations.count_one(v_program);
        update recommendations.counted as c set counted_at = clock.now(), row_xid = pg_current_xact_id()
        where c.program_id = v_program;
        v_done := v_done + 1;
    end loop;
    return v_done;
end
$$;

-- Internal: one programme. Only what has changed is written.
create or replace function recommendations.count_one(program_id integer) returns void
language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    with ended as materialized (
        select r.redemption_id, r.member_id from redemptions.redemption as r
        where r.program_id = count_one.program_id and r.created_at > clock.now() - interval '90 days'
          -- A key is at most two days older than its redemption: this reads only the newest part of the table.
          and r.redemption_id >= clock.first_id(clock.now() - interval '92 days')
          and r.outcome in ('completed', 'partially_completed')
        order by r.redemption_id desc limit 50000
    ), redeemed as materialized (
        select e.member_id, e.redemption_id, coalesce(p.parent_asin, l.asin) as asin,
               sum(l.accepted_quantity - l.given_back) as units
        from ended as e
        join redemptions.line as l on l.program_id = count_one.program_id and l.redemption_id = e.redemption_id
        left join catalogue.product as p on p.program_id = l.program_id and p.asin = l.asin
        where l.accepted_quantity > l.given_back
        group by 1, 2, 3
    ), popular as (
        select x.asin, count(distinct x.member_id) as members, sum(x.units) as units from redeemed as x
        group by 1 order by 2 desc, 3 desc, 1 limit 500
    ), pair as (
        select x.asin, y.asin as other, count(distinct x.member_id) as members
        from redeemed as x
        join redeemed as y on y.redemption_id = x.redemption_id and y.asin <> x.asin
        group by 1, 2
    ), together as (
        select * from (
            select p.*, row_number() over (partition by p.asin order by p.members desc, p.other) as place from pair as p
        ) as ranked where ranked.place <= 20
    ), not_popular as (
        delete from recommendations.popular as old
        where old.program_id = count_one.program_id and not exists (select from popular as x where x.asin = old.asin)
    ), not_together as (
        delete from recommendations.together as old
        where old.program_id = count_one.program_id
          and not exists (select from together as x where x.asin = old.asin and x.other = old.other)
    ), now_popular as (
        insert into recommendations.popular as old (program_id, asin, members, units)
        select count_one.program_id, x.asin, x.members, x.units from popular as x
        on conflict on constraint popular_pkey do update
        set members = excluded.members, units = excluded.units, row_xid = pg_current_xact_id()
        where (old.members, old.units) is distinct from (excluded.members, excluded.units)
    )
    insert into recommendations.together as old (program_id, asin, other, members)
    select count_one.program_id, x.asin, x.other, x.members from together as x
    on conflict on constraint together_pkey do update
    set members = excluded.members, row_xid = pg_current_xact_id()
    where old.members <> excluded.members;
end
$$;
