-- What a campaign did: when it starts, its members are listed, treated and held out; each day what both groups have done since is
-- counted. Those who come later are treated like everybody but not compared. A campaign without holdout compares nothing.

-- Internal: days after its end in which late purchases still count; then the sums stay and the list goes.
create or replace function campaigns.late_days() returns int language sql immutable return 14;

-- List and count in pieces of at most so many members: the campaign that needs it most. How many were looked at; 0: nothing to do.
create or replace function campaigns.measure_some(p_program_id int, p_most int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    w record;
    v_last bigint;
    v_count int;
    v_members bigint[];
begin
    select g.*, s.said, campaigns.ended_at(g.program_id, g.campaign, s.said) as ended_at into w
    from campaigns.watched g
    join (
        select x ->> 'code' as code, x as said
        from programme.current(p_program_id) v, jsonb_array_elements(v.document -> 'campaigns') x
    ) s on s.code = g.campaign
    where g.program_id = p_program_id and g.started_at is not null
        and coalesce((s.said ->> 'holdout_percent')::int, 10) between 1 and 99
        and (s.said -> 'segment' ->> 'audience' is null or g.listed_at is not null or exists (
            select from campaigns.audience a
            where a.program_id = p_program_id and a.audience = s.said -> 'segment' ->> 'audience' and a.counted_at is not null))
        -- Once the list is gone its sums stay, also if the campaign is given another end.
        and (g.listed_at is null or exists (
            select from campaigns.participant p where p.program_id = g.program_id and p.campaign = g.campaign))
        and (g.listed_at is null or g.measured_to is not null or not exists (
            select from campaigns.measure m
            where m.program_id = g.program_id and m.campaign = g.campaign and m.complete
                and m.until > least(clock.now() - interval '1 day',
                    coalesce(campaigns.ended_at(g.program_id, g.campaign, s.said), 'infinity')
                    + make_interval(days => campaigns.late_days()) - interval '1 day')))
    order by g.listed_at is null desc, g.measured_to is not null desc, g.started_at, g.campaign collate "C"
    limit 1 for update of g skip locked;
    if not found then return campaigns.forget_some(p_program_id, p_most); end if;

    if w.listed_at is null then
        select max(member_id), count(*) into v_last, v_count from (
            select m.member_id from members.member m
            where m.program_id = p_program_id and m.member_id > coalesce(w.listed_to, 0)
            order by m.member_id limit p_most) g;
        insert into campaigns.participant (program_id, campaign, member_id, held_out)
        select p_program_id, w.campaign, m.member_id,
            campaigns.held_out(w.campaign, m.member_id, coalesce((w.said ->> 'holdout_percent')::int, 10))
        from members.member m
        where m.program_id = p_program_id and m.member_id > coalesce(w.listed_to, 0) and m.member_id <= v_last
            and m.state = 'active' and campaigns.names(w.said -> 'segment', m.tier, m.country)
            and (w.said -> 'segment' ->> 'audience' is null or exists (
                select from campaigns.audience_member a
                where a.program_id = p_program_id and a.member_id = m.member_id
                    and a.audience = w.said -> 'segment' ->> 'audience'))
        on conflict do nothing;
        update campaigns.watched g
        set listed_to = coalesce(v_last, g.listed_to), listed_at = case when v_count < p_most then clock.now() end,
            row_xid = pg_current_xact_id()
        where g.program_id = p_program_id and g.campaign = w.campaign;
        return greatest(v_count, 1);
    end if;

    if w.measured_to is null then
        w.measured_to := 0;
        -- Of whole instants: what is granted later for an earlier purchase is counted by the next pass.
        w.measuring_until := clock.now();
        delete from campaigns.measure m where m.program_id = p_program_id and m.campaign = w.campaign and not m.complete;
    end if;
    select max(g.member_id), count(*), array_agg(g.member_id) into v_last, v_count, v_members from (
        select p.member_id from campaigns.participant p
        where p.program_id = p_program_id and p.campaign = w.campaign and p.member_id > w.measured_to
        order by p.member_id limit p_most) g;
    insert into campaigns.measure as m (program_id, campaign, held_out, complete, until, members, active, deeds, deeds_squared,
        points, points_squared)
    select p_program_id, w.campaign, p.held_out, false, w.measuring_until, count(*), count(*) filter (where d.deeds > 0),
        coalesce(sum(d.deeds), 0), coalesce(sum(d.deeds * d.deeds), 0), coalesce(sum(d.points), 0),
        coalesce(sum(d.points * d.points), 0)
    from campaigns.participant p
    left join (
        select x.member_id, count(*)::bigint as deeds, sum(x.points) as points
        from (
            select f.member_id, f.occurred_at as at, f.points from campaigns.purchases(p_program_id, v_members, w.started_at) f
            where w.said ->> 'earn_multiplier_percent' is not null
            union all
            select f.member_id, f.created_at, f.points from campaigns.redemptions(p_program_id, v_members, w.started_at) f
            where w.said ->> 'earn_multiplier_percent' is null
        ) x
        where x.at < least(w.measuring_until, coalesce(w.ended_at, 'infinity'))
        group by x.member_id
    ) d using (member_id)
    where p.program_id = p_program_id and p.campaign = w.campaign and p.member_id > w.measured_to and p.member_id <= v_last
    group by p.held_out
    on conflict (program_id, campaign, held_out, complete) do update
    set members = m.members + excluded.members, active = m.active + excluded.active, deeds = m.deeds + excluded.deeds,
        deeds_squared = m.deeds_squared + excluded.deeds_squared, points = m.points + excluded.points,
        points_squared = m.points_squared + excluded.points_squared, row_xid = pg_current_xact_id();
    if v_count < p_most then
        delete from campaigns.measure m where m.program_id = p_program_id and m.campaign = w.campaign and m.complete;
        -- A group that nobody is in has its row too, so that the day is known.
        insert into campaigns.measure
        select p_program_id, w.campaign, g.held_out, false, w.measuring_until, 0, 0, 0, 0, 0, 0
        from (values (false), (true)) g (held_out) on conflict do nothing;
        update campaigns.measure m set complete = true, row_xid = pg_current_xact_id()
        where m.program_id = p_program_id and m.campaign = w.campaign;
        v_last := null;
        w.measuring_until := null;
    end if;
    update campaigns.watched g
    set measured_to = v_last, measuring_until = w.measuring_until, row_xid = pg_current_xact_id()
    where g.program_id = p_program_id and g.campaign = w.campaign;
    return greatest(v_count, 1);
end $$;

-- When it ended: by its clock, or when it was first seen ended or gone after it had last run. Null: it has not.
create or replace function campaigns.ended_at(p_program_id int, p_campaign text, p_said jsonb) returns timestamptz
language sql stable security definer set search_path = pg_catalog
begin atomic
    select case when w.state in ('ended', 'removed') then least(w.since, (p_said ->> 'ends_at')::timestamptz)
                when clock.now() >= (p_said ->> 'ends_at')::timestamptz then (p_said ->> 'ends_at')::timestamptz end
    from campaigns.watched w where w.program_id = p_program_id and w.campaign = p_campaign;
end;

-- Internal: lists of campaigns that are over and counted for the last time, or have left the document, piece by piece.
create or replace function campaigns.forget_some(p_program_id int, p_most int) returns int language plpgsql as $$
declare
    v_count int;
begin
    delete from campaigns.participant p
    using (
        select q.campaign, q.member_id
        from campaigns.watched w
        join campaigns.participant q on q.program_id = w.program_id and q.campaign = w.campaign
        where w.program_id = p_program_id and (w.state = 'removed' or (w.state = 'ended' and w.measured_to is null))
            and w.since <= clock.now() - make_interval(days => campaigns.late_days() + 2)
        limit p_most) g
    where p.program_id = p_program_id and p.campaign = g.campaign and p.member_id = g.member_id;
    get diagnostics v_count = row_count;
    return v_count;
end $$;

-- What is known of both groups: sums of the last complete pass.
create or replace function campaigns.measured(p_program_id int, p_campaign text)
returns table (
    held_out boolean, until timestamptz, members bigint, active bigint, deeds bigint, deeds_squared numeric, points numeric,
    points_squared numeric
) language sql stable security definer set search_path = pg_catalog
begin atomic
    select m.held_out, m.until, m.members, m.active, m.deeds, m.deeds_squared, m.points, m.points_squared
    from campaigns.measure m
    where m.program_id = p_program_id and m.campaign = p_campaign and m.complete order by m.held_out;
end;

-- What it cost by the day on which it was promised, in the campaign's zone: spent now, after returns. `members`: who had something.
create or replace function campaigns.spending(p_program_id int, p_campaign text, p_time_zone text)
returns table (day date, spent_minor numeric, uses bigint, members bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select (u.created_at at time zone p_time_zone)::date, round(sum(u.spent_micros)::numeric / min(b.minor_micros), 2),
        count(*), count(distinct u.member_id)
    from points.budget_use u
    join points.budget b on b.program_id = u.program_id and b.campaign = u.campaign
    where u.program_id = p_program_id and u.campaign = p_campaign and (u.spent_micros > 0 or u.points > 0)
    group by 1 order by 1;
end;

-- Members who had something of it: a bonus, or a discount that was spent.
create or replace function campaigns.reached(p_program_id int, p_campaign text) returns bigint
language sql stable security definer set search_path = pg_catalog
begin atomic
    select count(distinct u.member_id) from points.budget_use u
    where u.program_id = p_program_id and u.campaign = p_campaign
        and (u.spent_micros > 0 or (u.kind = 'bonus' and u.points > 0));
end;
