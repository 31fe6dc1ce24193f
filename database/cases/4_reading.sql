-- What members and staff see of cases.

-- Internal: one case; null for anybody but its member. `member_id` null is for staff, who also see who did what.
create or replace function cases.described(program_id integer, member_id bigint, case_id uuid) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
begin
    return (
        select jsonb_build_object(
            'case_id', c.case_id, 'kind', c.kind, 'state', c.state, 'opened_at', c.opened_at, 'decided_at', c.decided_at,
            'deadline', q.deadline, 'redemption_id', c.redemption_id, 'line_number', c.line_number, 'quantity', c.quantity,
            'title', l.title, 'partner', c.partner, 'partner_reference', c.partner_reference, 'bought_on', c.bought_on,
            -- What is not decided is nobody's to count on.
            'outcome', case when described.member_id is null or c.state <> 'approval' then c.outcome end,
            'points', case when described.member_id is null or c.state = 'decided' then c.points end,
            'money_minor', case when described.member_id is null or c.state = 'decided' then c.money_minor end,
            'currency', r.currency, 'reason', c.reason,
            'messages', (select jsonb_agg(jsonb_build_object(
                            'author', m.author, 'text', m.text, 'at', m.written_at,
                            'actor', case when described.member_id is null then m.actor end) order by m.message_number)
                         from cases.message as m where m.program_id = c.program_id and m.case_id = c.case_id),
            'files', (select coalesce(jsonb_agg(jsonb_build_object(
                            'file_id', f.file_id, 'purpose', f.purpose, 'state', f.state, 'content_type', f.content_type,
                            'size_bytes', f.size_bytes, 'added_at', f.added_at, 'object_key', f.object_key)
                            order by f.added_at, f.file_id), '[]')
                      from cases.file as f
                      where f.program_id = c.program_id and f.case_id = c.case_id
                        -- A label is the member's once the return is agreed.
                        and (described.member_id is null or f.purpose = 'photo' or f.file_id = c.label_id)))
            || case when described.member_id is not null then '{}' else jsonb_build_object(
                'member_id', c.member_id, 'member_number', members.number_of(c.program_id, c.member_id), 'owner', q.owner, 'chosen_by', c.chosen_by, 'approved_by', c.approved_by,
                'label_id', c.label_id, 'overdue', q.state = 'open' and coalesce(q.deadline < clock.now(), false),
                'outcomes', cases.outcomes_of(c.kind, c.redemption_id is not null),
                -- Also after it was credited by hand.
                'purchase_accrued', exists (
                    select from points.accrual as a
                    where a.program_id = c.program_id and a.partner = c.partner
                      and a.partner_reference = c.partner_reference),
                'history', cases.history(c.program_id, c.case_id)) end
        from cases.member_case as c
        join casework.case as q on q.program_id = c.program_id and q.case_id = c.case_id
        left join redemptions.redemption as r on r.program_id = c.program_id and r.redemption_id = c.redemption_id
        left join redemptions.line as l
            on l.program_id = c.program_id and l.redemption_id = c.redemption_id and l.line_number = c.line_number
        where c.program_id = described.program_id and c.case_id = described.case_id
          and (described.member_id is null or c.member_id = described.member_id));
end
$$;

-- Internal: who did what with a case, in order.
create or replace function cases.history(program_id integer, case_id uuid) returns jsonb language sql stable
set search_path = pg_catalog
begin atomic
    select coalesce(jsonb_agg(jsonb_build_object('kind', e.kind, 'actor', e.actor, 'detail', e.detail, 'at', e.occurred_at)
                              order by e.event_number), '[]')
    from casework.event as e where e.program_id = history.program_id and e.case_id = history.case_id;
end;

create or replace function cases.of_member(program_id integer, member_id bigint, case_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    if of_member.member_id is null then
        return null;
    end if;
    return cases.described(of_member.program_id, of_member.member_id, of_member.case_id);
end
$$;

-- Any case of the queue; a ticket without a member says what it was opened with.
create or replace function cases.for_staff(program_id integer, case_id uuid) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog as $$
begin
    return coalesce(cases.described(for_staff.program_id, null, for_staff.case_id), (
        select jsonb_build_object(
            'case_id', q.case_id, 'kind', q.kind, 'state', q.state, 'opened_at', q.opened_at, 'decided_at', q.decided_at,
            'deadline', q.deadline, 'owner', q.owner, 'outcome', q.decision, 'subject', q.subject, 'reason', q.reason,
            'member_number', members.number_of(q.program_id, (q.evidence ->> 'member_id')::bigint), 'evidence', q.evidence, 'outcomes', q.allowed_actions, 'chosen_by', q.decided_by,
            'overdue', q.state = 'open' and coalesce(q.deadline < clock.now(), false),
            'messages', '[]'::jsonb, 'files', '[]'::jsonb, 'history', cases.history(q.program_id, q.case_id))
        from casework.case as q
        where q.program_id = for_staff.program_id and q.case_id = for_staff.case_id));
end
$$;

-- A member's cases, newest first, those before one of them (null: from the newest). At most 100 a page.
create or replace function cases.list(program_id integer, member_id bigint, before uuid, page_size integer)
returns table (case_id uuid, kind text, state text, outcome text, redemption_id uuid, line_number integer, title text,
               partner text, opened_at timestamptz, decided_at timestamptz, answers bigint)
language sql stable security definer set search_path = pg_catalog
begin atomic
    select c.case_id, c.kind, c.state, case when c.state <> 'approval' then c.outcome end, c.redemption_id, c.line_number,
           l.title, c.partner, c.opened_at, c.decided_at,
           (select count(*) from cases.message as m
            where m.program_id = c.program_id and m.case_id = c.case_id and m.author = 'staff')
    from cases.member_case as c
    left join redemptions.line as l
        on l.program_id = c.program_id and l.redemption_id = c.redemption_id and l.line_number = c.line_number
    where c.program_id = list.program_id and c.member_id = list.member_id
      and (list.before is null or (c.opened_at, c.case_id) < (
          select b.opened_at, b.case_id from cases.member_case as b
          where b.program_id = list.program_id and b.member_id = list.member_id and b.case_id = list.before))
    order by c.opened_at desc, c.case_id desc
    limit greatest(1, least(coalesce(list.page_size, 20), 100));
end;

-- What somebody has given of this month's goodwill, and may give.
create or replace function cases.budget_of(program_id integer, agent text)
returns table (month date, monthly_points bigint, given bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select d.month, (cases.policy(budget_of.program_id) ->> 'goodwill_monthly_points')::bigint,
           coalesce((select g.points from cases.goodwill as g
                     where g.program_id = budget_of.program_id and g.agent = budget_of.agent and g.month = d.month), 0)
    from (select date_trunc('month', points.today(budget_of.program_id)::timestamp)::date as month) as d
$$;

-- The queue of all kinds: open ones by deadline, so that what is overdue comes first; closed ones after them, newest first.
-- Filters, null for all: state (`waiting`: whatever is not closed), kind, owner (empty: nobody's). After one of them (null: from the
-- first). At most 200 a page.
create or replace function cases.queue(
    program_id integer, of_state text, of_kind text, of_owner text, after uuid, page_size integer
) returns table (case_id uuid, kind text, state text, reason text, subject text, owner text, opened_at timestamptz,
                 deadline timestamptz, overdue boolean, outcome text)
language plpgsql stable security definer set search_path = pg_catalog as $$
#variable_conflict use_column
begin
    return query
    with seen as (
        select q.case_id, q.kind, coalesce(c.state, q.state) as state, q.reason, q.subject, q.owner, q.opened_at, q.deadline,
               q.state = 'open' and coalesce(q.deadline < clock.now(), false) as overdue,
               coalesce(c.outcome, q.decision) as outcome,
               row_number() over (
                   order by q.state <> 'open', case when q.state = 'open' then q.deadline end nulls last,
                            case when q.state <> 'open' then q.decided_at end desc, q.case_id) as place
        from casework.case as q
        left join cases.member_case as c on c.program_id = q.program_id and c.case_id = q.case_id
        where q.program_id = queue.program_id
          and (queue.of_kind is null or q.kind = queue.of_kind)
          and (queue.of_state is null or coalesce(c.state, q.state) = queue.of_state
               or queue.of_state = 'waiting' and q.state = 'open')
          and (queue.of_owner is null or coalesce(q.owner, '') = queue.of_owner)
    )
    select s.case_id, s.kind, s.state, s.reason, s.subject, s.owner, s.opened_at, s.deadline, s.overdue, s.outcome
    from seen as s
    where queue.after is null or s.place > (select b.place from seen as b where b.case_id = queue.after)
    order by s.place
    limit greatest(1, least(coalesce(queue.page_size, 50), 200));
end
$$;

-- What must hold at any instant. Every row should say 0.
create or replace view cases.invariants as
select 'a member''s case is in the queue, open and closed alike' as name,
       (select count(*) from cases.member_case as c
        left join casework.case as q using (program_id, case_id)
        where q.case_id is null or q.kind <> c.kind
           or q.state <> case when c.state in ('open', 'approval', 'return') then 'open' else c.state end
           or q.state = 'decided' and q.decision is distinct from c.outcome) as violations
union all
select 'units were given back for cases that said so, and for no others',
       (select count(*) from cases.member_case as c
        full join (select u.* from redemptions.units_back as u
                   left join casework.case as q
                       on q.program_id = u.program_id and q.kind = 'shipment' and u.event_key = 'case:' || q.case_id
                   where u.event_key like 'case:%' and q.case_id is null) as b
            on b.program_id = c.program_id and b.event_key = 'case:' || c.case_id
        where (c.state = 'decided' and c.outcome in ('return_with_label', 'refund_without_return'))
              is distinct from (b.event_key is not null)
           or b.event_key is not null
              and (b.redemption_id, b.line_number, b.points, b.money_minor)
                  is distinct from (c.redemption_id, c.line_number, c.points, c.money_minor))
union all
select 'units were given back for tickets that said so, and for no others',
       (select count(*) from casework.case as q
        left join lateral (select count(*) as rows, count(*) filter (where u.redemption_id::text <> q.subject) as wrong
                           from redemptions.units_back as u
                           where u.program_id = q.program_id and u.event_key = 'case:' || q.case_id) as b on true
        where q.kind = 'shipment'
          and ((q.state = 'decided' and q.decision = 'points_back') is distinct from (b.rows > 0) or b.wrong > 0))
union all
select 'points were credited for cases that said so, each once',
       (select count(*) from (select * from cases.member_case
                              where state = 'decided' and outcome = 'credit_missing_accrual') as c
        full join (select * from points.accrual where partner = 'system:casework') as a
            on a.program_id = c.program_id and a.partner_reference = c.case_id::text
        where (a.member_id, a.amount, a.op_id) is distinct from (c.member_id, c.points, c.op_id))
union all
select 'goodwill is in the journal, to the point',
       (select count(*) from cases.member_case as c
        where c.state = 'decided' and c.outcome = 'goodwill_points'
          and c.points is distinct from (
              select sum(j.amount) from points.journal as j
              where j.program_id = c.program_id and j.member_id = c.member_id and j.op_id = c.op_id and j.dr = 14))
union all
select 'an agent''s goodwill is what the agent gave alone',
       (select count(*) from cases.goodwill as g
        full join (
            select c.program_id, c.chosen_by as agent, c.budget_month as month, sum(c.points) as points
            from cases.member_case as c
            where c.state = 'decided' and c.outcome = 'goodwill_points' and c.approved_by is null
            group by 1, 2, 3) as s using (program_id, agent, month)
        where g.points is distinct from s.points);
