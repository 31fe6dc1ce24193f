-- Who is in an audience: counted in pieces by the sweeper, at once when it is new or means something else, then every hour. Whoever
-- asks for a member looks up rows.

-- Internal: what these members were granted since then, by when it was bought: purchases, and what campaigns added to them.
create or replace function campaigns.grants(p_program_id int, p_members bigint[], p_since timestamptz)
returns table (member_id bigint, op_id uuid, occurred_at timestamptz) language sql stable
begin atomic
    select j.member_id, j.op_id, j.occurred_at from points.journal j
    where j.program_id = p_program_id and j.member_id = any (p_members) and j.leg = 1 and j.kind = 'accrue'
        -- Nothing is granted before it was bought, and files come at most a day before their time.
        and j.op_id >= clock.first_id(greatest(p_since, timestamptz '2000-01-01 00:00+00') - interval '1 day')
        and j.occurred_at >= p_since;
end;

-- Internal: points of their purchases, without what campaigns added. What a person or a transfer gave is none.
create or replace function campaigns.purchases(p_program_id int, p_members bigint[], p_since timestamptz)
returns table (member_id bigint, occurred_at timestamptz, points bigint) language sql stable
begin atomic
    select g.member_id, g.occurred_at, a.amount
    from campaigns.grants(p_program_id, p_members, p_since) g
    join points.accrual a on a.program_id = p_program_id and a.op_id = g.op_id
    where a.campaign is null;
end;

-- Internal: their redemptions that were not undone.
create or replace function campaigns.redemptions(p_program_id int, p_members bigint[], p_since timestamptz)
returns table (member_id bigint, created_at timestamptz, points bigint) language sql stable
begin atomic
    select r.member_id, r.created_at, r.points from redemptions.redemption r
    where r.program_id = p_program_id and r.member_id = any (p_members) and r.created_at >= p_since
        and r.state not in ('cancelled', 'failed') and coalesce(r.outcome, 'completed') in ('completed', 'partially_completed');
end;

-- Which of these members meet every condition that is given (Audience in loyalty/programme/schema/campaigns.py). A question that is
-- not asked is not looked up. Where a campaign added points, somebody bought: for when, both count.
create or replace function campaigns.meeting(p_program_id int, p_members bigint[], p_conditions jsonb, p_at timestamptz)
returns table (member_id bigint) language sql stable
begin atomic
    select m.member_id from members.member m
    where m.program_id = p_program_id and m.member_id = any (p_members)
        and (not p_conditions ? 'joined_within_days'
            or m.created_at > p_at - make_interval(days => (p_conditions ->> 'joined_within_days')::int))
        and (not p_conditions ? 'redeemed' or (p_conditions ->> 'redeemed' = 'ever') = (m.member_id in (
            select r.member_id from campaigns.redemptions(p_program_id, p_members, '-infinity') r)))
        and (not p_conditions ? 'redeemed_within_days' or m.member_id in (
            select r.member_id from campaigns.redemptions(
                p_program_id, p_members, p_at - make_interval(days => (p_conditions ->> 'redeemed_within_days')::int)) r))
        and (not p_conditions ? 'purchased_within_days' or m.member_id in (
            select g.member_id from campaigns.grants(
                p_program_id, p_members, p_at - make_interval(days => (p_conditions ->> 'purchased_within_days')::int)) g))
        and (not p_conditions ? 'not_purchased_for_days' or (
            m.member_id not in (
                select g.member_id from campaigns.grants(
                    p_program_id, p_members, p_at - make_interval(days => (p_conditions ->> 'not_purchased_for_days')::int)) g)
            and m.member_id in (select g.member_id from campaigns.grants(p_program_id, p_members, '-infinity') g)))
        and (not p_conditions ? 'earned_at_least_points' or m.member_id in (
            select f.member_id from campaigns.purchases(
                p_program_id, p_members, p_at - make_interval(days => (p_conditions ->> 'earned_in_days')::int)) f
            group by f.member_id having sum(f.points) >= (p_conditions ->> 'earned_at_least_points')::bigint));
end;

-- Look at the next members of the audience that needs it most, at most so many; how many were looked at, 0: all is as it should be.
create or replace function campaigns.count_audiences(p_program_id int, p_most int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    a campaigns.audience;
    v_last bigint;
    v_count int;
    v_in bigint;
    v_members bigint[];
begin
    insert into campaigns.audience as g (program_id, audience, conditions, swept_to)
    select p_program_id, x ->> 'code', jsonb_strip_nulls(x - 'code' - 'name'), 0
    from programme.current(p_program_id) v, jsonb_array_elements(coalesce(v.document -> 'audiences', '[]')) x
    on conflict (program_id, audience) do update
    set conditions = excluded.conditions, swept_to = 0, hits = 0, counted_at = null, members = null,
        row_xid = pg_current_xact_id()
    where g.conditions is distinct from excluded.conditions;
    update campaigns.audience g
    set conditions = null, swept_to = 0, hits = 0, counted_at = null, members = null, row_xid = pg_current_xact_id()
    where g.program_id = p_program_id and g.conditions is not null and not exists (
        select from programme.current(p_program_id) v, jsonb_array_elements(coalesce(v.document -> 'audiences', '[]')) x
        where x ->> 'code' = g.audience);

    -- New ones first, then what is under way, then what was counted an hour ago.
    select * into a from campaigns.audience g
    where g.program_id = p_program_id and (g.swept_to is not null or g.counted_at <= clock.now() - interval '1 hour')
    order by g.counted_at is null desc, g.swept_to is not null desc, g.counted_at, g.audience collate "C"
    limit 1 for update skip locked;
    if not found then return 0; end if;
    a.swept_to := coalesce(a.swept_to, 0);

    select max(g.member_id), count(*), array_agg(g.member_id) filter (where g.state = 'active') into v_last, v_count, v_members
    from (
        select m.member_id, m.state from members.member m
        where m.program_id = p_program_id and m.member_id > a.swept_to
        order by m.member_id limit p_most) g;
    if v_count > 0 then
        with meant as materialized (
            select f.member_id from campaigns.meeting(p_program_id, v_members, a.conditions, clock.now()) f
            where a.conditions is not null
        ), gone as (
            delete from campaigns.audience_member g
            where g.program_id = p_program_id and g.member_id > a.swept_to and g.member_id <= v_last
                and g.audience = a.audience and not exists (select from meant where meant.member_id = g.member_id)
        ), come as (
            insert into campaigns.audience_member (program_id, member_id, audience)
            select p_program_id, member_id, a.audience from meant on conflict do nothing
        )
        select count(*) into v_in from meant;
    end if;
    if v_count = p_most then
        update campaigns.audience set swept_to = v_last, hits = case a.swept_to when 0 then 0 else a.hits end + v_in,
            row_xid = pg_current_xact_id()
        where program_id = p_program_id and audience = a.audience;
    elsif a.conditions is null then
        delete from campaigns.audience where program_id = p_program_id and audience = a.audience;
    else
        update campaigns.audience
        set swept_to = null, members = case a.swept_to when 0 then 0 else a.hits end + coalesce(v_in, 0),
            counted_at = clock.now(), row_xid = pg_current_xact_id()
        where program_id = p_program_id and audience = a.audience;
    end if;
    return greatest(v_count, 1);
end $$;

-- Internal: the audiences a member was counted in.
create or replace function campaigns.audiences_of(p_program_id int, p_member_id bigint) returns text[]
language sql stable
    return (select coalesce(array_agg(g.audience), '{}') from campaigns.audience_member g
            where g.program_id = p_program_id and g.member_id = p_member_id);

-- What campaigns ask of a member: nothing personal but the country. A number that was merged into another one is that one's.
create or replace function campaigns.shopper(p_program_id int, p_member_id bigint)
returns table (tier text, country text, audiences text[]) language sql stable security definer set search_path = pg_catalog
begin atomic
    select members.tier_of(m.program_id, m.member_id), m.country, campaigns.audiences_of(p_program_id, p_member_id)
    from members.member m
    where m.program_id = p_program_id and m.member_id = p_member_id;
end;

create or replace function campaigns.shopper_by_number(p_program_id int, p_number text)
returns table (member_id bigint, tier text, country text, state text, audiences text[])
language sql stable security definer set search_path = pg_catalog
begin atomic
    select b.member_id, b.tier, m.country, b.state, campaigns.audiences_of(p_program_id, b.member_id)
    from members.by_number(p_program_id, p_number) b
    join members.member m on m.program_id = p_program_id and m.member_id = b.member_id;
end;

create or replace function campaigns.shoppers_by_numbers(p_program_id int, p_numbers text[])
returns table (number text, member_id bigint, tier text, country text, audiences text[])
language sql stable security definer set search_path = pg_catalog
begin atomic
    select b.number, b.member_id, b.tier, m.country, campaigns.audiences_of(p_program_id, b.member_id)
    from members.by_numbers(p_program_id, p_numbers) b
    join members.member m on m.program_id = p_program_id and m.member_id = b.member_id;
end;

-- The document's audiences and how many are in each; `members` null: not counted yet.
create or replace function campaigns.audiences(p_program_id int)
returns table (audience text, members bigint, counted_at timestamptz)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select g.audience, g.members, g.counted_at from campaigns.audience g
    where g.program_id = p_program_id and g.conditions is not null order by g.audience collate "C";
end;
