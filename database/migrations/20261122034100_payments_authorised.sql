-- The worker asks every two seconds which authorisations grow old.
create index payment_authorised on payments.payment (authorised_at) where state = 'authorised';
