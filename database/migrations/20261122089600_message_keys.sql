-- What staff write in a case has a key, so that the same message sent again is not a second one.
alter table cases.message add column message_key uuid;
create unique index message_key_once on cases.message (program_id, case_id, message_key) where message_key is not null;
