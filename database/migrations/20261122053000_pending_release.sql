-- Which operation made the pending points of a purchase available: whoever asks again gets its answer.
alter table points.pending add column mature_op_id uuid;
