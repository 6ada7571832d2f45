-- What was done in one way, newest first: without it, a list of one action reads all that a tenant ever did.
create index audit_records_by_action on audit_records (tenant_id, action, audit_record_id);
