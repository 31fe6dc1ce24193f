-- Members remove addresses and close their accounts.

-- No longer among the member's addresses; orders that went there still know it.
alter table members.address add column removed_at timestamptz;
