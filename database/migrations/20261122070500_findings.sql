-- A room asks what was put to a person about one of its subjects before.
create index case_subject on casework.case (program_id, kind, subject);

-- What a member paid in another way falls to no account of losses.
do $$
declare
    old text;
begin
    select c.conname into strict old from pg_constraint as c
    where c.conrelid = 'payments.house'::regclass and c.contype = 'c'
      and pg_get_constraintdef(c.oid) like '%chargeback%';
    execute format('alter table payments.house drop constraint %I', old);
end $$;
alter table payments.house
    add constraint house_account check (account in ('write_off', 'chargeback', 'collected_elsewhere'));

-- How often an order was refused for a reason that is not the order's, and put off.
alter table orders.placement add column put_off integer not null default 0;

-- unreadable: the provider does not let us see it, or answers what cannot be understood.
alter table reconciliation.charge
    drop constraint charge_state_check,
    add constraint charge_state_check check (state in (
        'pending', 'authorised', 'captured', 'declined', 'cancelled', 'missing', 'unreadable'));
