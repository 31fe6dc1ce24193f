-- What a campaign of the document is at an instant. loyalty/programme/schema/campaigns.py says the same (Campaign.state_at), and
-- who is held out loyalty/programme/partaking.py; tests hold them together.

create or replace function campaigns.state_of(p_campaign jsonb, p_at timestamptz, p_exhausted boolean) returns text
language sql immutable
    return case
        when p_campaign ->> 'state' in ('draft', 'ended', 'exhausted') then p_campaign ->> 'state'
        when p_at >= (p_campaign ->> 'ends_at')::timestamptz then 'ended'
        when p_campaign ->> 'state' = 'paused' then 'paused'
        when p_at < (p_campaign ->> 'starts_at')::timestamptz then 'scheduled'
        when p_exhausted then 'exhausted' else 'running' end;

-- The first 64 bits of the hash as a number, modulo 100: 2^32 is 96 modulo 100.
create or replace function campaigns.held_out(p_campaign text, p_member_id bigint, p_percent int) returns boolean
language sql immutable parallel safe
    return (
        select (('x' || substr(h, 1, 8))::bit(32)::bigint % 100 * 96 + ('x' || substr(h, 9, 8))::bit(32)::bigint) % 100 < p_percent
        from (select encode(sha256(convert_to(p_campaign || '|' || p_member_id, 'UTF8')), 'hex')) d (h));

-- Whom the segment names, but for its audience.
create or replace function campaigns.names(p_segment jsonb, p_tier text, p_country text) returns boolean
language sql immutable parallel safe
    return (coalesce(p_segment -> 'tiers', '[]') = '[]' or p_segment -> 'tiers' ? p_tier)
        and (coalesce(p_segment -> 'countries', '[]') = '[]' or p_segment -> 'countries' ? p_country);

-- Every campaign of the current document with its money and its state now, and those that have left it (`removed`).
create or replace function campaigns.standing(p_program_id int)
returns table (
    campaign text, place int, said jsonb, state text, since timestamptz, started_at timestamptz, funder text, currency text,
    budget_minor bigint, spent_minor bigint, reserved_minor bigint, left_minor bigint
) language sql stable security definer set search_path = pg_catalog
begin atomic
    with said as (
        select x.campaign ->> 'code' as code, x.campaign, x.place
        from programme.current(p_program_id) v,
            jsonb_array_elements(v.document -> 'campaigns') with ordinality as x (campaign, place)
    )
    select b.campaign, s.place::int - 1, s.campaign,
        case when s.code is null then 'removed' else campaigns.state_of(s.campaign, clock.now(), b.exhausted) end,
        w.since, w.started_at, b.funder, b.currency, b.budget_minor, b.spent_minor, b.reserved_minor, b.left_minor
    from points.budgets(p_program_id) b
    left join said s on s.code = b.campaign
    left join campaigns.watched w on w.program_id = p_program_id and w.campaign = b.campaign
    order by b.campaign collate "C";
end;

create or replace function campaigns.programmes() returns table (program_id int)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select p.program_id from programme.program p order by 1;
end;

-- Each minute: note what has changed, and tell staff once that a budget is spent; again only if it was raised and is spent again.
-- Which campaigns have changed.
create or replace function campaigns.watch(p_program_id int) returns int
language plpgsql security definer set search_path = pg_catalog as $$
declare
    s record;
    w campaigns.watched;
    v_count int := 0;
    v_budget_micros bigint;
begin
    for s in select * from campaigns.standing(p_program_id) loop
        select * into w from campaigns.watched where program_id = p_program_id and campaign = s.campaign for update;
        if not found then
            insert into campaigns.watched (program_id, campaign, state, since)
            values (p_program_id, s.campaign, s.state, clock.now()) on conflict do nothing returning * into w;
            continue when w.campaign is null;
            w.state := null;
        end if;
        if w.state is distinct from s.state then
            insert into campaigns.state_change (program_id, campaign, state, at)
            values (p_program_id, s.campaign, s.state, clock.now());
            w.state := s.state;
            w.since := clock.now();
            if s.state in ('running', 'exhausted') then w.started_at := coalesce(w.started_at, clock.now()); end if;
            v_count := v_count + 1;
        end if;
        select budget_micros into v_budget_micros from points.budget
        where program_id = p_program_id and campaign = s.campaign;
        if s.state = 'exhausted' and v_budget_micros > coalesce(w.told_budget_micros, -1) then
            w.case_id := clock.new_id();
            w.told_budget_micros := v_budget_micros;
            perform casework.open_case(
                p_program_id, w.case_id, 'campaign', s.campaign, 'exhausted',
                jsonb_build_object('campaign', s.campaign, 'funder', s.funder, 'currency', s.currency,
                    'budget_minor', s.budget_minor, 'spent_minor', s.spent_minor),
                array['seen'], array['catalogue-manager', 'business-operator'], clock.now() + interval '3 days', 'campaigns');
        elsif w.case_id is not null and s.state in ('running', 'removed', 'ended') and s.left_minor > 0 then
            -- It has money again, or is over: nothing to look at.
            perform casework.withdraw_case(p_program_id, w.case_id, 'campaigns')
            where exists (select from casework.case c where c.program_id = p_program_id and c.case_id = w.case_id and c.state = 'open');
            w.case_id := null;
        end if;
        update campaigns.watched g
        set state = w.state, since = w.since, started_at = w.started_at, told_budget_micros = w.told_budget_micros,
            case_id = w.case_id, row_xid = pg_current_xact_id()
        where g.program_id = p_program_id and g.campaign = s.campaign
            and (g.state, g.since, g.started_at, g.told_budget_micros, g.case_id)
                is distinct from (w.state, w.since, w.started_at, w.told_budget_micros, w.case_id);
    end loop;
    return v_count;
end $$;

-- Every state it was seen in, oldest first.
create or replace function campaigns.history(p_program_id int, p_campaign text)
returns table (state text, at timestamptz) language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.state, c.at from campaigns.state_change c
    where c.program_id = p_program_id and c.campaign = p_campaign order by c.change_number limit 500;
end;
