-- A legal hold is a fact about a membership: whatever ends or erases one asks for it.
alter table privacy.legal_hold set schema members;

-- What webhooks are told of one member: for their export, and for their erasure.
create index delivery_member on integrations.delivery (program_id, order_key);
