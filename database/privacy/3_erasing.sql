-- Erasing a member: asked for by one person, approved by a second, carried out store by store, each with its receipt. The books
-- stay: journal, orders and documents' numbers hold ids and amounts.

-- Internal: the stores in the order in which they are erased. `last`: the members room, which the others need to find what
-- is theirs; `pending`: stores outside the database that whoever runs them erases by the key.
create or replace function privacy.stores() returns table (store text, place integer, outside boolean)
language sql immutable set search_path = pg_catalog as $$
    values ('list', 1, false), ('account', 2, false), ('sign_in', 3, false), ('notifications', 4, false),
           ('wishes', 5, false), ('interactions', 6, false), ('cases', 7, false), ('orders', 8, false),
           ('exports', 9, false), ('documents', 10, false), ('members', 11, false), ('recommendations', 12, true),
           ('lake', 13, true)
$$;

-- Statuses: ok, replay, key_reuse, key_time, unknown_member, erasing (there is one already), an obstacle, points_changed
-- (`points`: available and pending, as the second person will see them).
create or replace function privacy.ask_for_erasure(
    program_id integer, number text, erasure_id uuid, reason text, points bigint, request_hash bytea, actor text
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    known privacy.erasure;
    whose bigint;
    obstacles text[];
begin
    select m.member_id into whose from members.member as m
    where m.program_id = ask_for_erasure.program_id and m.number = ask_for_erasure.number for no key update;
    if not found then
        return 'unknown_member';
    end if;
    select * into known from privacy.erasure as e
    where e.program_id = ask_for_erasure.program_id and e.erasure_id = ask_for_erasure.erasure_id;
    if found then
        return case when (known.member_id, known.request_hash, known.requested_by) = (whose, request_hash, actor)
                    then 'replay' else 'key_reuse' end;
    elsif not clock.key_is_fresh(erasure_id) then
        return 'key_time';
    elsif exists (select from privacy.erasure as e
                  where e.program_id = ask_for_erasure.program_id and e.member_id = whose and e.state <> 'declined') then
        return 'erasing';
    end if;
    obstacles := privacy.in_the_way(program_id, whose);
    if cardinality(obstacles) > 0 then
        return obstacles[1];
    elsif points is distinct from (select b.available + b.pending from closure.balance(program_id, whose) as b) then
        return 'points_changed';
    end if;
    insert into privacy.erasure(program_id, erasure_id, member_id, erasure_key, origin, reason, state, request_hash,
                                requested_by, requested_at, due_at)
    values (program_id, erasure_id, whose, privacy.erasure_key(program_id, whose), 'request', reason, 'waiting', request_hash,
            actor, clock.now(), clock.now());
    perform casework.open_case(
        program_id, erasure_id, 'erasure', 'member:' || whose, reason,
        jsonb_build_object('member_id', whose, 'erasure_id', erasure_id, 'points', points),
        array['approve', 'decline'], array['business-operator'], clock.now() + interval '14 days', actor);
    return 'ok';
end
$$;

-- Internal: from now on it is carried out.
create or replace function privacy.run(program_id integer, erasure_id uuid) returns void
language sql set search_path = pg_catalog as $$
    insert into privacy.receipt(program_id, erasure_id, store, place)
    select run.program_id, run.erasure_id, s.store, s.place from privacy.stores() as s
    on conflict do nothing
$$;

-- The second person's word. Statuses: running, declined, an obstacle, points_changed (they are others than the request says), and
-- those of casework.decide_case.
create or replace function privacy.decide_erasure(
    program_id integer, erasure_id uuid, decision text, actor text, groups text[]
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    e privacy.erasure;
    obstacles text[];
    decided text;
begin
    select * into e from privacy.erasure as one
    where one.program_id = decide_erasure.program_id and one.erasure_id = decide_erasure.erasure_id for update;
    if not found then
        return 'unknown_case';
    elsif e.state = 'waiting' and decision = 'approve' then
        perform from members.member as m
        where m.program_id = e.program_id and m.member_id = e.member_id for no key update;
        obstacles := privacy.in_the_way(e.program_id, e.member_id);
        if cardinality(obstacles) > 0 then
            return obstacles[1];
        elsif (select (c.evidence -> 'points')::bigint from casework.case as c
               where c.program_id = e.program_id and c.case_id = e.erasure_id)
              is distinct from (select b.available + b.pending from closure.balance(e.program_id, e.member_id) as b) then
            return 'points_changed';
        end if;
    end if;
    decided := casework.decide_case(program_id, erasure_id, decision, actor, groups);
    if decided = 'replay' then
        return case when decision = 'approve' then 'running' else 'declined' end;
    elsif decided <> 'ok' then
        return decided;
    end if;
    update privacy.erasure as one
    set state = case when decision = 'approve' then 'running' else 'declined' end, decided_by = actor,
        decided_at = clock.now(), due_at = clock.now(), row_xid = pg_current_xact_id()
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
    if decision = 'approve' then
        perform privacy.run(e.program_id, e.erasure_id);
        -- Memberships that were merged into this one are the same person.
        with also as (
            insert into privacy.erasure as n (program_id, erasure_id, member_id, erasure_key, origin, reason, state, request_hash,
                                        requested_by, requested_at, decided_by, decided_at, due_at)
            select m.program_id, clock.new_id(), m.member_id, privacy.erasure_key(m.program_id, m.member_id), 'request', e.reason,
                   'running', e.request_hash, e.requested_by, e.requested_at, actor, clock.now(), clock.now()
            from members.member as m
            where m.program_id = e.program_id and m.merged_into = e.member_id
            on conflict do nothing returning n.program_id, n.erasure_id)
        insert into privacy.receipt(program_id, erasure_id, store, place)
        select a.program_id, a.erasure_id, s.store, s.place from also as a cross join privacy.stores() as s;
        return 'running';
    end if;
    return 'declined';
end
$$;

-- A person has looked at what was stuck: again. Statuses: ok, unknown_case, not_stuck.
create or replace function privacy.retry_erasure(program_id integer, erasure_id uuid, actor text) returns text
language plpgsql security definer set search_path = pg_catalog as $$
declare
    e privacy.erasure;
begin
    select * into e from privacy.erasure as one
    where one.program_id = retry_erasure.program_id and one.erasure_id = retry_erasure.erasure_id for update;
    if not found then
        return 'unknown_case';
    elsif e.state <> 'stuck' then
        return 'not_stuck';
    end if;
    update privacy.receipt as r set state = 'waiting', attempts = 0, row_xid = pg_current_xact_id()
    where r.program_id = e.program_id and r.erasure_id = e.erasure_id and r.state = 'stuck';
    update privacy.erasure as one set state = 'running', due_at = clock.now(), row_xid = pg_current_xact_id()
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
    perform casework.withdraw_case(c.program_id, c.case_id, retry_erasure.actor)
    from casework.case as c
    where c.program_id = e.program_id and c.kind = 'erasure_stuck' and c.subject = 'erasure:' || e.erasure_id and c.state = 'open';
    return 'ok';
end
$$;

-- ---- what the function `privacy` does --------------------------------------------------------------------------------

-- The next store of what is due and under no legal hold, the caller's for `seconds`. `subjects`: the sign-ins that have nothing
-- else here; `object_keys`: the files that go with this store.
drop function if exists privacy.take_step(integer);
create or replace function privacy.take_step(seconds integer)
returns table (program_id integer, erasure_id uuid, store text, erasure_key text, decided_at timestamptz, subjects text[],
               object_keys text[])
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_column
declare
    e privacy.erasure;
    next text;
begin
    select one.* into e from privacy.erasure as one
    where one.state = 'running' and one.due_at <= clock.now() and not members.held(one.program_id, one.member_id)
    order by one.due_at limit 1 for no key update skip locked;
    if not found then
        return;
    end if;
    update privacy.erasure as one
    set due_at = clock.now() + make_interval(secs => take_step.seconds), row_xid = pg_current_xact_id()
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
    select r.store into strict next from privacy.receipt as r
    where r.program_id = e.program_id and r.erasure_id = e.erasure_id and r.state = 'waiting' order by r.place limit 1;
    return query select e.program_id, e.erasure_id, next, e.erasure_key, e.decided_at,
        case when next = 'sign_in' then members.sign_ins_of_the_gone(e.program_id, e.member_id) else '{}' end,
        case next
        when 'cases' then array(select cases.files_of(e.program_id, e.member_id))
        when 'exports' then array(select x.object_key from privacy.export as x
                                  where x.program_id = e.program_id and x.member_id = e.member_id and x.object_key is not null)
        when 'documents' then array(select d.object_key from privacy.overdue_documents(e.program_id, e.member_id) as d)
        else '{}' end;
end
$$;

-- Internal: a member's documents that nobody has to keep any more and that are there.
create or replace function privacy.overdue_documents(program_id integer, member_id bigint)
returns table (document_id uuid, object_key text) language sql stable set search_path = pg_catalog as $$
    select d.document_id, d.object_key from documents.document as d
    where d.program_id = overdue_documents.program_id and d.member_id = overdue_documents.member_id
      and privacy.keep_document_until(d.issued_at) <= clock.now()::date
      and not exists (select from privacy.removed_document as x
                      where x.program_id = d.program_id and x.document_id = d.document_id)
$$;

-- Erase one store's rows and write its receipt; what lies outside the database is gone already (`outside`: how much, by what
-- it was). Again changes nothing. Returns the receipt's state, or waits: an order or a case is open again, or a legal hold stands now.
create or replace function privacy.erase_store(program_id integer, erasure_id uuid, store text, outside jsonb) returns text
language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    e privacy.erasure;
    r privacy.receipt;
    went jsonb := '{}';
    points_gone bigint;
    held boolean;
    how_many bigint;
    kept_until date;
    became text := 'done';
begin
    select * into strict e from privacy.erasure as one
    where one.program_id = erase_store.program_id and one.erasure_id = erase_store.erasure_id for update;
    select * into strict r from privacy.receipt as one
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id and one.store = erase_store.store for update;
    if r.state <> 'waiting' or e.state <> 'running' then
        return r.state;
    end if;
    held := members.held(e.program_id, e.member_id);
    if store = 'account' and not held then
        points_gone := closure.end_now(e.program_id, e.member_id, e.erasure_id);
    end if;
    if held or store = 'account' and points_gone is null then
        update privacy.erasure as one
        set due_at = clock.now() + interval '1 hour', row_xid = pg_current_xact_id()
        where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
        return 'waits';
    end if;
    case store
    when 'account' then
        update privacy.erasure as one set forfeited = points_gone, row_xid = pg_current_xact_id()
        where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
        went := jsonb_build_object('points', points_gone);
    when 'sign_in' then
        perform members.forget_sign_ins(e.program_id, e.member_id, members.sign_ins_of_the_gone(e.program_id, e.member_id));
        perform closure.sign_in_removed(c.program_id, c.closure_id, null, 0) from closure.closure as c
        where c.program_id = e.program_id and c.member_id = e.member_id and c.state = 'closed';
    when 'notifications' then
        went := (select jsonb_build_object(
            'choices', (select count(*) from notifications.consent as c where c.program_id = e.program_id and c.member_id = e.member_id),
            'suppressions', (select count(*) from notifications.suppression as s
                             where s.program_id = e.program_id and s.member_id = e.member_id),
            'messages', notifications.blot_out(e.program_id, e.member_id)));
        perform notifications.forget(e.program_id, e.member_id);
    when 'wishes' then
        went := (select jsonb_build_object('wishes', count(*)) from wishes.wish as w
                 where w.program_id = e.program_id and w.member_id = e.member_id);
        perform wishes.forget(e.program_id, e.member_id);
    when 'interactions' then
        went := (select jsonb_build_object('choices', count(*)) from interactions.choice as c
                 where c.program_id = e.program_id and c.member_id = e.member_id)
            || jsonb_build_object('looked_at', interactions.forget(e.program_id, e.member_id),
                                  'chosen_for', recommendations.forget(e.program_id, e.member_id));
    when 'cases' then
        went := cases.forget(e.program_id, e.member_id);
    when 'orders' then
        went := redemptions.forget(e.program_id, e.member_id) || payments.forget(
            e.program_id, array(select o.redemption_id from redemptions.redemption as o
                                where o.program_id = e.program_id and o.member_id = e.member_id));
    when 'exports' then
        update privacy.export as x
        set state = 'expired', object_key = null, row_xid = pg_current_xact_id()
        where x.program_id = e.program_id and x.member_id = e.member_id and x.state <> 'expired';
        get diagnostics how_many = row_count;
        went := jsonb_build_object('exports', how_many);
    when 'documents' then
        insert into privacy.removed_document(program_id, document_id, removed_at)
        select e.program_id, d.document_id, clock.now() from privacy.overdue_documents(e.program_id, e.member_id) as d;
        get diagnostics how_many = row_count;
        select max(privacy.keep_document_until(d.issued_at)),
               jsonb_build_object('documents', how_many, 'kept', count(*) filter (
                   where privacy.keep_document_until(d.issued_at) > clock.now()::date))
        into kept_until, went
        from documents.document as d where d.program_id = e.program_id and d.member_id = e.member_id;
        if kept_until > clock.now()::date then
            became := 'kept';
        end if;
    when 'members' then
        went := (select jsonb_build_object(
            'contacts', (select (m.email <> '')::integer + (m.phone is not null)::integer from members.member as m
                         where m.program_id = e.program_id and m.member_id = e.member_id)
                + (select count(*) from members.past_contact as c where c.program_id = e.program_id and c.member_id = e.member_id),
            'addresses', (select count(*) from members.address as a where a.program_id = e.program_id and a.member_id = e.member_id),
            'codes', (select count(*) from members.phone_code as c where c.program_id = e.program_id and c.member_id = e.member_id)
                + (select count(*) from members.claim as c where c.program_id = e.program_id and c.member_id = e.member_id),
            'notes', (select count(*) from members.adjustment as a
                      where a.program_id = e.program_id and a.member_id = e.member_id and a.note is not null),
            'holds', (select count(*) from members.legal_hold as h
                      where h.program_id = e.program_id and h.member_id = e.member_id and h.reason <> '(erased)')));
        perform closure.put_off(c.program_id, c.closure_id, 0) from closure.closure as c
        where c.program_id = e.program_id and c.member_id = e.member_id;
        perform closure.erase(c.program_id, c.closure_id) from closure.closure as c
        where c.program_id = e.program_id and c.member_id = e.member_id and c.state = 'closed';
        if not members.is_erased(e.program_id, e.member_id) then
            raise exception 'erasure %: the members room still knows who it was', e.erasure_id;
        end if;
        went := went || jsonb_build_object(
            'words', members.forget_words(e.program_id, e.member_id) + support.forget(e.program_id, e.member_id),
            'audiences', campaigns.forget(e.program_id, e.member_id),
            'deliveries', integrations.forget(e.program_id, e.member_id));
    when 'list' then
        insert into privacy.listed(program_id, member_id, listed_at) values (e.program_id, e.member_id, clock.now())
        on conflict do nothing;
    else
        became := 'pending';
    end case;
    update privacy.receipt as one
    set state = became, removed = went || coalesce(erase_store.outside, '{}'), at = clock.now(), problem = null,
        until = case when became = 'kept' then kept_until end, attempts = one.attempts + 1, row_xid = pg_current_xact_id()
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id and one.store = erase_store.store;
    update privacy.erasure as one
    set due_at = case when erase_store.store = 'sign_in' and e.origin = 'request'
                      -- The last message says that the membership is closed, and needs somewhere to go.
                      then clock.now() + interval '5 minutes' else clock.now() end,
        row_xid = pg_current_xact_id()
    where one.program_id = e.program_id and one.erasure_id = e.erasure_id;
    perform privacy.finish(e.program_id, e.erasure_id);
    return became;
end
$$;

-- Internal: done as soon as every store has its receipt, whoever wrote the last.
create or replace function privacy.finish(program_id integer, erasure_id uuid) returns void
language sql set search_path = pg_catalog as $$
    update privacy.erasure as e
    set state = 'done', done_at = clock.now(), row_xid = pg_current_xact_id()
    where e.program_id = finish.program_id and e.erasure_id = finish.erasure_id and e.state = 'running'
      and not exists (select from privacy.receipt as r
                      where r.program_id = e.program_id and r.erasure_id = e.erasure_id and r.state in ('waiting', 'stuck'))
$$;

-- A store refused: again after a pause that doubles; after `most` tries it is stuck, and a person is told. Returns whether.
create or replace function privacy.step_failed(program_id integer, erasure_id uuid, store text, problem text, most integer)
returns boolean language plpgsql security definer set search_path = pg_catalog as $$
declare
    r privacy.receipt;
begin
    perform from privacy.erasure as e
    where e.program_id = step_failed.program_id and e.erasure_id = step_failed.erasure_id for update;
    update privacy.receipt as one
    set attempts = one.attempts + 1, problem = left(step_failed.problem, 100),
        state = case when one.attempts + 1 >= step_failed.most then 'stuck' else 'waiting' end, row_xid = pg_current_xact_id()
    where one.program_id = step_failed.program_id and one.erasure_id = step_failed.erasure_id
      and one.store = step_failed.store and one.state = 'waiting'
    returning * into r;
    if r.state is null then
        return false;
    end if;
    update privacy.erasure as e
    set state = case when r.state = 'stuck' then 'stuck' else e.state end,
        due_at = clock.now() + least(60, 2 ^ r.attempts) * interval '1 minute', row_xid = pg_current_xact_id()
    where e.program_id = r.program_id and e.erasure_id = r.erasure_id;
    if r.state = 'stuck' then
        perform casework.open_case(
            r.program_id, clock.new_id(), 'erasure_stuck', 'erasure:' || r.erasure_id, 'erasure_stuck',
            jsonb_build_object('erasure_id', r.erasure_id, 'store', r.store, 'problem', r.problem, 'attempts', r.attempts),
            array['done'], array['support', 'business-operator'], clock.now() + interval '3 days', 'privacy');
    end if;
    return r.state = 'stuck';
end
$$;

-- ---- stores outside the database -------------------------------------------------------------------------------------

-- The contract for whoever runs such a store (`recommendations`): ask what is to be erased, erase everything under the key (its
-- rows carry privacy.erasure_key of their member), say how many rows that were. Again is no harm. The lake's rows carry a random
-- key instead, which the room `lake` removes; so do Personalize's, which forgets every key that the lake has nobody for.
create or replace function privacy.to_erase_outside(store text, most integer)
returns table (program_id integer, erasure_id uuid, erasure_key text, asked_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select r.program_id, r.erasure_id, e.erasure_key, r.at
    from privacy.receipt as r join privacy.erasure as e using (program_id, erasure_id)
    where r.store = to_erase_outside.store and r.state = 'pending' order by r.at limit most
$$;

create or replace function privacy.erased_outside(program_id integer, erasure_id uuid, store text, removed jsonb)
returns boolean language sql security definer set search_path = pg_catalog as $$
    with done as (
        update privacy.receipt as r
        set state = 'done', removed = erased_outside.removed, at = clock.now(), row_xid = pg_current_xact_id()
        where r.program_id = erased_outside.program_id and r.erasure_id = erased_outside.erasure_id
          and r.store = erased_outside.store and r.state = 'pending'
        returning 1
    )
    select exists (select from done)
$$;

-- ---- after a restore -------------------------------------------------------------------------------------------------

-- Accounts that ended by themselves and are not in the list outside the database yet.
create or replace function privacy.unlisted(most integer)
returns table (program_id integer, closure_id uuid, member_id bigint, erasure_key text, closed_at timestamptz)
language sql stable security definer set search_path = pg_catalog as $$
    select c.program_id, c.closure_id, c.member_id, privacy.erasure_key(c.program_id, c.member_id), c.closed_at
    from closure.closure as c
    where c.state in ('closed', 'erased')
      and not exists (select from privacy.listed as l where l.program_id = c.program_id and l.member_id = c.member_id)
    order by c.closed_at limit most
$$;

create or replace function privacy.note_listed(program_id integer, member_id bigint) returns void
language sql security definer set search_path = pg_catalog as $$
    insert into privacy.listed(program_id, member_id, listed_at)
    values (note_listed.program_id, note_listed.member_id, clock.now()) on conflict do nothing
$$;

-- Whose keys these are, by one walk over a programme's members.
create or replace function privacy.whose(program_id integer, keys text[]) returns table (erasure_key text, member_id bigint)
language sql stable security definer set search_path = pg_catalog as $$
    select k.key, m.member_id
    from members.member as m
    cross join lateral (select privacy.erasure_key(m.program_id, m.member_id) as key offset 0) as k
    where m.program_id = whose.program_id and k.key = any (whose.keys)
$$;

-- One line of the list, said to a database that may have forgotten it. `what`: erasure, or closure (the member's own, which the
-- closure's schedule brings to its end). Answers known (it is carried out or under way here), again, waits (an order is open: say
-- it again later), unknown_key (nobody here has it: the member is newer than the restored instant).
drop function if exists privacy.reapply(integer, uuid, text, text, timestamptz);
create or replace function privacy.reapply(
    program_id integer, member_id bigint, request_id uuid, what text, erasure_key text, approved_at timestamptz
) returns text language plpgsql security definer set search_path = pg_catalog as $$
#variable_conflict use_variable
declare
    whose bigint := member_id;
begin
    if privacy.erasure_key(program_id, whose) is distinct from erasure_key then
        return 'unknown_key';
    elsif what = 'closure' then
        if exists (select from closure.closure as c where c.program_id = reapply.program_id and c.member_id = whose
                                                    and c.state in ('closed', 'erased')) then
            return 'known';
        end if;
        return case when closure.end_now(program_id, whose, request_id) is null then 'waits' else 'again' end;
    elsif exists (select from privacy.erasure as e where e.program_id = reapply.program_id and e.member_id = whose
                                                   and e.state in ('running', 'stuck', 'done')) then
        return 'known';
    end if;
    perform casework.withdraw_case(e.program_id, e.erasure_id, 'restore') from privacy.erasure as e
    where e.program_id = reapply.program_id and e.member_id = whose and e.state = 'waiting';
    delete from privacy.erasure as e
    where e.program_id = reapply.program_id and e.member_id = whose and e.state = 'waiting';
    insert into privacy.erasure(program_id, erasure_id, member_id, erasure_key, origin, reason, state, request_hash,
                                requested_by, requested_at, decided_by, decided_at, due_at)
    values (program_id, request_id, whose, erasure_key, 'restore', 'other', 'running', '\x', 'restore', approved_at,
            'list', approved_at, clock.now());
    perform privacy.run(program_id, request_id);
    return 'again';
end
$$;

-- How many erasures stand still: stuck, or not looked at for an hour. Those under a legal hold are not among them.
create or replace function privacy.overdue() returns bigint
language sql stable security definer set search_path = pg_catalog as $$
    select (select count(*) from privacy.erasure as e
            where e.state = 'stuck' or e.state = 'running' and e.due_at < clock.now() - interval '1 hour'
                                       and not members.held(e.program_id, e.member_id))
         + (select count(*) from privacy.export as e where e.state = 'waiting' and e.due_at < clock.now() - interval '1 hour')
$$;
