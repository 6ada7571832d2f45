-- Tenants' own accounts with providers.

alter table verifications
-- Who decides, fixed at the creation: a tenant's account with this provider, or a provider of the
-- deployment by its name. Null for verifications from before: the one that `provider` names.
add column adapter text,
-- When the provider called back while a worker was asking it: it is asked again at once. Null when no
-- call has come since the work was last taken up.
add column callback_time timestamptz;

-- A provider calls back about what it calls the attempt.
create index verifications_by_provider_reference on verifications (adapter, provider_reference)
where provider_reference is not null;

create table provider_accounts (
    tenant_id uuid not null,
    provider text not null,
    -- What `gb_group` means for the tenant.
    is_default boolean not null,
    -- The user name, or the client's id.
    account text not null,
    -- The profile, or the journey.
    profile_id text not null,
    profile_version text not null,
    -- What the provider's words mean: pairs, by their places.
    words text[] not null,
    verdicts text[] not null,
    -- The password, or the client's secret: sealed, bound to the tenant, the provider and its use.
    secret bytea not null,
    secret_key bytea not null,
    secret_key_version integer not null,
    -- What callbacks are signed with, sealed in the same way; null when none are taken.
    callback_secret bytea,
    callback_secret_key bytea,
    callback_secret_key_version integer,
    -- Counts the changes.
    version bigint not null,
    create_time timestamptz not null,
    update_time timestamptz not null,

    constraint provider_accounts_pkey primary key (tenant_id, provider),
    constraint provider_accounts_provider_known check (provider in ('gbg_id3global', 'gbg_go')),
    constraint provider_accounts_words_have_verdicts check (
        cardinality(words) = cardinality(verdicts)
    ),
    constraint provider_accounts_callback_secret_whole check (
        num_nulls(callback_secret, callback_secret_key, callback_secret_key_version) in (0, 3)
    ),
    constraint provider_accounts_version_positive check (version > 0)
);

-- A tenant has one default at most.
create unique index provider_accounts_one_default on provider_accounts (tenant_id)
where is_default;

-- Who changed an account and when; never what the secrets were. Rows are only ever added.
create table provider_account_changes (
    tenant_id uuid not null,
    change_id uuid not null,
    provider text not null,
    change text not null,
    -- The API user; null where a service acted on its own account.
    user_id uuid,
    request_id text not null,
    create_time timestamptz not null,

    constraint provider_account_changes_pkey primary key (tenant_id, change_id),
    constraint provider_account_changes_change_known check (change in ('set', 'deleted'))
);
