-- Amazon's invoices: the mail they came in, the papers, what was read, and what became of each on its way into the books.
create schema invoices;

do $$
declare
    entry_point text;
begin
    foreach entry_point in array array['invoice_intake', 'invoice_reading', 'invoice_matching', 'invoice_watch', 'invoice_desk']
    loop
        if not exists (select from pg_roles where rolname = entry_point) then
            execute format('create role %I login', entry_point);
        end if;
        if exists (select from pg_roles where rolname = 'rds_iam') then
            execute format('grant rds_iam to %I', entry_point);
        end if;
    end loop;
end
$$;

-- Each mail once, also one that was refused. Of whom it came only the domain is kept, of its own id the hash, of its subject nothing.
create table invoices.mail (
    program_id integer not null references programme.program,
    mail_id uuid not null,
    object_key text not null check (length(object_key) between 1 and 300),
    message_hash bytea check (length(message_hash) = 32),
    sender_domain text check (length(sender_domain) <= 253 and sender_domain not like '%@%'),
    recipient text check (length(recipient) <= 64 and recipient not like '%@%'),
    bytes bigint not null check (bytes >= 0),
    -- What the receiving server said of it, in its own words.
    spf text check (length(spf) <= 20),
    dkim text check (length(dkim) <= 20),
    dmarc text check (length(dmarc) <= 20),
    virus text check (length(virus) <= 20),
    spam text check (length(spam) <= 20),
    outcome text not null check (outcome in ('taken', 'refused')),
    reason text check (reason ~ '^[a-z][a-z0-9_]{0,59}$'),
    received_at timestamptz not null,
    taken_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, mail_id),
    unique (program_id, object_key),
    check ((outcome = 'refused') = (reason is not null))
);
create index mail_recent on invoices.mail (program_id, taken_at);

-- Each PDF once, by its content. received: nobody has read it. reading: it is being read. read: what it says is in `invoice`.
-- refused: it is no invoice, or no PDF that can be read safely. failed: it could not be read; a person has it.
create table invoices.document (
    program_id integer not null references programme.program,
    document_id uuid not null,
    sha256 bytea not null check (length(sha256) = 32),
    -- The mail it came in first; one that was fetched came in none.
    mail_id uuid,
    source text not null check (source in ('mail', 'fetched')),
    object_key text check (length(object_key) between 1 and 300),
    name text not null check (name ~ '^[A-Za-z0-9._-]{1,60}$'),
    bytes bigint not null check (bytes >= 0),
    pages integer check (pages >= 0),
    state text not null default 'received' check (state in ('received', 'reading', 'read', 'refused', 'failed')),
    reason text check (reason ~ '^[a-z][a-z0-9_]{0,59}$'),
    received_at timestamptz not null,
    -- Its execution was started, so often; and read under this name.
    begun_at timestamptz,
    starts integer not null default 0 check (starts >= 0),
    job_id text check (length(job_id) <= 64),
    ended_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, document_id),
    unique (program_id, sha256),
    foreign key (program_id, mail_id) references invoices.mail,
    check ((source = 'mail') = (mail_id is not null)),
    check ((state in ('read', 'refused', 'failed')) = (ended_at is not null)),
    check (state not in ('refused', 'failed') or reason is not null),
    check (state = 'refused' or object_key is not null)
);
create index document_open on invoices.document (program_id, received_at) where state in ('received', 'reading');
create index document_mail on invoices.document (program_id, mail_id);

-- One paper of a document. waiting: its goods are not known to have left, or what it corrects is not settled. review: a person has a
-- case about it. approved: it was given to the ERP. posted: the ERP has it in its books. duplicate: the same came before. read: not
-- judged yet, which no transaction leaves behind.
create table invoices.invoice (
    program_id integer not null,
    invoice_id uuid not null,
    document_id uuid not null,
    position integer not null check (position >= 0),
    -- As in loyalty.invoices.invoice; null while it is a draft whose values are not all known.
    content jsonb check (jsonb_typeof(content) = 'object'),
    draft jsonb not null default '{}' check (jsonb_typeof(draft) = 'object'),
    -- What was read and where, and what was wrong with reading; what is wrong with the match.
    seen jsonb not null default '[]' check (jsonb_typeof(seen) = 'array'),
    read_findings jsonb not null default '[]' check (jsonb_typeof(read_findings) = 'array'),
    findings jsonb not null default '[]' check (jsonb_typeof(findings) = 'array'),
    -- Of the content, or of the draft as far as it goes.
    kind text check (kind in ('invoice', 'credit_memo')),
    number text check (length(number) between 1 and 40),
    issued_on date,
    currency text check (currency ~ '^[A-Z]{3}$'),
    total_minor bigint,
    vendor text check (length(vendor) between 1 and 200),
    corrects text check (length(corrects) <= 40),
    -- What makes it the same as another one, however its words were read.
    fingerprint bytea check (length(fingerprint) = 32),
    state text not null check (state in ('read', 'waiting', 'review', 'approved', 'posted', 'refused', 'duplicate')),
    revision integer not null default 0 check (revision >= 0),
    reason text check (length(reason) between 1 and 500),
    duplicate_of uuid,
    case_id uuid,
    judged_at timestamptz not null,
    waits_until timestamptz,
    corrected_by text,
    -- Null: nobody had to look at it.
    decided_by text,
    decided_at timestamptz,
    -- Approved although something differs, by a person other than the last who corrected it.
    differs boolean not null default false,
    handed_over_at timestamptz,
    erp_document_id text check (length(erp_document_id) between 1 and 100),
    posted_at timestamptz,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, invoice_id),
    unique (program_id, document_id, position),
    foreign key (program_id, document_id) references invoices.document,
    foreign key (program_id, duplicate_of) references invoices.invoice,
    check (state not in ('waiting', 'approved', 'posted', 'duplicate') or content is not null),
    check (content is null or num_nulls(kind, number, issued_on, currency, total_minor, vendor, fingerprint) = 0),
    check ((state = 'review') = (case_id is not null)),
    check ((state = 'waiting') = (waits_until is not null)),
    check ((state = 'duplicate') = (duplicate_of is not null)),
    check ((state = 'refused') <= (reason is not null)),
    check ((state in ('approved', 'posted')) = (handed_over_at is not null)),
    check ((state = 'posted') = (posted_at is not null)),
    check ((state = 'posted') <= (erp_document_id is not null))
);
-- The ERP has one document a number.
create unique index invoice_once on invoices.invoice (program_id, kind, vendor, number) where state in ('approved', 'posted');
create index invoice_number on invoices.invoice (program_id, number);
create index invoice_waiting on invoices.invoice (program_id, waits_until) where state = 'waiting';
create index invoice_month on invoices.invoice (program_id, issued_on);
create index invoice_state on invoices.invoice (program_id, state, invoice_id);

-- The lines of the current content, and which line of which order each one matched.
create table invoices.line (
    program_id integer not null,
    invoice_id uuid not null,
    line_number integer not null check (line_number >= 0),
    kind text not null check (kind in ('item', 'shipping', 'discount', 'fee')),
    amazon_order_id text,
    asin text,
    quantity integer check (quantity > 0),
    unit_price_minor bigint,
    amount_minor bigint not null,
    redemption_id uuid,
    order_line integer,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, invoice_id, line_number),
    foreign key (program_id, invoice_id) references invoices.invoice on delete cascade,
    check ((redemption_id is null) = (order_line is null))
);
create index line_order on invoices.line (program_id, amazon_order_id, asin) where kind = 'item';

-- What of an invoice falls to each order: its goods, and shipping (less discounts) and tax in proportion; in sum the whole paper.
create table invoices.share (
    program_id integer not null,
    invoice_id uuid not null,
    amazon_order_id text not null,
    redemption_id uuid not null,
    goods_minor bigint not null,
    shipping_minor bigint not null,
    tax_minor bigint not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, invoice_id, amazon_order_id),
    foreign key (program_id, invoice_id) references invoices.invoice on delete cascade
);
create index share_order on invoices.share (program_id, amazon_order_id);

-- Labelled samples. Insert-only: what was printed and read in a field, and what a person says it is.
create table invoices.correction (
    program_id integer not null,
    invoice_id uuid not null,
    revision integer not null check (revision > 0),
    field text not null check (field ~ '^[a-z_]+(\.[0-9]+(\.[a-z_]+)?)?$'),
    document_id uuid not null,
    printed text check (length(printed) <= 500),
    confidence real check (confidence between 0 and 100),
    read jsonb,
    corrected jsonb,
    corrected_by text not null,
    corrected_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, invoice_id, revision, field),
    foreign key (program_id, invoice_id) references invoices.invoice
);
create index correction_recent on invoices.correction (program_id, corrected_at);

-- Insert-only: what became of an invoice, and by whom. Ids, codes and amounts.
create table invoices.event (
    program_id integer not null,
    invoice_id uuid not null,
    event_number bigint not null generated always as identity,
    kind text not null check (kind ~ '^[a-z_]{1,40}$'),
    actor text not null,
    detail jsonb not null default '{}',
    occurred_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, invoice_id, event_number),
    foreign key (program_id, invoice_id) references invoices.invoice
);

create function invoices.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'invoices.% is append-only', tg_table_name using errcode = 'restrict_violation';
end $$;
create trigger append_only before update or delete on invoices.correction
    for each row execute function invoices.refuse_change();
create trigger append_only_whole before truncate on invoices.correction execute function invoices.refuse_change();
create trigger append_only before update or delete on invoices.event
    for each row execute function invoices.refuse_change();
create trigger append_only_whole before truncate on invoices.event execute function invoices.refuse_change();

-- Textract counts calls by account, whichever programme makes them.
create table invoices.bucket (
    operation text primary key check (operation in ('textract')),
    tokens numeric not null check (tokens >= 0),
    refilled_at timestamptz not null,
    row_xid xid8 not null default pg_current_xact_id()
);
