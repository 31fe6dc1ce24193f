-- Who is told that something can be had again: bounded pieces that may be stopped at any time, one at a time a programme.

-- Look at the next `most` products that somebody wishes for. Returns how many there were; fewer than `most`: the next look
-- begins anew. What Amazon was not heard about for too long is neither away nor back.
create or replace function wishes.look(program_id integer, rules jsonb, most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_after text;
    v_looked integer;
    v_last text;
begin
    insert into wishes.walk(program_id, after_asin) values (look.program_id, '') on conflict do nothing;
    select w.after_asin into v_after from wishes.walk as w
    where w.program_id = look.program_id for update skip locked;
    if not found then return 0; end if;
    with batch as materialized (
        select p.asin from wishes.product as p
        where p.program_id = look.program_id and p.asin > v_after
          and exists (select from wishes.wish as w where w.program_id = p.program_id and w.asin = p.asin)
        order by p.asin limit look.most
    ), seen as materialized (
        select wishes.see(look.program_id, c.asin, c.shown and c.points is not null)
        from catalogue.cards(
            look.program_id, look.rules, (select coalesce(array_agg(b.asin), '{}') from batch as b)) as c
        where not c.stale
        order by c.asin
    )
    select count(*), max(b.asin) into v_looked, v_last from batch as b cross join (select count(*) from seen) as done;
    update wishes.walk as w
    set after_asin = case when v_looked < look.most then '' else v_last end, row_xid = pg_current_xact_id()
    where w.program_id = look.program_id;
    return v_looked;
end
$$;

-- Tell `most` members what has come back since they wished for it: once for each time, all of it in one message, and no
-- second message within a day; what came back meanwhile waits until then, for three days. How many members.
create or replace function wishes.tell(program_id integer, most integer) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    v_told integer;
begin
    perform from wishes.walk as w where w.program_id = tell.program_id for update skip locked;
    if not found then return 0; end if;
    with back as materialized (
        select p.asin, p.back_at from wishes.product as p
        where p.program_id = tell.program_id and p.available and p.back_at > clock.now() - interval '3 days'
    ), due as materialized (
        select distinct w.member_id
        from back as b
        join wishes.wish as w on w.program_id = tell.program_id and w.asin = b.asin
        where b.back_at > w.added_at and (w.told_at is null or w.told_at < b.back_at)
          and not exists (
              select from wishes.wish as o
              where o.program_id = w.program_id and o.member_id = w.member_id
                and o.told_at > clock.now() - interval '20 hours')
        order by w.member_id limit tell.most
    ), told as (
        update wishes.wish as w
        set told_at = clock.now(), row_xid = pg_current_xact_id()
        from due as d, back as b
        where w.program_id = tell.program_id and w.member_id = d.member_id and w.asin = b.asin
          and b.back_at > w.added_at and (w.told_at is null or w.told_at < b.back_at)
        returning w.member_id, w.asin, w.added_at
    ), said as materialized (
        select outbox.emit(
            tell.program_id, 'wish.available', t.member_id::text, null,
            jsonb_build_object('member_id', t.member_id, 'asins', t.asins))
        from (select one.member_id, jsonb_agg(one.asin order by one.added_at desc, one.asin) as asins
              from told as one group by one.member_id) as t
    )
    select count(*) into v_told from said;
    return v_told;
end
$$;
