-- An order is found by the second half of Amazon's number when the first was hardly read.
create index order_part_ending on orders.order_part (program_id, right(amazon_order_id, 7)) where amazon_order_id is not null;
