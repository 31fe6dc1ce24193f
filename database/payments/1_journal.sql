-- Every change of a payment's state leaves a row behind, whichever function made it.
create or replace function payments.keep_row() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    new.row_xid := pg_current_xact_id();
    new.updated_at := clock.now();
    return new;
end
$$;

create or replace function payments.journal_state() returns trigger language plpgsql
security definer set search_path = pg_catalog as $$
begin
    if tg_op = 'INSERT' then
        insert into payments.transition(program_id, redemption_id, to_state, step, reason, created_at)
        values (new.program_id, new.redemption_id, new.state, new.step, new.reason, clock.now());
    elsif new.state <> old.state then
        insert into payments.transition(program_id, redemption_id, from_state, to_state, step, reason, created_at)
        values (new.program_id, new.redemption_id, old.state, new.state, new.step, new.reason,
                clock.now());
    end if;
    return null;
end
$$;

create or replace function payments.refuse_change() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'payments.% is insert-only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;

create or replace trigger keep_row before update on payments.payment
    for each row execute function payments.keep_row();
create or replace trigger journal_state after insert or update on payments.payment
    for each row execute function payments.journal_state();
create or replace trigger no_change before update or delete on payments.transition
    for each row execute function payments.refuse_change();
