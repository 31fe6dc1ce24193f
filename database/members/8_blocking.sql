-- A member who may not redeem, by staff's word; it can be undone. Whoever is blocked keeps what is theirs, earns, and may look;
-- what has not been ordered yet is turned back by the machine, what is ordered goes on.

-- Statuses: blocked, replay (it is), unknown_member, closed.
create or replace function members.block(p_program_id integer, p_number text, p_reason text, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
begin
    select * into m from members.member where program_id = p_program_id and number = p_number for no key update;
    if not found then return 'unknown_member'; end if;
    if m.state <> 'active' then return case m.state when 'blocked' then 'replay' else 'closed' end; end if;
    update members.member set state = 'blocked', row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = m.member_id;
    perform members.note_block(m, 'blocked', p_reason, p_actor);
    return 'blocked';
end;
$$;

-- Statuses: unblocked, not_blocked, unknown_member.
create or replace function members.unblock(p_program_id integer, p_number text, p_reason text, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
begin
    select * into m from members.member where program_id = p_program_id and number = p_number for no key update;
    if not found then return 'unknown_member'; end if;
    if m.state <> 'blocked' then return 'not_blocked'; end if;
    update members.member set state = 'active', row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = m.member_id;
    perform members.note_block(m, 'unblocked', p_reason, p_actor);
    return 'unblocked';
end;
$$;

-- Internal: kept, and said outside without the reason.
create or replace function members.note_block(m members.member, kind text, reason text, actor text) returns void
language plpgsql set search_path = pg_catalog as $$
declare
    event_id constant uuid := clock.new_id();
begin
    insert into members.block(program_id, member_id, event_id, kind, reason, actor, occurred_at)
    values (m.program_id, m.member_id, event_id, note_block.kind, note_block.reason, note_block.actor, clock.now());
    perform outbox.emit(m.program_id, 'member.' || note_block.kind, m.member_id::text, event_id,
                        jsonb_build_object('member_id', m.member_id));
end;
$$;

-- Support puts a mail address or a language right; the contact of before is told (keep_contact), and codes that are on their way to it
-- are worth nothing any more. Statuses: changed, unchanged, unknown_member, closed.
create or replace function members.correct_contact(
    p_program_id integer, p_number text, p_email text, p_language text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
begin
    select * into m from members.member where program_id = p_program_id and number = p_number for no key update;
    if not found then return 'unknown_member'; end if;
    if m.state = 'closed' then return 'closed'; end if;
    if coalesce(p_email, m.email) = m.email and coalesce(p_language, m.language) = m.language then return 'unchanged'; end if;
    update members.member
       set email = coalesce(p_email, email), language = coalesce(p_language, language), row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = m.member_id;
    if p_email <> m.email then
        delete from members.claim where program_id = p_program_id and member_id = m.member_id;
    end if;
    return 'changed';
end;
$$;

grant execute on function
    members.block(integer, text, text, text),
    members.unblock(integer, text, text, text),
    members.correct_contact(integer, text, text, text)
to manager_api;
