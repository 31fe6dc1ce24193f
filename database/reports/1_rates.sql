-- Rates: one person proposes, another approves. An approved version stays; days that are locked keep the rates they had.

-- Returns the version: asked again by the same person while nothing was proposed since, the same one. What is out of bounds,
-- or a code for an account that there is not, is a check_violation.
create or replace function reports.propose_rate(
    p_program_id int, p_applies_from date, p_accounting_model text, p_recognise_at text, p_currency text,
    p_minor_micros int, p_point_value_micros bigint, p_sales_micros bigint, p_breakage_basis_points int,
    p_cost_micros bigint, p_curve int[], p_accounts jsonb, p_note text, p_actor text
) returns int language plpgsql security definer set search_path = pg_catalog as $$
declare
    v_version int;
    o reports.rate;
begin
    if exists (
        select from jsonb_each(p_accounts) c (account, code)
        where c.account not in (
                select p.debit_account from reports.postings() p union select p.credit_account from reports.postings() p)
            or jsonb_typeof(c.code) <> 'string' or c.code #>> '{}' !~ '^[A-Za-z0-9][A-Za-z0-9 ._/-]{0,39}$') then
        raise exception 'codes are for our accounts' using errcode = 'check_violation';
    end if;
    perform from programme.program where program_id = p_program_id for no key update;
    select * into o from reports.rate where program_id = p_program_id order by version desc limit 1;
    if o.approved_by is null and (
        o.applies_from, o.accounting_model, o.recognise_at, o.currency, o.minor_micros, o.point_value_micros, o.sales_micros,
        o.breakage_basis_points, o.cost_micros, o.curve, o.accounts, o.note, o.proposed_by)
        = (p_applies_from, p_accounting_model, p_recognise_at, p_currency, p_minor_micros, p_point_value_micros,
        p_sales_micros, p_breakage_basis_points, p_cost_micros, p_curve, p_accounts, p_note, p_actor) then
        return o.version;
    end if;
    v_version := coalesce(o.version, 0) + 1;
    insert into reports.rate (
        program_id, version, applies_from, accounting_model, recognise_at, currency, minor_micros, point_value_micros,
        sales_micros, breakage_basis_points, cost_micros, curve, accounts, note, proposed_by, proposed_at)
    values (p_program_id, v_version, p_applies_from, p_accounting_model, p_recognise_at, p_currency, p_minor_micros,
        p_point_value_micros, p_sales_micros, p_breakage_basis_points, p_cost_micros, p_curve, p_accounts, p_note, p_actor,
        clock.now());
    return v_version;
end $$;

-- Statuses: ok, replay, unknown_rate, same_person, already_approved, not_after (an approved version applies from then or
-- later), locked (days from then on are locked), model_changed (model, recognition and currency are for life).
create or replace function reports.approve_rate(p_program_id int, p_version int, p_actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    r reports.rate;
begin
    perform from programme.program where program_id = p_program_id for no key update;
    select * into r from reports.rate where program_id = p_program_id and version = p_version for update;
    if not found then return 'unknown_rate'; end if;
    if r.approved_by = p_actor then return 'replay'; end if;
    if r.approved_by is not null then return 'already_approved'; end if;
    if r.proposed_by = p_actor then return 'same_person'; end if;
    if exists (
        select from reports.period p where p.program_id = p_program_id and p.locked_through >= r.applies_from) then
        return 'locked';
    end if;
    if exists (
        select from reports.rate o
        where o.program_id = p_program_id and o.approved_at is not null and o.applies_from >= r.applies_from) then
        return 'not_after';
    end if;
    if exists (
        select from reports.rate o
        where o.program_id = p_program_id and o.approved_at is not null
            and (o.accounting_model, o.recognise_at, o.currency, o.minor_micros)
                <> (r.accounting_model, r.recognise_at, r.currency, r.minor_micros)) then
        return 'model_changed';
    end if;
    update reports.rate set approved_by = p_actor, approved_at = clock.now(), row_xid = pg_current_xact_id()
    where program_id = p_program_id and version = p_version;
    return 'ok';
end $$;

create or replace function reports.rates(p_program_id int) returns setof reports.rate
language sql stable security definer set search_path = pg_catalog
begin atomic
    select * from reports.rate where program_id = p_program_id order by version desc;
end;

-- Internal: the approved version of a day; before the first one, the first one.
create or replace function reports.rate_on(p_program_id int, p_day date) returns reports.rate
language sql stable
begin atomic
    select r.* from reports.rate r
    where r.program_id = p_program_id and r.approved_at is not null
    order by (r.applies_from <= p_day) desc, case when r.applies_from <= p_day then r.applies_from end desc, r.applies_from
    limit 1;
end;
