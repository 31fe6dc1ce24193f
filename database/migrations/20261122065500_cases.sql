-- Cases of members, beside the tickets that rooms open themselves: one queue (casework.case), with owners and a history; what a
-- member's case is about, what was said in it and what came of it is in schema cases.

alter table casework.case add column owner text;
create index case_deadline on casework.case (program_id, deadline, case_id) where state = 'open';

-- Append-only: who did what with a case. Codes, ids and amounts only.
create table casework.event (
    program_id integer not null,
    case_id uuid not null,
    event_number bigint generated always as identity,
    kind text not null check (kind ~ '^[a-z][a-z_]{1,40}$'),
    actor text not null,
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
    occurred_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, case_id, event_number),
    foreign key (program_id, case_id) references casework.case
);
create function casework.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on casework.event
    for each row execute function casework.refuse_change();
create trigger append_only_whole before truncate on casework.event execute function casework.refuse_change();
insert into casework.event (program_id, case_id, kind, actor, detail, occurred_at)
select c.program_id, c.case_id, e.kind, e.actor, e.detail, e.at
from casework.case as c
cross join lateral (values
    (1, 'opened', c.opened_by, jsonb_build_object('reason', c.reason), c.opened_at),
    (2, 'decided', c.decided_by, jsonb_build_object('decision', c.decision), c.decided_at)) as e (place, kind, actor, detail, at)
where e.at is not null and e.actor is not null
order by c.opened_at, c.case_id, e.place;

create schema cases;

-- A member's case about an order's line or a purchase. Its id is the member's Idempotency-Key.
create table cases.member_case (
    program_id integer not null,
    case_id uuid not null,
    member_id bigint not null,
    kind text not null check (kind in
        ('not_received', 'damaged', 'wrong_item', 'changed_mind', 'missing_points', 'other')),
    -- So many units of an order's line,
    redemption_id uuid,
    line_number integer,
    quantity integer check (quantity > 0),
    -- or a purchase at a partner.
    partner text,
    partner_reference text,
    bought_on date,
    request_hash bytea not null,
    -- open: ours to answer. approval: an outcome waits for a second person. return: the goods are on their way back.
    state text not null default 'open' check (state in ('open', 'approval', 'return', 'decided', 'withdrawn')),
    outcome text check (outcome in
        ('return_with_label', 'refund_without_return', 'goodwill_points', 'credit_missing_accrual', 'refuse')),
    -- Given or credited; or what the units that came back were worth.
    points bigint check (points >= 0),
    money_minor bigint check (money_minor >= 0),
    -- Why it was refused, for the member.
    reason text check (length(reason) between 1 and 2000),
    -- The label to send the goods back with.
    label_id uuid,
    -- The ledger's operation, minted when the outcome was chosen.
    op_id uuid,
    -- Goodwill that one person gave alone: the month whose budget it is of.
    budget_month date,
    chosen_by text,
    chosen_at timestamptz,
    approved_by text,
    decided_at timestamptz,
    opened_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, case_id),
    check (num_nulls(redemption_id, line_number, quantity) in (0, 3)),
    check (num_nulls(partner, partner_reference) in (0, 2)),
    check ((redemption_id is null) <> (partner is null)),
    check (kind = 'other' or (kind = 'missing_points') = (redemption_id is null)),
    check (state = 'withdrawn' or (state = 'open') = (outcome is null)),
    check ((outcome is null) = (chosen_by is null)),
    check (approved_by <> chosen_by),
    check ((state in ('decided', 'withdrawn')) = (decided_at is not null)),
    check (outcome is distinct from 'refuse' or reason is not null)
);
create index member_case_member on cases.member_case (program_id, member_id, case_id);
-- One case at a time about the same thing.
create unique index one_open_case_a_line on cases.member_case (program_id, redemption_id, line_number, kind)
    where state in ('open', 'approval', 'return') and redemption_id is not null;
create unique index one_open_case_a_purchase on cases.member_case (program_id, member_id, partner, partner_reference, kind)
    where state in ('open', 'approval', 'return') and partner is not null;
-- A purchase is credited once, whoever asks.
create unique index one_credit_a_purchase on cases.member_case (program_id, partner, partner_reference)
    where outcome = 'credit_missing_accrual' and state = 'decided';

-- Insert-only: what was said, in the words of whoever said it.
create table cases.message (
    program_id integer not null,
    case_id uuid not null,
    message_number integer not null check (message_number > 0),
    author text not null check (author in ('member', 'staff')),
    actor text not null,
    text text not null check (length(text) between 1 and 4000),
    written_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, case_id, message_number),
    foreign key (program_id, case_id) references cases.member_case
);

-- Files of a case: members' photos, staff's labels. The bytes are in a bucket under a name nobody can guess.
create table cases.file (
    program_id integer not null,
    case_id uuid not null,
    file_id uuid not null,
    purpose text not null check (purpose in ('photo', 'label')),
    object_key text not null unique,
    content_type text not null,
    size_bytes integer not null check (size_bytes > 0),
    -- promised: may be uploaded. good: it is what it says. bad: it is not, and is shown to nobody.
    state text not null default 'promised' check (state in ('promised', 'good', 'bad')),
    added_by text not null,
    added_at timestamptz not null,
    looked_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, case_id, file_id),
    foreign key (program_id, case_id) references cases.member_case
);

-- Points that an agent has given out of goodwill in a month, alone.
create table cases.goodwill (
    program_id integer not null,
    agent text not null,
    month date not null check (extract(day from month) = 1),
    points bigint not null check (points > 0),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, agent, month)
);
