-- What comes back: delivered, bounced, complained of; and STOP from a telephone.

-- `outcome`: delivered, bounced (for good: nothing more to this address), soft_bounced, complained (no more advertising).
-- Answers whether the message is known. Twice is once; a delivery after a bounce changes nothing.
create or replace function notifications.came_back(program_id integer, message_id uuid, outcome text) returns boolean
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    m notifications.message;
begin
    select * into m from notifications.message as one
    where one.program_id = came_back.program_id and one.message_id = came_back.message_id
    for no key update;
    if not found or m.channel <> 'email' then return false; end if;
    case outcome
        when 'delivered' then
            update notifications.message as one set state = 'delivered', row_xid = pg_current_xact_id()
            where one.program_id = m.program_id and one.message_id = m.message_id
              and one.state in ('sending', 'sent', 'unknown');
        when 'bounced', 'soft_bounced' then
            update notifications.message as one
            set state = 'bounced', reason = came_back.outcome, row_xid = pg_current_xact_id()
            where one.program_id = m.program_id and one.message_id = m.message_id;
            if outcome = 'bounced' and m.reason is distinct from 'bounced' then
                insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at, noted_at)
                values (m.program_id, m.member_id, 'email', true, 'bounced', coalesce(m.sending_at, clock.now()),
                        clock.now());
            end if;
        when 'complained' then
            perform notifications.choose(m.program_id, m.member_id,
                                         '[{"channel": "email", "kind": "marketing", "wanted": false}]', 'complaint');
        else raise exception 'no outcome %', outcome using errcode = '22023';
    end case;
    return true;
end
$$;

-- A telephone said STOP or START: for every member who has the number. How many.
create or replace function notifications.heard(phone text, stop boolean) returns integer
language plpgsql security definer set search_path = pg_catalog as $$
declare
    who record;
    counted integer := 0;
begin
    for who in select b.program_id, b.member_id from members.by_phone(heard.phone) as b loop
        counted := counted + 1;
        insert into notifications.suppression(program_id, member_id, channel, suppressed, reason, about_at, noted_at)
        values (who.program_id, who.member_id, 'sms', heard.stop, case when heard.stop then 'stopped' else 'started' end,
                clock.now(), clock.now());
        perform notifications.choose(
            who.program_id, who.member_id,
            case when heard.stop
                 then '[{"channel": "sms", "kind": "orders", "wanted": false},
                        {"channel": "sms", "kind": "points", "wanted": false},
                        {"channel": "sms", "kind": "marketing", "wanted": false}]'::jsonb
                 else '[{"channel": "sms", "kind": "orders", "wanted": true}]'::jsonb end,
            case when heard.stop then 'sms_stop' else 'sms_start' end);
    end loop;
    return counted;
end
$$;
