-- What must always hold; every row with violations above 0 is a fault.
create or replace function notifications.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'N1 a balance that was stated was true at the version stated with it', count(*)
    from notifications.message as m
    where m.facts ? 'version' and not exists (
        select from points.journal as j
        where j.program_id = m.program_id and j.member_id = m.member_id and j.sequence = (m.facts ->> 'version')::bigint
          and j.available_after = (m.facts ->> 'available')::bigint + (m.facts ->> 'lapsed')::bigint)
      and not ((m.facts ->> 'version')::bigint = 0 and (m.facts ->> 'available')::bigint = 0)
    union all
    select 'N2 nothing goes to a telephone after its STOP', count(*)
    from notifications.message as m
    where m.channel = 'sms' and m.sending_at is not null and m.state <> 'suppressed' and m.kind <> 'security' and (
        select s.suppressed from notifications.suppression as s
        where s.program_id = m.program_id and s.member_id = m.member_id and s.channel = 'sms'
          and s.noted_at < m.sending_at
          and s.about_at >= (select c.since from members.contact_at(m.program_id, m.member_id, 'sms', m.sending_at) as c)
        order by s.entry desc limit 1)
    union all
    select 'N3 no advertising without consent', count(*)
    from notifications.message as m
    where m.kind = 'marketing' and m.state <> 'suppressed'
      -- Choices of a member who has gone are forgotten.
      and members.state_of(m.program_id, m.member_id) <> 'closed' and not exists (
        select from notifications.consent as c
        where c.program_id = m.program_id and c.member_id = m.member_id and c.channel = m.channel
          and c.kind = 'marketing' and c.wanted and c.given_at <= m.created_at)
    union all
    select 'N4 each warning of lapsing points is told on a channel at most once', count(*)
    from (select from notifications.message as m
          where m.template = 'points-expiring' and m.state <> 'suppressed'
          group by m.program_id, m.payload ->> 'warning_id', m.channel having count(*) > 1) as twice
$$;

create or replace view notifications.invariants as select * from notifications.check_invariants();
