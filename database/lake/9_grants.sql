-- Whoever exports sees these views and nothing else; the function `privacy` removes keys and begins epochs.
grant usage on schema lake to lake_reader, privacy, auditor;
grant select on
    lake.instance, lake.member, lake.tier_change, lake.accrual, lake.points_entry, lake.points_movement, lake.rate,
    lake.lot_entry,
    lake.redemption, lake.redemption_line, lake.units_back, lake.shipment, lake.money, lake.invoice, lake.invoice_line,
    lake.product, lake.campaign, lake.campaign_participant, lake.wish, lake.preference, lake.tier,
    lake.catalogue_view, lake.viewer, lake.availability, lake.personalised
to lake_reader;
grant execute on function lake.forget_erased(integer), lake.begin_epoch() to privacy;
grant select on lake.invariants to auditor;
