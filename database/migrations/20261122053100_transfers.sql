-- Points that one member gives to another. In one file with nothing that uses the new kind: PostgreSQL wants it committed first.
alter type points.kind add value 'transfer';
insert into points.account values
    (16, 'transferred', 'programme', 'points on their way from one member to another: always zero in sum');
