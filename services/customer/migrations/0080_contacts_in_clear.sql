-- Companies whose contact's names stand in clear: of an earlier release, until they are sealed with the rest of
-- the personal data. Companies are searched by their own name alone.
create index customers_contacts_in_clear on customers (tenant_id, customer_id)
    where customer_type = 'company' and num_nonnulls(first_name, middle_name, last_name) > 0;
