-- What came in, could not be credited and could not be given back: a person has to see to it.
create index payments_kept_in_suspense on payments (tenant_id, payment_id)
where returns_transfer_id is not null and (status = 'rejected' or return_transfer_id is not null);
