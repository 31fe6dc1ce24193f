-- A member gives a telephone number and proves it with a code that comes there. SMS cost money and reach strangers: codes are
-- counted by member and by number, whoever asks.

-- Statuses: send (to the number, in `language`), unchanged (it is theirs already), too_soon, too_many (for this member or to
-- this number in 24 hours), locked (wrong codes too often). A new code replaces the last.
create or replace function members.start_phone(
    p_program_id integer, p_member_id bigint, p_phone text, p_salt bytea, p_code_hash bytea, p_minutes integer,
    p_codes_per_day integer, p_failures integer, p_lock_hours integer
) returns table (status text, language text)
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
    v_last timestamptz;
    v_today bigint;
    v_failures bigint;
begin
    select * into m from members.member
     where program_id = p_program_id and member_id = p_member_id for no key update;
    -- Members of everywhere who ask for the same number wait for each other here.
    perform pg_advisory_xact_lock(hashtextextended('phone ' || p_phone, 720));
    if m.phone = p_phone then
        return query select 'unchanged', m.language;
        return;
    end if;
    delete from members.phone_code c
     where c.program_id = p_program_id and c.member_id = p_member_id
       and c.sent_at < clock.now() - make_interval(hours => greatest(p_lock_hours, 24));
    select max(c.sent_at), count(*) filter (where c.sent_at > clock.now() - interval '24 hours'),
           coalesce(sum(c.failures) filter (where c.sent_at > clock.now() - make_interval(hours => p_lock_hours)), 0)
      into v_last, v_today, v_failures
      from members.phone_code c where c.program_id = p_program_id and c.member_id = p_member_id;
    if v_failures >= p_failures then
        return query select 'locked', m.language;
        return;
    elsif v_last > clock.now() - interval '30 seconds' then
        return query select 'too_soon', m.language;
        return;
    elsif v_today >= p_codes_per_day or p_codes_per_day <= (
            select count(*) from members.phone_code c
             where c.phone = p_phone and c.sent_at > clock.now() - interval '24 hours') then
        return query select 'too_many', m.language;
        return;
    end if;
    insert into members.phone_code(program_id, member_id, code_id, phone, salt, code_hash, sent_at, expires_at)
    values (p_program_id, p_member_id, clock.new_id(), p_phone, p_salt, p_code_hash, clock.now(),
            clock.now() + make_interval(mins => p_minutes));
    return query select 'send', m.language;
end;
$$;

-- Statuses: ok (again: the same), refused (wrong, too late, too often, none was sent: which is not told). From then on the
-- number is the member's, and the contact of before is told (keep_contact).
create or replace function members.confirm_phone(
    p_program_id integer, p_member_id bigint, p_code text, p_failures integer, p_lock_hours integer
) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    m members.member;
    c members.phone_code;
    v_failures bigint;
begin
    select * into m from members.member
     where program_id = p_program_id and member_id = p_member_id for no key update;
    select * into c from members.phone_code o
     where o.program_id = p_program_id and o.member_id = p_member_id order by o.sent_at desc, o.code_id desc limit 1;
    select coalesce(sum(o.failures), 0) into v_failures from members.phone_code o
     where o.program_id = p_program_id and o.member_id = p_member_id
       and o.sent_at > clock.now() - make_interval(hours => p_lock_hours);
    if c.code_id is null or v_failures >= p_failures then
        return 'refused';
    elsif c.code_hash <> sha256(c.salt || convert_to(p_code, 'UTF8')) then
        update members.phone_code o set failures = o.failures + 1, row_xid = pg_current_xact_id()
         where o.program_id = c.program_id and o.member_id = c.member_id and o.code_id = c.code_id;
        return 'refused';
    elsif c.used_at is not null and m.phone = c.phone then
        return 'ok';
    elsif c.used_at is not null or c.expires_at <= clock.now() then
        return 'refused';
    end if;
    update members.phone_code o set used_at = clock.now(), row_xid = pg_current_xact_id()
     where o.program_id = c.program_id and o.member_id = c.member_id and o.code_id = c.code_id;
    update members.member set phone = c.phone, row_xid = pg_current_xact_id()
     where program_id = p_program_id and member_id = p_member_id;
    return 'ok';
end;
$$;

grant execute on function
    members.start_phone(integer, bigint, text, bytea, bytea, integer, integer, integer, integer),
    members.confirm_phone(integer, bigint, text, integer, integer)
to member_api;
