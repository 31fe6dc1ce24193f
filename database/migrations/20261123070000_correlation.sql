-- The queue of orders may be days long, and what is sent to Amazon in the end belongs to the request that it began with.
alter table orders.placement
    -- Of the member's request: 8 to 64 letters, digits and hyphens.
    add column correlation_id text,
    -- The trace that the message came with, as X-Ray writes it: Root=…;Parent=…;Sampled=….
    add column trace text;
