-- Orders leave by whether they are trials, then as they came: of a queue that is days long the next one is its first row.
drop index orders.placement_due;
create index placement_due on orders.placement (connection, state, trial, queue_number)
    where state in ('queued', 'sent', 'unknown');
