-- Issuing: the number, the facts and the row in one transaction. The same event again answers the same document.

-- Internal: the next number of a series. Its row is locked until the transaction ends, so numbers have no gaps; the
-- documents of a series are therefore issued one after the other.
create or replace function documents.next_number(program_id integer, kind text, year integer) returns bigint
language sql set search_path = pg_catalog as $$
    insert into documents.series as s (program_id, kind, year, last_number)
    values (next_number.program_id, next_number.kind, next_number.year, 1)
    on conflict on constraint series_pkey do update set last_number = s.last_number + 1, row_xid = pg_current_xact_id()
    returning last_number
$$;

-- Internal: one document. The caller holds the redemption's turn, and has seen that there is none yet.
create or replace function documents.add(
    program_id integer, redemption_id uuid, member_id bigint, event_key text, kind text, corrects uuid,
    programme_version integer, time_zone text, facts jsonb, object_key text
) returns uuid language plpgsql set search_path = pg_catalog as $$
declare
    issued_at timestamptz := clock.now();
    year integer := extract(year from issued_at at time zone add.time_zone);
    sequence bigint := documents.next_number(add.program_id, add.kind, year);
    document_id uuid := clock.new_id();
begin
    insert into documents.document(
        program_id, document_id, redemption_id, member_id, event_key, kind, year, sequence, number, corrects,
        programme_version, facts, object_key, issued_at)
    values (add.program_id, document_id, add.redemption_id, add.member_id, add.event_key, add.kind, year, sequence,
            case add.kind when 'receipt' then 'R' when 'tax_invoice' then 'I' else 'C' end
                || '-' || year || '-' || lpad(sequence::text, greatest(6, length(sequence::text)), '0'),
            add.corrects, add.programme_version,
            add.facts || jsonb_build_object('issued_on', (issued_at at time zone add.time_zone)::date),
            add.object_key, issued_at);
    return document_id;
end
$$;

-- Internal: one at a time for a redemption; whoever comes second finds what the first has issued.
create or replace function documents.take_turn(redemption_id uuid) returns void
language sql set search_path = pg_catalog as $$
    select pg_advisory_xact_lock(hashtextextended(take_turn.redemption_id::text, 660660))
$$;

-- The document of an order that went forward: what was accepted, and what it costs. `object_key`: where its PDF goes if this
-- is the first time. Returns its id; null while the redemption is not closed, or if it did not go forward.
create or replace function documents.issue(program_id integer, redemption_id uuid, object_key text)
returns uuid language plpgsql security definer set search_path = pg_catalog as $$
declare
    redemption redemptions.redemption;
    current record;
    found_id uuid;
begin
    perform documents.take_turn(issue.redemption_id);
    select d.document_id into found_id from documents.document as d
    where d.program_id = issue.program_id and d.redemption_id = issue.redemption_id and d.event_key = 'order';
    if found then
        return found_id;
    end if;
    select * into redemption from redemptions.redemption as r
    where r.program_id = issue.program_id and r.redemption_id = issue.redemption_id;
    if not found or redemption.state <> 'closed'
       or redemption.outcome not in ('completed', 'partially_completed') then
        return null;
    end if;
    select v.version, v.document into strict current from programme.current(issue.program_id) as v;
    return documents.add(
        issue.program_id, issue.redemption_id, redemption.member_id, 'order',
        coalesce(current.document #>> '{documents,member_document}', 'receipt'), null, current.version,
        current.document #>> '{points,time_zone}',
        documents.facts_of(redemption) || jsonb_build_object(
            'lines', (select jsonb_agg(documents.line_facts(l, l.accepted_quantity) order by l.line_number)
                      from redemptions.line as l
                      where l.program_id = issue.program_id and l.redemption_id = issue.redemption_id
                        and l.accepted_quantity > 0),
            'points', redemption.accepted_points,
            'money_minor', (select sum(l.accepted_quantity * l.unit_money_minor) from redemptions.line as l
                            where l.program_id = issue.program_id and l.redemption_id = issue.redemption_id),
            -- Less where it could not be taken: then the member owes nothing, and a person knows.
            'charged_minor', redemption.accepted_money_minor,
            'partial', redemption.outcome = 'partially_completed'),
        issue.object_key);
end
$$;

-- The credit note of units that were given back, by their event. The order's own document is issued first if it is not there.
-- Returns its id; null while the redemption is not closed, or if nothing was given back by that event.
create or replace function documents.issue_credit_note(
    program_id integer, redemption_id uuid, line_number integer, event_key text, order_object_key text, object_key text
) returns uuid language plpgsql security definer set search_path = pg_catalog as $$
declare
    corrected uuid := documents.issue(issue_credit_note.program_id, issue_credit_note.redemption_id,
                                      issue_credit_note.order_object_key);
    original documents.document;
    redemption redemptions.redemption;
    back redemptions.units_back;
    line redemptions.line;
    zone text;
    found_id uuid;
begin
    if corrected is null then
        return null;
    end if;
    select d.document_id into found_id from documents.document as d
    where d.program_id = issue_credit_note.program_id and d.redemption_id = issue_credit_note.redemption_id
      and d.event_key = issue_credit_note.line_number || ':' || issue_credit_note.event_key;
    if found then
        return found_id;
    end if;
    select * into back from redemptions.units_back as b
    where b.program_id = issue_credit_note.program_id and b.redemption_id = issue_credit_note.redemption_id
      and b.line_number = issue_credit_note.line_number and b.event_key = issue_credit_note.event_key;
    if not found then
        return null;
    end if;
    select * into strict original from documents.document as d
    where d.program_id = back.program_id and d.document_id = corrected;
    select * into strict redemption from redemptions.redemption as r
    where r.program_id = back.program_id and r.redemption_id = back.redemption_id;
    select * into strict line from redemptions.line as l
    where l.program_id = back.program_id and l.redemption_id = back.redemption_id and l.line_number = back.line_number;
    select v.document #>> '{points,time_zone}' into strict zone from programme.current(back.program_id) as v;
    return documents.add(
        back.program_id, back.redemption_id, redemption.member_id, back.line_number || ':' || back.event_key,
        'credit_note', corrected,
        -- The seller and the tax are those of what it corrects.
        original.programme_version, zone,
        documents.facts_of(redemption) || jsonb_build_object(
            'lines', jsonb_build_array(documents.line_facts(line, back.quantity)),
            'points', back.points, 'money_minor', back.money_minor, 'charged_minor', back.money_minor,
            'reason', back.reason, 'language', original.facts ->> 'language', 'corrects_kind', original.kind,
            'corrects_number', original.number, 'corrects_issued_on', original.facts ->> 'issued_on'),
        issue_credit_note.object_key);
end
$$;

-- Internal: what every document says of the order. The address is the one it went to.
create or replace function documents.facts_of(redemption redemptions.redemption) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select jsonb_build_object(
        'language', members.language_of(redemption.program_id, redemption.member_id),
        'address_id', redemption.address_id, 'currency', redemption.currency, 'ordered_at', redemption.created_at,
        'provider', (select s.provider from payments.standing as s
                     where s.program_id = redemption.program_id and s.redemption_id = redemption.redemption_id),
        'capture_at', redemption.capture_at)
$$;

-- Internal: so many units of a line, and what the whole price of one is, points and all.
create or replace function documents.line_facts(line redemptions.line, quantity integer) returns jsonb
language sql stable set search_path = pg_catalog as $$
    select jsonb_build_object(
        'line_number', line.line_number, 'asin', line.asin, 'title', line.title, 'quantity', line_facts.quantity,
        'unit_points', line.unit_points, 'unit_money_minor', line.unit_money_minor,
        'unit_price_minor', (
            select q.unit_price_minor from redemptions.redemption as r
            join redemptions.quote_line as q on q.program_id = r.program_id and q.quote_id = r.quote_id
            where r.program_id = line.program_id and r.redemption_id = line.redemption_id
              and q.line_number = line.line_number))
$$;
