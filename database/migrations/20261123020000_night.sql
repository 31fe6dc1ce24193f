-- A night's results on their way in, and what SageMaker's registry calls a model.

-- A part of a night's results as it came, until the night is shown or given up. Numbers and products alone.
create table demand.piece (
    program_id integer not null references programme.program,
    run_id text not null,
    name text not null check (name in ('forecast', 'outlooks', 'trends', 'similar', 'trending')),
    -- The file and the line it begins with: the same part once more is the same row.
    piece text not null,
    rows jsonb not null check (jsonb_typeof(rows) = 'array'),
    row_xid xid8 not null default pg_current_xact_id(),
    primary key (program_id, run_id, name, piece),
    foreign key (program_id, run_id) references demand.night
);

-- The model package's ARN; null: none was made.
alter table demand.model add column package text check (length(package) <= 500);

-- Whose rows are of an earlier night.
create index scored_order on recommendations.scored (program_id, scored_at);
