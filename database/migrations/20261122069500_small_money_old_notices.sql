-- What a provider takes at least, as it was when the quote was made: between it and nothing no money is offered.
alter table redemptions.quote add column money_min_minor bigint not null default 0 check (money_min_minor >= 0);

-- The oldest notices are let go of.
create index notice_received on payments.notice (received_at);
