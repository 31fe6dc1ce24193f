-- What must always hold; every row with violations above 0 is a fault.
create or replace function documents.check_invariants() returns table (name text, violations bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select 'D1 the numbers of a series have no gaps', count(*)
    from documents.series as s
    left join lateral (
        select count(*) as issued, min(d.sequence) as first, max(d.sequence) as last from documents.document as d
        where d.program_id = s.program_id and d.kind = s.kind and d.year = s.year) as d on true
    where (d.issued, d.first, d.last) is distinct from (s.last_number, 1::bigint, s.last_number)
    union all
    select 'D2 a document says what was accepted, to the point and to the cent', count(*)
    from documents.document as d
    join redemptions.redemption as r using (program_id, redemption_id)
    where d.event_key = 'order'
      and ((d.facts ->> 'points')::bigint, (d.facts ->> 'charged_minor')::bigint)
          is distinct from (r.accepted_points, r.accepted_money_minor)
    union all
    select 'D3 a credit note says what was given back, once an event', count(*)
    from documents.document as d
    left join redemptions.units_back as b
        on b.program_id = d.program_id and b.redemption_id = d.redemption_id
        and b.line_number || ':' || b.event_key = d.event_key
    where d.kind = 'credit_note'
      and ((d.facts ->> 'points')::bigint, (d.facts ->> 'money_minor')::bigint, (d.facts #>> '{lines,0,quantity}')::integer)
          is distinct from (b.points, b.money_minor, b.quantity)
    union all
    select 'D4 a document belongs to the member who redeemed', count(*)
    from documents.document as d
    left join redemptions.redemption as r using (program_id, redemption_id)
    where r.member_id is distinct from d.member_id
$$;

create or replace view documents.invariants as select * from documents.check_invariants();

-- Issued and not in the store for an hour: an alarm's, and a person's to look at.
create or replace view documents.waiting as
select d.program_id, d.document_id, d.redemption_id, d.number, d.state, d.reason, d.issued_at
from documents.document as d
where d.state <> 'ready' and d.issued_at < clock.now() - interval '1 hour';
