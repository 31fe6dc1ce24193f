-- What people do with an invoice that did not pass by itself. Staff of finance and of business operations may.
--
-- Statuses of both: ok, unknown_invoice, not_approver, not_open (it is not in review), and
--   stale          another revision is there by now
--   replay         the same person did just this before
--   incomplete     it is only a draft yet
--   differs        something stands against it: correct it, or approve the difference
--   nothing_differs  there is no difference to approve: approve it
--   same_person    whoever corrected it does not approve what differs still
--   number_taken   the ERP has another one of this number
--   no_reason      say why
--   too_late       the ERP has it, or is being sent it

-- Internal: null, or why this person may not.
create or replace function invoices.may_review(p_actor text, p_groups text[]) returns text language sql immutable
return case when p_actor is null or not coalesce(array['finance', 'business-operator'] && p_groups, false) then 'not_approver' end;

-- Internal: the fields of a content, one a row; lists of words whole.
create or replace function invoices.fields_of(p_content jsonb) returns table (field text, value jsonb)
language sql immutable set search_path = pg_catalog as $$
    select k.key, k.value from jsonb_each(p_content) k where k.key not in ('lines', 'tax_lines')
    union all
    select concat_ws('.', list.name, l.position - 1, k.key), k.value
    from (values ('lines'), ('tax_lines')) as list(name)
    cross join lateral jsonb_array_elements(coalesce(nullif(p_content -> list.name, 'null'), '[]'))
        with ordinality as l(line, position)
    cross join lateral jsonb_each(l.line) k
$$;

-- Internal: a value as samples compare it: what is empty, or said of itself, is as if it was not there.
create or replace function invoices.said(p_value jsonb) returns jsonb language sql immutable
return case when p_value in ('null', '""', '[]', '0') then null else p_value end;

-- Internal: each field that a person put another value into, with what was printed there and how sure the reading was.
create or replace function invoices.keep_samples(i invoices.invoice, p_content jsonb, p_actor text) returns integer
language plpgsql set search_path = pg_catalog as $$
declare
    v_many integer;
begin
    insert into invoices.correction (
        program_id, invoice_id, revision, field, document_id, printed, confidence, read, corrected, corrected_by, corrected_at)
    select i.program_id, i.invoice_id, i.revision + 1, f.field, i.document_id, left(s.value ->> 'printed', 500),
           (s.value ->> 'confidence')::real, was.value, now_.value, p_actor, clock.now()
    from (select a.field from invoices.fields_of(coalesce(i.content, i.draft)) a
          union select b.field from invoices.fields_of(p_content) b) f
    left join invoices.fields_of(coalesce(i.content, i.draft)) was using (field)
    left join invoices.fields_of(p_content) now_ using (field)
    left join lateral (
        select x as value from jsonb_array_elements(i.seen) x where x ->> 'name' = f.field limit 1) s on true
    where invoices.said(was.value) is distinct from invoices.said(now_.value)
      and f.field ~ '^[a-z_]+(\.[0-9]+(\.[a-z_]+)?)?$';
    get diagnostics v_many = row_count;
    return v_many;
end
$$;

-- What is printed, as a person says who looked at this revision; `p_findings`: what validating it again found. It is matched again,
-- and stays in review.
create or replace function invoices.correct(
    p_program_id integer, p_invoice_id uuid, p_revision integer, p_content jsonb, p_findings jsonb, p_actor text, p_groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    i invoices.invoice;
    v_samples integer;
begin
    if invoices.may_review(p_actor, p_groups) is not null then
        return 'not_approver';
    end if;
    perform invoices.take_turn(p_program_id);
    select * into i from invoices.invoice v
    where v.program_id = p_program_id and v.invoice_id = p_invoice_id for update;
    if not found then
        return 'unknown_invoice';
    elsif i.state <> 'review' then
        return 'not_open';
    elsif i.revision = p_revision + 1 and i.corrected_by = p_actor and i.content = p_content then
        return 'replay';
    elsif i.revision <> p_revision then
        return 'stale';
    end if;
    v_samples := invoices.keep_samples(i, p_content, p_actor);
    update invoices.invoice v
    set revision = v.revision + 1, corrected_by = p_actor, read_findings = coalesce(p_findings, '[]')
    where v.program_id = i.program_id and v.invoice_id = i.invoice_id returning v.* into i;
    i := invoices.say(i, p_content, null);
    update invoices.invoice v set findings = invoices.found(i), judged_at = clock.now()
    where v.program_id = i.program_id and v.invoice_id = i.invoice_id;
    perform casework.note(i.program_id, i.case_id, 'corrected', p_actor, jsonb_build_object('fields', v_samples));
    perform invoices.note(i.program_id, i.invoice_id, 'corrected', p_actor, jsonb_build_object(
        'fields', v_samples, 'revision', i.revision));
    return 'ok';
end
$$;

-- Internal: without it there is more credited than invoiced of something on it, or more invoiced than has left.
create or replace function invoices.is_built_upon(i invoices.invoice) returns boolean
language sql stable set search_path = pg_catalog as $$
    select i.content is not null and exists (
        select from invoices.compared(i) c
        where case i.kind when 'invoice' then c.credited > c.invoiced
              else c.credited < c.invoiced and c.invoiced - c.credited > c.shipped end)
$$;

-- approve: nothing stands against it any more. approve_difference: it is paid although something does; with a reason, and not by
-- anybody who corrected it. refuse: it is not paid; with a reason. take_back: what was approved and the ERP has not been sent, or
-- what was refused, is in review again. `p_revision`: which one the person looked at, null: not said.
drop function if exists invoices.decide(integer, uuid, text, text, text, text[]);
create or replace function invoices.decide(
    p_program_id integer, p_invoice_id uuid, p_decision text, p_reason text, p_actor text, p_groups text[],
    p_revision integer default null
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    i invoices.invoice;
    v_reason text := left(btrim(p_reason), 500);
    v_case uuid;
    v_found jsonb;
    v_blocks boolean;
    v_said text;
begin
    if invoices.may_review(p_actor, p_groups) is not null then
        return 'not_approver';
    elsif p_decision in ('refuse', 'approve_difference') and coalesce(v_reason, '') = '' then
        return 'no_reason';
    end if;
    perform invoices.take_turn(p_program_id);
    if p_decision = 'take_back' then
        return invoices.take_back(p_program_id, p_invoice_id, v_reason, p_actor);
    end if;
    select * into i from invoices.invoice v
    where v.program_id = p_program_id and v.invoice_id = p_invoice_id for update;
    if not found then
        return 'unknown_invoice';
    elsif i.state <> 'review' then
        return case when i.decided_by = p_actor and i.state = case when p_decision = 'refuse' then 'refused' else 'approved' end
                         and i.differs = (p_decision = 'approve_difference') then 'replay' else 'not_open' end;
    end if;
    if i.revision <> p_revision then
        return 'stale';
    end if;
    if p_decision = 'refuse' and invoices.is_built_upon(i) and exists (
        select from invoices.event e
        where e.program_id = i.program_id and e.invoice_id = i.invoice_id and e.kind = 'posting_refused') then
        return 'built_upon';
    end if;
    v_case := i.case_id;
    if p_decision in ('approve', 'approve_difference') then
        v_found := invoices.found(i);
        v_blocks := exists (select from jsonb_array_elements(v_found) f where invoices.blocks(f ->> 'code'));
        v_said := case
            when i.content is null then 'incomplete'
            when v_blocks and p_decision = 'approve' then 'differs'
            when not v_blocks and p_decision = 'approve_difference' then 'nothing_differs'
            when p_decision = 'approve_difference' and exists (
                select from invoices.correction c
                where c.program_id = i.program_id and c.invoice_id = i.invoice_id and c.corrected_by = p_actor) then 'same_person'
            when exists (select from invoices.invoice o
                         where o.program_id = i.program_id and o.kind = i.kind and o.number = i.number
                           and o.invoice_id <> i.invoice_id and o.state in ('approved', 'posted')) then 'number_taken' end;
        if v_said is not null then
            update invoices.invoice v set findings = v_found, judged_at = clock.now(), row_xid = pg_current_xact_id()
            where v.program_id = i.program_id and v.invoice_id = i.invoice_id and v.findings <> v_found;
            return v_said;
        end if;
    elsif p_decision is distinct from 'refuse' then
        raise exception 'unknown decision' using errcode = '22023';
    end if;
    begin
        v_said := casework.decide_case(i.program_id, v_case, p_decision, p_actor, p_groups);
        if v_said <> 'ok' then
            return v_said;
        elsif p_decision = 'refuse' then
            update invoices.invoice v
            set state = 'refused', reason = v_reason, decided_by = p_actor, decided_at = clock.now(), case_id = null,
                row_xid = pg_current_xact_id()
            where v.program_id = i.program_id and v.invoice_id = i.invoice_id;
            perform invoices.note(i.program_id, i.invoice_id, 'refused', p_actor);
        else
            i := invoices.approve(i, v_found, p_actor, p_decision = 'approve_difference');
            if v_reason <> '' then
                update invoices.invoice v set reason = v_reason where v.program_id = i.program_id and v.invoice_id = i.invoice_id;
            end if;
        end if;
    -- The ERP's documents know another one of it.
    exception when unique_violation then
        return 'number_taken';
    end;
    return 'ok';
end
$$;

-- Internal: the ERP is asked first, which locks its document as the gateway does; then the invoice.
create or replace function invoices.take_back(p_program_id integer, p_invoice_id uuid, p_reason text, p_actor text) returns text
language plpgsql set search_path = pg_catalog as $$
declare
    i invoices.invoice;
begin
    select * into i from invoices.invoice v where v.program_id = p_program_id and v.invoice_id = p_invoice_id;
    if not found then
        return 'unknown_invoice';
    elsif i.state = 'posted' then
        return 'too_late';
    elsif i.state not in ('approved', 'refused') then
        return 'not_open';
    elsif i.state = 'approved' and invoices.is_built_upon(i) then
        return 'built_upon';
    elsif i.state = 'approved' and not erp.take_back(i.program_id, i.kind, i.invoice_id) then
        return 'too_late';
    end if;
    select * into i from invoices.invoice v
    where v.program_id = p_program_id and v.invoice_id = p_invoice_id for update;
    if i.state not in ('approved', 'refused') then
        return 'too_late';
    end if;
    perform invoices.note(i.program_id, i.invoice_id, 'taken_back', p_actor);
    perform invoices.ask(i, invoices.found(i));
    return 'ok';
end
$$;
