-- Who may call what of the books. Staff propose, approve, lock and read through the manager API; nobody touches a table.
grant usage on schema reports to sweeper, manager_api, order_information, auditor;
grant execute on function reports.post(int), reports.post_deliveries(int), reports.watch() to sweeper;
grant execute on function
    reports.propose_rate(int, date, text, text, text, int, bigint, bigint, int, bigint, int[], jsonb, text, text),
    reports.approve_rate(int, int, text),
    reports.rates(int),
    reports.lock(int, date, text),
    reports.journal(int, date, date, text),
    reports.funder_statement(int, date),
    reports.state(int),
    reports.position(int),
    reports.liability(int),
    reports.rerun(int, date, date),
    reports.month_close(int, date),
    reports.close_movements(int, date, text),
    reports.close_lots(int, date, text, date, text, bigint, int),
    reports.lot_entries(int, text, int)
to manager_api;
grant execute on function reports.deliver(int, uuid, uuid, bigint, timestamptz, text) to order_information;
grant execute on function reports.check_books() to auditor;
