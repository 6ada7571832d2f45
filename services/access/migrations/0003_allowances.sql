-- What of their allowances tenants, users and keys have drawn. Not logged: after a crash of PostgreSQL
-- everybody has a full allowance, which is a second's worth.
create unlogged table allowances (
    tenant_id uuid not null,
    -- The tenant, a user or a key of the tenant's.
    subject_id uuid not null,
    -- Up to when the allowance is spent, in microseconds since 1970: an allowance of 100 requests each
    -- second is spent for another hundredth of a second by each request. The clock is PostgreSQL's.
    spent_until_us bigint not null,

    constraint allowances_pkey primary key (tenant_id, subject_id)
) with (fillfactor = 50);
