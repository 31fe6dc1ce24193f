-- A member opens a case about units of an order's line or about a purchase, says more, sends photos, or takes it back.

-- Internal: what a programme says of cases; what it does not say.
create or replace function cases.policy(program_id integer) returns jsonb language sql stable set search_path = pg_catalog
begin atomic
    select '{"answer_hours": 48, "return_days": 30, "goodwill_monthly_points": 5000, "refund_limit_points": 50000,
             "refund_limit_minor": 20000, "accrual_limit_points": 5000}'::jsonb
           || coalesce((select v.document -> 'casework' from programme.current(policy.program_id) as v), '{}');
end;

-- Which outcomes a case may have: the closed list.
create or replace function cases.outcomes_of(kind text, has_order boolean) returns text[] language sql immutable
return case kind
    when 'not_received' then array['refund_without_return', 'goodwill_points', 'refuse']
    when 'damaged' then array['return_with_label', 'refund_without_return', 'goodwill_points', 'refuse']
    when 'wrong_item' then array['return_with_label', 'refund_without_return', 'goodwill_points', 'refuse']
    when 'changed_mind' then array['return_with_label', 'goodwill_points', 'refuse']
    when 'missing_points' then array['credit_missing_accrual', 'goodwill_points', 'refuse']
    else case when has_order then array['return_with_label', 'refund_without_return', 'goodwill_points', 'refuse']
              else array['goodwill_points', 'refuse'] end end;

-- Internal: tell the member's side of the house. The caller holds the case's row.
create or replace function cases.tell(c cases.member_case, topic text) returns void language sql set search_path = pg_catalog
begin atomic
    select outbox.emit(
        c.program_id, tell.topic, 'case:' || c.case_id, c.case_id,
        jsonb_strip_nulls(jsonb_build_object(
            'case_id', c.case_id, 'member_id', c.member_id, 'kind', c.kind, 'state', c.state, 'outcome', c.outcome,
            'redemption_id', c.redemption_id)));
end;

-- Statuses:
--   ok, replay, key_reuse, key_time
--   unknown_order      not the member's, or nothing of it was ordered
--   too_many_units     more than were ordered and not given back
--   already_open       there is a case about the same
--   too_many_cases     twenty are open
create or replace function cases.open(
    program_id integer, member_id bigint, case_id uuid, kind text, redemption_id uuid, line_number integer,
    quantity integer, partner text, partner_reference text, bought_on date, said text, request_hash bytea
) returns text language plpgsql security definer set search_path = pg_catalog as $$
begin
    return cases.open_as(
        open.program_id, open.member_id, open.case_id, open.kind, open.redemption_id, open.line_number, open.quantity,
        open.partner, open.partner_reference, open.bought_on, open.said, open.request_hash, 'member',
        'member:' || open.member_id);
end
$$;

-- The same for a member who is on the telephone: staff write down what they say. A redemption of a membership that became part
-- of this one is this one's. Statuses also unknown_member, not_approver.
create or replace function cases.open_for_member(
    program_id integer, number text, case_id uuid, kind text, redemption_id uuid, line_number integer, quantity integer,
    partner text, partner_reference text, bought_on date, said text, request_hash bytea, actor text, groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    whose bigint := (select b.member_id from members.by_number(open_for_member.program_id, open_for_member.number) as b
                     where b.state <> 'closed');
begin
    if whose is null then
        return 'unknown_member';
    elsif actor is null or not coalesce(array['support', 'business-operator'] && groups, false) then
        return 'not_approver';
    end if;
    return cases.open_as(
        open_for_member.program_id,
        coalesce((select r.member_id from redemptions.redemption as r
                  where r.program_id = open_for_member.program_id and r.redemption_id = open_for_member.redemption_id
                    and r.member_id = any (members.family(open_for_member.program_id, whose))), whose),
        open_for_member.case_id, open_for_member.kind, open_for_member.redemption_id, open_for_member.line_number,
        open_for_member.quantity, open_for_member.partner, open_for_member.partner_reference, open_for_member.bought_on,
        open_for_member.said, open_for_member.request_hash, 'staff', open_for_member.actor);
end
$$;

-- Internal: opened by its member, or by staff in the member's name.
create or replace function cases.open_as(
    program_id integer, member_id bigint, case_id uuid, kind text, redemption_id uuid, line_number integer,
    quantity integer, partner text, partner_reference text, bought_on date, said text, request_hash bytea, author text,
    actor text
) returns text language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    known cases.member_case;
    c cases.member_case;
    line redemptions.line;
begin
    -- Of one member one at a time: the limit counts.
    perform from members.member as m
    where m.program_id = open_as.program_id and m.member_id = open_as.member_id for no key update;
    select * into known from cases.member_case as k where k.program_id = open_as.program_id and k.case_id = open_as.case_id;
    if found then
        return case when (known.member_id, known.request_hash) = (member_id, request_hash) then 'replay'
                    else 'key_reuse' end;
    elsif not clock.key_is_fresh(case_id) then
        return 'key_time';
    elsif (select count(*) from cases.member_case as k
           where k.program_id = open_as.program_id and k.member_id = open_as.member_id
             and k.state in ('open', 'approval', 'return')) >= 20 then
        return 'too_many_cases';
    end if;
    if redemption_id is not null then
        select l.* into line
        from redemptions.redemption as r
        join redemptions.line as l using (program_id, redemption_id)
        where r.program_id = open_as.program_id and r.redemption_id = open_as.redemption_id and r.member_id = open_as.member_id
          and l.line_number = open_as.line_number and r.state in ('settled', 'closed') and l.accepted_quantity > 0;
        if not found then
            return 'unknown_order';
        elsif quantity > line.accepted_quantity - line.given_back then
            return 'too_many_units';
        end if;
    end if;
    insert into cases.member_case(program_id, case_id, member_id, kind, redemption_id, line_number, quantity, partner,
                                  partner_reference, bought_on, request_hash, opened_at)
    values (program_id, case_id, member_id, kind, redemption_id, line_number, quantity, partner, partner_reference,
            bought_on, request_hash, clock.now())
    on conflict do nothing
    returning * into c;
    if not found then
        return case when exists (select from cases.member_case as k where k.case_id = open_as.case_id) then 'key_reuse'
                    else 'already_open' end;
    end if;
    insert into cases.message(program_id, case_id, message_number, author, actor, text, written_at)
    values (program_id, case_id, 1, author, actor, said, clock.now());
    perform casework.open_case(
        program_id, case_id, kind, coalesce('redemption:' || redemption_id, 'purchase:' || partner), kind,
        jsonb_strip_nulls(jsonb_build_object(
            'member_id', member_id, 'redemption_id', redemption_id, 'line_number', line_number, 'quantity', quantity,
            'partner', partner, 'partner_reference', partner_reference)),
        cases.outcomes_of(kind, redemption_id is not null), array['support', 'business-operator'],
        clock.now() + make_interval(hours => (cases.policy(program_id) ->> 'answer_hours')::integer),
        actor);
    perform cases.tell(c, 'case.opened');
    return 'ok';
end
$$;

-- Internal: the row, locked; a member's own if one is named. All null: there is none.
create or replace function cases.locked(program_id integer, member_id bigint, case_id uuid) returns cases.member_case
language plpgsql set search_path = pg_catalog as $$
declare
    c cases.member_case;
begin
    select * into c from cases.member_case as k
    where k.program_id = locked.program_id and k.case_id = locked.case_id
      and (locked.member_id is null or k.member_id = locked.member_id) for no key update;
    return c;
end
$$;

-- Internal: another message. What has a key is that message however often it is sent (by the same person, with the same words:
-- otherwise key_reuse); what has none is the same one as the last if it says the same.
-- Statuses: ok, replay, key_reuse, key_time (of no time near now), over (the case is closed), too_many.
drop function if exists cases.add_message(cases.member_case, text, text, text);
create or replace function cases.add_message(c cases.member_case, author text, actor text, said text, key uuid default null)
returns text
language plpgsql set search_path = pg_catalog as $$
declare
    last cases.message;
    same cases.message;
begin
    select * into last from cases.message as m
    where m.program_id = c.program_id and m.case_id = c.case_id order by m.message_number desc limit 1;
    select * into same from cases.message as m
    where m.program_id = c.program_id and m.case_id = c.case_id and m.message_key = add_message.key;
    if found then
        return case when (same.actor, same.text) = (add_message.actor, add_message.said) then 'replay' else 'key_reuse' end;
    elsif not clock.key_is_fresh(add_message.key) then
        return 'key_time';
    elsif add_message.key is null and (last.actor, last.text) = (add_message.actor, add_message.said) then
        return 'replay';
    elsif c.state in ('decided', 'withdrawn') then
        return 'over';
    elsif last.message_number >= 100 then
        return 'too_many';
    end if;
    insert into cases.message(program_id, case_id, message_number, author, actor, text, written_at, message_key)
    values (c.program_id, c.case_id, last.message_number + 1, author, actor, said, clock.now(), key);
    perform casework.note(c.program_id, c.case_id, 'message', actor, jsonb_build_object('number', last.message_number + 1));
    if author = 'staff' then
        perform cases.tell(c, 'case.message');
    end if;
    return 'ok';
end
$$;

-- The member says more. Statuses as cases.add_message; not_found.
create or replace function cases.say(program_id integer, member_id bigint, case_id uuid, said text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c cases.member_case := cases.locked(say.program_id, say.member_id, say.case_id);
begin
    if member_id is null or c.case_id is null then
        return 'not_found';
    end if;
    return cases.add_message(c, 'member', 'member:' || say.member_id, say.said);
end
$$;

-- A photo or a label may now be uploaded under that name. Statuses: ok, not_found, over, too_many (8 photos, or 3 labels).
-- `member_id` null is for staff.
create or replace function cases.promise_file(
    program_id integer, member_id bigint, case_id uuid, file_id uuid, purpose text, object_key text, content_type text,
    size_bytes integer, actor text
) returns text language plpgsql set search_path = pg_catalog as $$
declare
    c cases.member_case := cases.locked(promise_file.program_id, promise_file.member_id, promise_file.case_id);
begin
    if c.case_id is null then
        return 'not_found';
    elsif c.state in ('decided', 'withdrawn') then
        return 'over';
    elsif (select count(*) from cases.file as f
           where f.program_id = c.program_id and f.case_id = c.case_id and f.purpose = promise_file.purpose)
          >= (case promise_file.purpose when 'photo' then 8 else 3 end) then
        return 'too_many';
    end if;
    insert into cases.file(program_id, case_id, file_id, purpose, object_key, content_type, size_bytes, added_by, added_at)
    values (program_id, case_id, file_id, purpose, object_key, content_type, size_bytes, actor, clock.now());
    perform casework.note(c.program_id, c.case_id, purpose, actor, jsonb_build_object('file_id', file_id));
    return 'ok';
end
$$;
create or replace function cases.promise_photo(
    program_id integer, member_id bigint, case_id uuid, file_id uuid, object_key text, content_type text, size_bytes integer
) returns text language plpgsql security definer set search_path = pg_catalog as $$
begin
    if promise_photo.member_id is null then
        return 'not_found';
    end if;
    return cases.promise_file(
        promise_photo.program_id, promise_photo.member_id, promise_photo.case_id, promise_photo.file_id, 'photo',
        promise_photo.object_key, promise_photo.content_type, promise_photo.size_bytes, 'member:' || promise_photo.member_id);
end
$$;
create or replace function cases.promise_label(
    program_id integer, case_id uuid, file_id uuid, object_key text, content_type text, size_bytes integer, actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
begin
    return cases.promise_file(
        promise_label.program_id, null, promise_label.case_id, promise_label.file_id, 'label', promise_label.object_key,
        promise_label.content_type, promise_label.size_bytes, promise_label.actor);
end
$$;

-- Whether an uploaded file is what it says; looked at whenever it is shown. Once bad, it stays so.
create or replace function cases.looked_at(program_id integer, case_id uuid, file_id uuid, good boolean) returns void
language sql security definer set search_path = pg_catalog
begin atomic
    update cases.file as f
    set state = case when looked_at.good then 'good' else 'bad' end, looked_at = clock.now(), row_xid = pg_current_xact_id()
    where f.program_id = looked_at.program_id and f.case_id = looked_at.case_id and f.file_id = looked_at.file_id
      and f.state <> 'bad' and f.state <> case when looked_at.good then 'good' else 'bad' end;
end;

-- The member takes it back; also while goods would be on their way: then they stay. Statuses: ok, replay, not_found, over.
create or replace function cases.withdraw(program_id integer, member_id bigint, case_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    c cases.member_case := cases.locked(withdraw.program_id, withdraw.member_id, withdraw.case_id);
begin
    if withdraw.member_id is null or c.case_id is null then
        return 'not_found';
    elsif c.state = 'withdrawn' then
        return 'replay';
    elsif c.state = 'decided' then
        return 'over';
    end if;
    update cases.member_case as k set state = 'withdrawn', decided_at = clock.now(), row_xid = pg_current_xact_id()
    where k.program_id = c.program_id and k.case_id = c.case_id;
    perform casework.close(c.program_id, c.case_id, 'withdrawn', null, 'member:' || c.member_id);
    perform casework.note(c.program_id, c.case_id, 'withdrawn', 'member:' || c.member_id);
    return 'ok';
end
$$;
