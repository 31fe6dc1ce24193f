-- Notifications: what members are told and where they want it. Holds ids, amounts and choices; contacts stay with members.
create schema notifications;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['shipment_notification', 'notification_feedback', 'points_notices'] loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- What a member chose, by channel and kind; never changed, the newest counts. Marketing is apart from service.
create table notifications.consent (
    program_id integer not null references programme.program,
    member_id bigint not null,
    entry bigint not null generated always as identity,
    channel text not null check (channel in ('email', 'sms')),
    kind text not null check (kind in ('orders', 'points', 'marketing')),
    wanted boolean not null,
    source text not null check (source in ('member', 'staff', 'import', 'complaint', 'sms_stop', 'sms_start')),
    given_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, channel, kind, entry)
);

-- Why nothing is sent to a contact whatever was chosen; never changed, the newest counts, and only for the contact it is
-- about: `about_at` is when that contact was in use.
create table notifications.suppression (
    program_id integer not null references programme.program,
    member_id bigint not null,
    entry bigint not null generated always as identity,
    channel text not null check (channel in ('email', 'sms')),
    suppressed boolean not null,
    reason text not null check (reason in ('bounced', 'stopped', 'opted_out', 'confirmed', 'started')),
    about_at timestamptz not null,
    noted_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, channel, entry)
);

create function notifications.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'notifications.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on notifications.consent
    for each row execute function notifications.refuse_change();
create trigger append_only_whole before truncate on notifications.consent
    execute function notifications.refuse_change();
create trigger append_only before update or delete on notifications.suppression
    for each row execute function notifications.refuse_change();
create trigger append_only_whole before truncate on notifications.suppression
    execute function notifications.refuse_change();

-- One message on one channel; at most one for an event. queued: may be sent. sending: somebody is at it, or died at it.
-- sent: the provider has it. delivered, bounced: what it said later. unknown: nobody can say whether it was sent; it is
-- not sent again. suppressed: not to be sent, with the reason. failed: the provider refused it for good.
create table notifications.message (
    program_id integer not null references programme.program,
    message_id uuid not null,
    member_id bigint not null,
    event_id uuid not null,
    channel text not null check (channel in ('email', 'sms')),
    template text not null,
    kind text not null,
    -- What it is about (a parcel, a redemption), and how far that has come: what came later is not followed by the earlier.
    about text,
    stage integer not null default 0,
    language text,
    state text not null default 'queued' check (state in
        ('queued', 'sending', 'sent', 'delivered', 'bounced', 'unknown', 'suppressed', 'failed')),
    reason text check (length(reason) <= 100),
    payload jsonb not null,
    -- What was said: amounts, and the balance with the version of the account at which it was read.
    facts jsonb not null default '{}',
    parts integer,
    attempts integer not null default 0,
    occurred_at timestamptz not null,
    created_at timestamptz not null,
    sending_at timestamptz,
    sent_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, message_id),
    unique (program_id, event_id, channel)
);
create index message_member on notifications.message (program_id, member_id, created_at);
create index message_open on notifications.message (created_at) where state in ('queued', 'sending');
create index message_about on notifications.message (program_id, about, channel) where about is not null;
create index message_lost on notifications.message (program_id, created_at) where state in ('unknown', 'failed');

-- What was earned on a day and is told on the next.
create table notifications.digest (
    program_id integer not null references programme.program,
    member_id bigint not null,
    day date not null,
    earned bigint not null check (earned > 0),
    told_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, day)
);
create index digest_waiting on notifications.digest (program_id, day) where told_at is null;

-- How far the journal has been read; below it every transaction was. What is in it already is not told.
create table notifications.journal_mark (
    one boolean primary key default true check (one),
    below xid8 not null,
    row_xid xid8 not null default pg_current_xact_id()
);
insert into notifications.journal_mark(below) values (pg_snapshot_xmin(pg_current_snapshot()));

-- The day's walk over a programme's members in search of points that lapse, and how far it has come.
create table notifications.expiry_walk (
    program_id integer primary key references programme.program,
    day date not null,
    after_member_id bigint not null,
    done boolean not null,
    row_xid xid8 not null default pg_current_xact_id()
);

-- Said once for each lot and stage (days before); a later stage makes an earlier one superfluous.
create table notifications.expiry_warning (
    program_id integer not null references programme.program,
    member_id bigint not null,
    expires_on date not null,
    stage integer not null check (stage in (60, 30, 7)),
    amount bigint not null check (amount > 0),
    warning_id uuid not null,
    warned_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, expires_on, stage)
);
create index expiry_warning_open on notifications.expiry_warning (program_id, expires_on);

-- The contacts a member had before, each until it was changed.
create table members.past_contact (
    program_id integer not null,
    member_id bigint not null,
    change_id uuid not null,
    channel text not null check (channel in ('email', 'sms')),
    contact text,
    changed_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, member_id, channel, change_id),
    foreign key (program_id, member_id) references members.member (program_id, member_id)
);
-- Whose number says STOP.
create index member_phone on members.member (phone) where phone is not null;
