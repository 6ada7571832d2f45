-- Customers whose latest change of a name, the date of birth or the country the KYC service has not taken
-- note of: a creation is one. Written in the transaction of the change, deleted when it is acknowledged.
-- A list, and not a cursor over numbered changes: transactions do not commit in the order in which they
-- take numbers. Customers from before this table are not in it: loading a sanctions list screens everyone.
create table customer_changes (
    tenant_id uuid not null,
    customer_id uuid not null,
    -- Of the latest change. An acknowledgement of an earlier one leaves it here.
    details_version bigint not null,

    constraint customer_changes_pkey primary key (tenant_id, customer_id),
    constraint customer_changes_of_customer foreign key (tenant_id, customer_id)
        references customers (tenant_id, customer_id) on delete cascade,
    constraint customer_changes_details_version_positive check (details_version > 0)
);
