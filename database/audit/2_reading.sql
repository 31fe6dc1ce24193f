-- A page of the log, newest first. A filter that is null lets everything through; `p_before` is where the last page ended.
-- `p_about`: a member's number, or whatever id the address named. `p_changes`: true without looks, false only looks.
create or replace function audit.page(
    p_program_id integer, p_actor text, p_action text, p_about text, p_changes boolean, p_from timestamptz,
    p_until timestamptz, p_before uuid, p_page_size integer
) returns table (
    entry_id uuid, at timestamptz, actor text, groups text[], action text, subjects text[], member_number text,
    detail jsonb, status integer, code text, correlation_id text
)
language sql stable security definer set search_path = pg_catalog as $$
    select e.entry_id, e.at, e.actor, e.groups, e.action, e.subjects, o.member_number, e.detail, o.status, o.code,
           e.correlation_id
      from audit.entry e
      left join audit.outcome o using (program_id, entry_id)
     where e.program_id = p_program_id
       and (p_before is null or e.entry_id < p_before)
       and (p_actor is null or e.actor = p_actor)
       and (p_action is null or e.action = p_action)
       and (p_about is null
            or e.entry_id in (select s.entry_id from audit.entry s
                               where s.program_id = p_program_id and s.subjects @> array[p_about]
                              union all
                              select m.entry_id from audit.outcome m
                               where m.program_id = p_program_id and m.member_number = p_about))
       and (p_changes is null or p_changes = (e.action not like 'GET %'))
       and (p_from is null or e.at >= p_from)
       and (p_until is null or e.at < p_until)
     order by e.entry_id desc
     limit p_page_size
$$;
