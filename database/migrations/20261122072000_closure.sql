-- Members remove addresses and close their accounts.

-- No longer among the member's addresses; orders that went there still know it.
alter table members.address add column removed_at timestamptz;

-- What a member who has gone still owed: the books know it.
alter table reports.movement drop constraint movement_event_check;
alter table reports.movement add constraint movement_event_check check (event in (
    'opened', 'granted', 'reversed', 'withdrawn', 'owed', 'written_off', 'forgiven', 'repaid', 'repaid_pending',
    'repaid_granted', 'repaid_transferred', 'redeemed', 'restored', 'lapsed', 'delivered', 'returned'));

-- ---- closing an account --------------------------------------------------------------------------------------------

do $$
begin
    if not exists (select from pg_roles where rolname = 'closure') then create role closure login; end if;
    if exists (select from pg_roles where rolname = 'rds_iam') then grant rds_iam to closure; end if;
end
$$;

-- Since when the member is leaving; null: is not. The state stays active: undone, everything is as it was.
alter table members.member add column closing_since timestamptz;

-- Accounts that are closed, undone or gone. Holds ids and times.
create schema closure;
create table closure.closure (
    program_id integer not null,
    -- The member's own key.
    closure_id uuid not null,
    member_id bigint not null,
    request_hash bytea not null,
    -- closing: may be undone. closed: points are gone, the sign-in and what says who it was go next. erased: they are gone.
    state text not null default 'closing' check (state in ('closing', 'undone', 'closed', 'erased')),
    started_at timestamptz not null,
    undo_until timestamptz not null,
    -- When to look at it next.
    due_at timestamptz not null,
    undone_at timestamptz,
    closed_at timestamptz,
    sign_in_removed_at timestamptz,
    erased_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, closure_id),
    check ((state = 'undone') = (undone_at is not null)),
    check ((state in ('closed', 'erased')) = (closed_at is not null)),
    check ((state = 'erased') = (erased_at is not null)),
    check (state <> 'erased' or sign_in_removed_at is not null)
);
create unique index one_closure_a_member on closure.closure (program_id, member_id) where state <> 'undone';
create index closure_due on closure.closure (due_at) where state in ('closing', 'closed');
create index closure_closed on closure.closure (closed_at) where closed_at is not null;
