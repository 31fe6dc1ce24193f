-- Members' names in the lake: random, made with the member, removed when the member is erased.

-- Begun with the database.
insert into lake.epoch(epoch, since) values (clock.new_id(), clock.now()) on conflict do nothing;

create or replace function lake.new_key() returns uuid language sql volatile set search_path = pg_catalog
return encode(substring(sha256(uuid_send(clock.new_id()) || uuid_send(clock.new_id())) from 1 for 16), 'hex')::uuid;

-- A member's key; null: erased, or nobody.
create or replace function lake.key_of(program_id integer, member_id bigint) returns uuid
language sql stable security definer set search_path = pg_catalog as $$
    select k.member_key from lake.member_key as k
    where k.program_id = key_of.program_id and k.member_id = key_of.member_id
$$;

-- With the member, so that no row of a member can leave before there is a key.
create or replace function lake.give_keys() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into lake.member_key(program_id, member_id, member_key)
    select n.program_id, n.member_id, lake.new_key() from new_members as n on conflict do nothing;
    return null;
end
$$;
create or replace trigger give_keys after insert on members.member
    referencing new table as new_members for each statement execute function lake.give_keys();

-- Keys for whoever has none and was not erased, at most so many. How many.
create or replace function lake.fill_keys(most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    how_many bigint;
begin
    insert into lake.member_key(program_id, member_id, member_key)
    select m.program_id, m.member_id, lake.new_key() from members.member as m
    where not exists (select from lake.member_key as k where k.program_id = m.program_id and k.member_id = m.member_id)
      and not (m.state = 'closed' and members.is_erased(m.program_id, m.member_id))
    limit most on conflict do nothing;
    get diagnostics how_many = row_count;
    return how_many;
end
$$;
-- Whoever became a member before keys were made.
select lake.fill_keys(2147483647);

-- Who is erased loses the key: then nobody can tell whose rows those in the lake were, and the files need no change.

-- Internal: also of the memberships that were merged into it. How many keys went.
create or replace function lake.forget(program_id integer, member_id bigint) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    how_many bigint;
begin
    delete from lake.member_key as k
    where k.program_id = forget.program_id
      and k.member_id = any (members.family(forget.program_id, forget.member_id));
    get diagnostics how_many = row_count;
    return how_many;
end
$$;

-- A closed account that is erased, at once; where an erasure was asked for, that one does it and has a receipt for it.
create or replace function lake.forget_closed() returns trigger
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if not exists (select from privacy.erasure as e
                   where e.program_id = new.program_id and e.member_id = new.member_id and e.state in ('running', 'stuck')) then
        perform lake.forget(new.program_id, new.member_id);
    end if;
    return null;
end
$$;
create or replace trigger forget_closed after update of state on closure.closure
    for each row when (new.state = 'erased' and old.state <> 'erased') execute function lake.forget_closed();

-- Erasures that wait for the lake: privacy's receipt `lake` is done. At most so many. How many keys went.
create or replace function lake.forget_erased(most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    asked record;
    how_many bigint;
    forgotten bigint := 0;
begin
    for asked in
        select o.program_id, o.erasure_id, e.member_id
        from privacy.to_erase_outside('lake', forget_erased.most) as o
        join privacy.erasure as e using (program_id, erasure_id)
    loop
        how_many := lake.forget(asked.program_id, asked.member_id);
        forgotten := forgotten + how_many;
        perform privacy.erased_outside(
            asked.program_id, asked.erasure_id, 'lake', jsonb_build_object('keys', how_many));
    end loop;
    return forgotten;
end
$$;

-- After a restore: whatever was exported since its instant is not known here any more. The new epoch.
create or replace function lake.begin_epoch() returns uuid
language sql security definer set search_path = pg_catalog as $$
    update lake.epoch as e set epoch = clock.new_id(), since = clock.now() returning e.epoch
$$;

-- What must always hold; every row with violations above 0 is a fault.
create or replace view lake.invariants as
select 'L1 nobody who was erased has a key' as name, count(*) as violations
from lake.member_key as k
where exists (select from privacy.receipt as r join privacy.erasure as e using (program_id, erasure_id)
              where e.program_id = k.program_id and e.member_id = k.member_id and r.store = 'lake' and r.state = 'done')
   or exists (select from closure.closure as c
              where c.program_id = k.program_id and c.member_id = k.member_id and c.state = 'erased'
                and not exists (select from privacy.receipt as r join privacy.erasure as e using (program_id, erasure_id)
                                where e.program_id = c.program_id and e.member_id = c.member_id and r.store = 'lake'
                                  and r.state in ('waiting', 'pending')))
union all
select 'L2 every member who is not erased has a key', count(*)
from members.member as m
where not exists (select from lake.member_key as k where k.program_id = m.program_id and k.member_id = m.member_id)
  and m.state <> 'closed';
