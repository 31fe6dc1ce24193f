-- What is kept no longer than loyalty/privacy/retention.py says; a rule a call, a piece at a time.

-- Internal: a rule's rows, of all programmes, older than so many days. What is a member's stays while a legal hold stands. How many
-- went.
create or replace function privacy.remove_old(rule text, days integer, most integer) returns bigint
language plpgsql set search_path = pg_catalog as $$
declare
    before timestamptz := clock.now() - make_interval(days => remove_old.days);
    how_many bigint;
begin
    case remove_old.rule
    when 'phone_codes' then
        delete from members.phone_code as c where c.ctid = any (array(
            select o.ctid from members.phone_code as o where o.sent_at < before
              and not exists (select from members.all_held() as h where h.program_id = o.program_id and h.member_id = o.member_id)
            limit remove_old.most for update skip locked));
    when 'claim_codes' then
        delete from members.claim as c where c.ctid = any (array(
            select o.ctid from members.claim as o where o.expires_at < before
              and not exists (select from members.all_held() as h where h.program_id = o.program_id and h.member_id = o.member_id)
            limit remove_old.most for update skip locked));
    when 'simulations' then
        delete from simulation.job as j where j.ctid = any (array(
            select o.ctid from simulation.job as o where o.requested_at < before limit remove_old.most for update skip locked));
    when 'catalogue_views' then
        return interactions.remove_old(before, remove_old.most);
    when 'step_up_codes' then
        delete from redemptions.step_up_code as c where c.ctid = any (array(
            select o.ctid from redemptions.step_up_code as o where o.sent_at < before
              and not exists (select from members.all_held() as h where h.program_id = o.program_id and h.member_id = o.member_id)
            limit remove_old.most for update skip locked));
    when 'past_contacts' then
        -- That it changed, and when, is still asked; what it was is not.
        update members.past_contact as c set contact = null, row_xid = pg_current_xact_id() where c.ctid = any (array(
            select o.ctid from members.past_contact as o
            where o.changed_at < before and o.contact is not null
              and not exists (select from members.all_held() as h where h.program_id = o.program_id and h.member_id = o.member_id)
            limit remove_old.most for update skip locked));
    when 'message_facts' then
        update notifications.message as m
        set facts = '{}', row_xid = pg_current_xact_id(),
            payload = case when m.payload ? 'warning_id' then jsonb_build_object('warning_id', m.payload -> 'warning_id') else '{}' end
        where m.ctid = any (array(
            select o.ctid from notifications.message as o
            where o.created_at < before and o.state not in ('queued', 'sending')
              and (o.facts <> '{}' or o.payload - 'warning_id' <> '{}')
              and not exists (select from members.all_held() as h where h.program_id = o.program_id and h.member_id = o.member_id)
            limit remove_old.most for update skip locked));
    when 'case_words' then
        update cases.message as m set text = '(erased)', row_xid = pg_current_xact_id() where m.ctid = any (array(
            select o.ctid from cases.message as o join cases.member_case as c using (program_id, case_id)
            where c.decided_at < before and o.text <> '(erased)'
              and not exists (select from members.all_held() as h where h.program_id = c.program_id and h.member_id = c.member_id)
            limit remove_old.most for update of o skip locked));
    end case;
    get diagnostics how_many = row_count;
    return how_many;
end
$$;

-- One piece of one rule, noted by day. How many went; 0 also when it is not yet time to look again, which is a day after
-- there was nothing more.
create or replace function privacy.apply_retention(rule text, days integer, most integer) returns bigint
language plpgsql security definer set search_path = pg_catalog as $$
declare
    how_many bigint;
begin
    if not privacy.is_due(apply_retention.rule) then
        return 0;
    end if;
    how_many := privacy.remove_old(apply_retention.rule, greatest(apply_retention.days, 1), apply_retention.most);
    if how_many > 0 then
        perform privacy.note_removed(apply_retention.rule, how_many);
    end if;
    if how_many < apply_retention.most then
        perform privacy.look_tomorrow(apply_retention.rule);
    end if;
    return how_many;
end
$$;

-- Internal.
create or replace function privacy.is_due(rule text) returns boolean language sql stable set search_path = pg_catalog as $$
    select not exists (select from privacy.retention_mark as m where m.rule = is_due.rule and m.due_at > clock.now())
$$;
create or replace function privacy.look_tomorrow(rule text) returns void language sql set search_path = pg_catalog as $$
    insert into privacy.retention_mark as m (rule, due_at) values (look_tomorrow.rule, clock.now() + interval '1 day')
    on conflict (rule) do update set due_at = excluded.due_at, row_xid = pg_current_xact_id()
$$;

-- Internal.
create or replace function privacy.note_removed(rule text, removed bigint) returns void
language sql set search_path = pg_catalog as $$
    insert into privacy.retention_run as r (rule, day, removed, last_at)
    values (note_removed.rule, clock.now()::date, note_removed.removed, clock.now())
    on conflict (rule, day) do update
    set removed = r.removed + excluded.removed, last_at = excluded.last_at, row_xid = pg_current_xact_id()
$$;

-- PDFs that nobody has to keep any more, of everybody of whom no legal hold stands; once a day.
create or replace function privacy.documents_to_remove(most integer)
returns table (program_id integer, document_id uuid, object_key text)
language plpgsql security definer set search_path = pg_catalog as $$
begin
    if not privacy.is_due('documents') then
        return;
    end if;
    return query
    select d.program_id, d.document_id, d.object_key from documents.document as d
    where d.issued_at < clock.now() - interval '10 years' and privacy.keep_document_until(d.issued_at) <= clock.now()::date
      and not exists (select from privacy.removed_document as x
                      where x.program_id = d.program_id and x.document_id = d.document_id)
      and not exists (select from members.all_held() as h where h.program_id = d.program_id and h.member_id = d.member_id)
    order by d.issued_at limit documents_to_remove.most;
    if not found then
        perform privacy.look_tomorrow('documents');
    end if;
end
$$;

-- Its PDF is gone; an erased member's receipt says so when it was the last.
create or replace function privacy.document_removed(program_id integer, document_id uuid) returns void
language plpgsql security definer set search_path = pg_catalog as $$
begin
    insert into privacy.removed_document(program_id, document_id, removed_at)
    values (document_removed.program_id, document_removed.document_id, clock.now()) on conflict do nothing;
    if found then
        perform privacy.note_removed('documents', 1);
    end if;
    update privacy.receipt as r
    set state = 'done', until = null, at = clock.now(), row_xid = pg_current_xact_id()
    from documents.document as d
    join privacy.erasure as e using (program_id, member_id)
    where d.program_id = document_removed.program_id and d.document_id = document_removed.document_id
      and r.program_id = e.program_id and r.erasure_id = e.erasure_id and r.store = 'documents' and r.state = 'kept'
      and not exists (select from documents.document as o
                      where o.program_id = e.program_id and o.member_id = e.member_id
                        and not exists (select from privacy.removed_document as x
                                        where x.program_id = o.program_id and x.document_id = o.document_id));
end
$$;

-- What the job removed, newest day first.
create or replace function privacy.retention_runs(days integer)
returns table (rule text, day date, removed bigint, last_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select r.rule, r.day, r.removed, r.last_at from privacy.retention_run as r
    where r.day > clock.now()::date - retention_runs.days order by r.day desc, r.rule
$$;
