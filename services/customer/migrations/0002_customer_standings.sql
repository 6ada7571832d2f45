-- Counts, per tenant, the changes of any customer's `active`. Whoever changes that column adds one here,
-- in the same transaction and after it: the lock on this row, held until the commit, makes the order of
-- versions that of the commits. A tenant without a row is at version 0.
create table customer_standings (
    tenant_id uuid not null,
    version bigint not null,

    constraint customer_standings_pkey primary key (tenant_id),
    constraint customer_standings_version_positive check (version > 0)
);
