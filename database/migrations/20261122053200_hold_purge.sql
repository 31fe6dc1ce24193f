-- Finds closed holds by the end of their lease, for leaving. Operations that close a hold write it; opening one does not.
create index hold_closed on points.hold (lease_until) where open = 0;
