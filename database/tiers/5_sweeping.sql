-- What time and new versions do to levels: in bounded pieces that may be stopped at any time.

insert into tiers.programme (program_id, began_at) select program_id, clock.now() from programme.program
on conflict do nothing;

-- What was booked before anything was counted counts with its own points; what was spent is not known any more.
with adopted as (
    insert into tiers.purchase (
        program_id, op_id, member_id, month, base_points, spend_minor, base_returned)
    select a.program_id, a.op_id, a.member_id,
        date_trunc('month', a.occurred_at at time zone points.zone(a.program_id))::date, a.amount, 0,
        coalesce((select sum(r.amount) from points.reversal r
                  where r.program_id = a.program_id and r.accrual_op_id = a.op_id), 0)
    from points.accrual a
    where a.campaign is null and not exists (select from tiers.purchase)
    returning *
)
insert into tiers.month (program_id, member_id, month, base_points, spend_minor)
select program_id, member_id, month, sum(base_points - base_returned), 0 from adopted group by 1, 2, 3;

-- Periods and grants that have ended. How many members were looked at; 0: nobody is due.
create or replace function tiers.settle_due(p_most int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_program_id int;
    v_ids bigint[];
begin
    for v_program_id in select program_id from programme.program order by 1 loop
        select array_agg(d.member_id) into v_ids
        from (select s.member_id from tiers.standing s
              where s.program_id = v_program_id and s.due_at <= clock.now() order by s.due_at limit p_most) d;
        continue when v_ids is null;
        perform tiers.lock(v_program_id, v_ids);
        perform tiers.settle(tiers.ladder_of(v_program_id), v_ids, 'time', 'sweeper');
        return cardinality(v_ids);
    end loop;
    return 0;
end $$;

-- Go on with one programme's members: all of them when other levels, periods, units or days apply than before; once a day those
-- who were registered with a level that nobody has looked at. How many; 0: all programmes are done.
create or replace function tiers.walk(p_most int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    w tiers.programme;
    l tiers.ladder;
    v_ids bigint[];
begin
    for w in select * from tiers.programme order by program_id for no key update skip locked loop
        l := tiers.ladder_of(w.program_id);
        continue when l.codes is null;
        if w.version < l.version and w.walking <> l.version then
            w.after_member_id := 0;
            -- Also not one in between that was published back: members may have been looked at by it meanwhile.
            if w.version > 0 and not exists (
                select from programme.published o, programme.published n
                where n.program_id = l.program_id and n.version = l.version and o.program_id = l.program_id
                    and o.version between w.version and l.version
                    and (o.tiers, o.time_zone) is distinct from (n.tiers, n.time_zone)) then
                update tiers.programme set version = l.version, row_xid = pg_current_xact_id()
                where program_id = w.program_id;
                w.version := l.version;
            end if;
        end if;
        if w.version < l.version then
            -- First those whose level is gone: until then purchases and quotes take them for beginners.
            select array_agg(b.member_id) into v_ids
            from (select m.member_id from members.member m
                  where m.program_id = w.program_id and m.tier in (
                      select v ->> 'code' from programme.published p, jsonb_array_elements(p.tiers -> 'levels') v
                      where p.program_id = w.program_id
                      except select c from unnest(l.codes) c)
                  limit p_most) b;
            if v_ids is not null then
                perform tiers.lock(w.program_id, v_ids);
                perform tiers.settle(l, v_ids, 'programme', 'sweeper');
                return cardinality(v_ids);
            end if;
            select array_agg(b.member_id) into v_ids
            from (select m.member_id from members.member m
                  where m.program_id = w.program_id and m.member_id > w.after_member_id
                  order by m.member_id limit p_most) b;
            if v_ids is not null then
                perform tiers.lock(w.program_id, v_ids);
                -- This period and the one before: older ones are as they were.
                perform tiers.reach(
                    l, v_ids || v_ids,
                    array_fill(l.today, array[cardinality(v_ids)])
                    || array_fill((l.today - make_interval(months => l.months))::date, array[cardinality(v_ids)]));
                perform tiers.settle(l, v_ids, 'programme', 'sweeper');
            end if;
            update tiers.programme
            set walking = l.version, after_member_id = case when cardinality(v_ids) = p_most then v_ids[p_most] else 0 end,
                version = case when cardinality(v_ids) = p_most then version else l.version end,
                row_xid = pg_current_xact_id()
            where program_id = w.program_id;
            return greatest(cardinality(v_ids), 1);
        end if;
        if w.day < l.today then
            select array_agg(b.member_id) into v_ids
            from (select m.member_id from members.member m
                  where m.program_id = w.program_id and m.tier <> l.codes[1] and m.state <> 'closed' and not exists (
                      select from tiers.standing s where s.program_id = m.program_id and s.member_id = m.member_id)
                  order by m.member_id limit p_most) b;
            if v_ids is not null then
                perform tiers.lock(w.program_id, v_ids);
                perform tiers.settle(l, v_ids, 'programme', 'sweeper');
            end if;
            if v_ids is null or cardinality(v_ids) < p_most then
                update tiers.programme set day = l.today, row_xid = pg_current_xact_id() where program_id = w.program_id;
            end if;
            return greatest(cardinality(v_ids), 1);
        end if;
    end loop;
    return 0;
end $$;
