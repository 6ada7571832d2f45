-- Who did what to what, and when (docs/audit.md). Written in the transaction of what was done; rows are only
-- ever added.
create table audit_records (
    tenant_id uuid not null,
    -- UUIDv7.
    audit_record_id uuid not null,
    -- The API user; null: a service, on its own account.
    user_id uuid,
    -- The API key that the user's call was made with; null: it was made after a login.
    api_key_id uuid,
    -- The service that acted on its own account, or 'operator'; null: an API user did.
    service text,
    -- What was done, as 'customer.update'.
    action text not null,
    -- To what, as 'customers/<id>'. Ids alone, no personal data.
    object text not null,
    -- Of what the object was before, and is since: SHA-256, or HMAC-SHA-256 where its state is personal
    -- data. Null where there was or is nothing, and where nothing was changed.
    before_digest bytea,
    after_digest bytea,
    -- Names the request in every log.
    request_id text not null,
    create_time timestamptz not null default now(),

    constraint audit_records_pkey primary key (tenant_id, audit_record_id),
    constraint audit_records_by_somebody check (num_nonnulls(user_id, service) > 0),
    constraint audit_records_key_of_user check (api_key_id is null or user_id is not null),
    constraint audit_records_before_length check (octet_length(before_digest) = 32),
    constraint audit_records_after_length check (octet_length(after_digest) = 32)
);

-- Finds records that have no place in their chain yet.
create index audit_records_by_time on audit_records (create_time);
-- What was done to an object, and what somebody did.
create index audit_records_by_object on audit_records (tenant_id, object, audit_record_id);
create index audit_records_by_user on audit_records (tenant_id, user_id, audit_record_id);

-- The chain of a tenant's records: each link's hash is made of the hash before and of the record. Made some
-- seconds after the records, so that those who write them never wait for each other. Rows are only ever added.
create table audit_links (
    tenant_id uuid not null,
    -- 1, 2, 3 and so on, without a gap.
    sequence bigint not null,
    audit_record_id uuid not null,
    -- SHA-256.
    hash bytea not null,
    create_time timestamptz not null default now(),

    constraint audit_links_pkey primary key (tenant_id, sequence),
    constraint audit_links_record_once unique (tenant_id, audit_record_id),
    constraint audit_links_of_record foreign key (tenant_id, audit_record_id)
        references audit_records (tenant_id, audit_record_id),
    constraint audit_links_sequence_positive check (sequence > 0),
    constraint audit_links_hash_length check (octet_length(hash) = 32)
);

-- What is a tenant's, as the other tables' policies have it (migration 0030).
grant select, insert on audit_records, audit_links to customer_service;
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['audit_records', 'audit_links'] loop
        execute format(
            'alter table %I enable row level security, force row level security', tenant_table
        );
        execute format(
            $policy$
            create policy of_the_tenants_that_are_set on %I using (
                tenant_id = any ((
                    select string_to_array(
                        nullif(current_setting('lombard.tenants', true), '*'), ','
                    )::uuid[]
                )::uuid[])
                or (select current_setting('lombard.tenants', true)) = '*'
            )
            $policy$,
            tenant_table
        );
    end loop;
end
$$;
