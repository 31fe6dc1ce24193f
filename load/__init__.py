"""`make load`: two thousand members, sixty-four devices, a local cloud of its own; then everything is counted.

    place      the cloud: pace of the connection, faults of the outside parties, members with points
    devices    what a device does: one visit after the other, whoever it is, and everything it was told
    book       every answer by route and phase; 5xx; where members stood in the queue
    memory     every process's own memory, second by second
    slow       the three minutes at Amazon's real pace: the queue grows, holds are extended
    verdict    what members were told against ledger, shop and provider
    report     the table, the picture, the last line

Neither a ratio (bench/) nor a proof that could do without a cloud (proofs/): a busy day in a quarter of an hour.
"""
