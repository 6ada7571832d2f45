-- A tenant or a user that is disabled can neither log in nor call.
alter table tenants
    -- When it was disabled; null while it is active.
    add column disable_time timestamptz,
    -- Requests each second at most; null: as many as the service is set to allow.
    add column requests_per_s integer,
    add constraint tenants_requests_per_s_range check (requests_per_s between 1 and 1000000);
alter table api_users
    -- When it was disabled; null while it is active.
    add column disable_time timestamptz;

-- Long-lived keys, for programs. What one proves is in api_key_secrets.
create table api_keys (
    tenant_id uuid not null,
    -- UUIDv7.
    key_id uuid not null,
    -- For whom it stands. It allows what both it and the user have scopes for.
    user_id uuid not null,
    -- What the tenant calls it.
    name text not null,
    -- What it allows, for example 'customers:read'.
    scopes text[] not null,
    -- Networks from which it may be used, as '192.0.2.0/24'; none: from everywhere.
    allowed_addresses text[] not null,
    -- Requests each second at most; null: as many as the service is set to allow.
    requests_per_s integer,
    create_time timestamptz not null default now(),
    -- From then on it is none; null: never.
    expire_time timestamptz,
    -- When it was revoked, for good; null while it is good.
    revoke_time timestamptz,
    -- When it was last used, to the minute; null if it never was.
    last_use_time timestamptz,

    constraint api_keys_pkey primary key (tenant_id, key_id),
    constraint api_keys_user foreign key (tenant_id, user_id)
        references api_users (tenant_id, user_id),
    constraint api_keys_name_length check (char_length(name) between 1 and 100),
    constraint api_keys_scopes_not_null check (array_position(scopes, null) is null),
    constraint api_keys_addresses_not_null check (array_position(allowed_addresses, null) is null),
    constraint api_keys_addresses_number check (cardinality(allowed_addresses) <= 64),
    constraint api_keys_requests_per_s_range check (requests_per_s between 1 and 1000000)
);

-- Names of revoked keys are free again.
create unique index api_keys_name_once on api_keys (tenant_id, name) where revoke_time is null;

-- What proves that a call is made with a key: one secret, two while one takes over from the other.
create table api_key_secrets (
    tenant_id uuid not null,
    -- SHA-256 of the secret, which names its tenant. The secret itself is kept nowhere.
    secret_hash bytea not null,
    key_id uuid not null,
    create_time timestamptz not null default now(),
    -- From then on it is none; null while no other has taken over.
    expire_time timestamptz,

    constraint api_key_secrets_pkey primary key (tenant_id, secret_hash),
    constraint api_key_secrets_key foreign key (tenant_id, key_id)
        references api_keys (tenant_id, key_id),
    constraint api_key_secrets_hash_length check (octet_length(secret_hash) = 32)
);

-- The secrets of a key, to end them. One alone is without an end.
create index api_key_secrets_by_key on api_key_secrets (tenant_id, key_id);
create unique index api_key_secrets_latest_once on api_key_secrets (tenant_id, key_id)
    where expire_time is null;
