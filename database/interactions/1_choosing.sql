-- Whether what a member looks at may be kept, and under which random key it is.

-- Internal: whether nobody chose otherwise. In the United States a shop may keep what its own members look at until they
-- object; everywhere else nothing is kept of who has not said yes.
create or replace function interactions.by_default(country text) returns boolean
language sql immutable set search_path = pg_catalog return country = 'US';

-- What stands for a member now: `source` is default, or who decided, `since` when. No row: there is no such member.
create or replace function interactions.personalisation(program_id integer, member_id bigint)
returns table (wanted boolean, source text, since timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select m.state <> 'closed' and coalesce(c.wanted, interactions.by_default(m.country)),
           coalesce(c.source, 'default'), c.given_at
    from members.member as m
    left join lateral (
        select o.wanted, o.source, o.given_at from interactions.choice as o
        where o.program_id = m.program_id and o.member_id = m.member_id order by o.entry desc limit 1) as c on true
    where m.program_id = personalisation.program_id and m.member_id = personalisation.member_id
$$;

-- Internal: nothing is recorded of this member until this transaction ends, and what is being recorded is there.
create or replace function interactions.hold_still(program_id integer, member_id bigint) returns void
language sql set search_path = pg_catalog as $$
    select pg_advisory_xact_lock(hashtextextended(hold_still.program_id || ' ' || hold_still.member_id, 959001))
$$;

-- Note a choice; the same as the newest one changes nothing. Whoever wants it no more is forgotten at once: what they looked
-- at, and by which key the lake knows it was theirs.
create or replace function interactions.choose(program_id integer, member_id bigint, wanted boolean, source text) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    perform interactions.hold_still(choose.program_id, choose.member_id);
    insert into interactions.choice(program_id, member_id, wanted, source, given_at)
    select choose.program_id, choose.member_id, choose.wanted, choose.source, clock.now()
    where not exists (
        select from (select o.wanted from interactions.choice as o
                     where o.program_id = choose.program_id and o.member_id = choose.member_id
                     order by o.entry desc limit 1) as newest
        where newest.wanted = choose.wanted);
    if not choose.wanted then
        perform interactions.forget_views(choose.program_id, choose.member_id);
    end if;
end
$$;

-- Internal: what a member looked at, and the keys; while a legal hold stands the keys only end. How many views went.
create or replace function interactions.forget_views(program_id integer, member_id bigint) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    how_many bigint;
begin
    if members.held(forget_views.program_id, forget_views.member_id) then
        update interactions.viewer as w set ended_at = clock.now(), row_xid = pg_current_xact_id()
        where w.program_id = forget_views.program_id and w.member_id = forget_views.member_id and w.ended_at is null;
        return 0;
    end if;
    delete from interactions.catalogue_view as v using interactions.viewer as w
    where w.program_id = forget_views.program_id and w.member_id = forget_views.member_id
      and v.program_id = w.program_id and v.viewer_key = w.viewer_key;
    get diagnostics how_many = row_count;
    delete from interactions.viewer as w
    where w.program_id = forget_views.program_id and w.member_id = forget_views.member_id;
    return how_many;
end
$$;

-- Internal: the account is erased, and so is all of it. How many views went.
create or replace function interactions.forget(program_id integer, member_id bigint) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    how_many bigint;
begin
    perform interactions.hold_still(forget.program_id, forget.member_id);
    how_many := interactions.forget_views(forget.program_id, forget.member_id);
    delete from interactions.choice as c where c.program_id = forget.program_id and c.member_id = forget.member_id;
    return how_many;
end
$$;

-- Internal: what another membership of the same person chose and looked at. The newest choice of both counts: if it is no,
-- nothing of either is kept.
create or replace function interactions.hand_on(program_id integer, from_member bigint, to_member bigint) returns void
language plpgsql set search_path = pg_catalog as $$
begin
    perform interactions.hold_still(hand_on.program_id, least(hand_on.from_member, hand_on.to_member));
    perform interactions.hold_still(hand_on.program_id, greatest(hand_on.from_member, hand_on.to_member));
    update interactions.choice as c set member_id = hand_on.to_member, row_xid = pg_current_xact_id()
    where c.program_id = hand_on.program_id and c.member_id = hand_on.from_member;
    update interactions.viewer as w set member_id = hand_on.to_member, row_xid = pg_current_xact_id()
    where w.program_id = hand_on.program_id and w.member_id = hand_on.from_member;
    if not (select p.wanted from interactions.personalisation(hand_on.program_id, hand_on.to_member) as p) then
        perform interactions.forget_views(hand_on.program_id, hand_on.to_member);
    end if;
end
$$;
