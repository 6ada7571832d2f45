-- The companies that use the platform. Everything else belongs to one of them.
create table tenants (
    -- UUIDv7, so that the order of ids is the order of creation.
    tenant_id uuid not null,
    -- What the operators of the platform call it.
    name text not null,
    create_time timestamptz not null default now(),

    constraint tenants_pkey primary key (tenant_id),
    constraint tenants_name_once unique (name),
    constraint tenants_name_length check (char_length(name) between 1 and 100)
);

-- Who of a tenant may log in.
create table api_users (
    tenant_id uuid not null,
    -- UUIDv7.
    user_id uuid not null,
    -- As given.
    email text not null,
    -- In the form that is compared.
    email_key text not null,
    -- Argon2id, as a PHC string.
    password_hash text not null,
    -- What the user may do, for example 'customers:read'.
    scopes text[] not null,
    create_time timestamptz not null default now(),

    constraint api_users_pkey primary key (tenant_id, user_id),
    constraint api_users_tenant foreign key (tenant_id) references tenants (tenant_id),
    -- Over all tenants, unlike every other key: a login names no tenant, its e-mail address must tell
    -- which one is meant.
    constraint api_users_email_once unique (email_key),
    constraint api_users_password_argon2id check (password_hash like '$argon2id$%'),
    constraint api_users_scopes_not_null check (array_position(scopes, null) is null)
);

-- What proves that a call is an API user's. Kept until they expire.
create table tokens (
    -- SHA-256 of the token. The token itself is kept nowhere. The tenant does not lead this key: a
    -- token is looked up to find out which tenant calls.
    token_hash bytea not null,
    tenant_id uuid not null,
    user_id uuid not null,
    create_time timestamptz not null default now(),
    -- From then on the token is none.
    expire_time timestamptz not null,
    -- When it was revoked; null while it is good.
    revoke_time timestamptz,

    constraint tokens_pkey primary key (token_hash),
    constraint tokens_user foreign key (tenant_id, user_id)
        references api_users (tenant_id, user_id),
    constraint tokens_hash_length check (octet_length(token_hash) = 32),
    constraint tokens_expire_after_create check (expire_time >= create_time)
);

-- Finds expired tokens, to delete them.
create index tokens_by_expire_time on tokens (expire_time);

-- Tries to log in that were wrong or are still being checked: one row for each subject that a try is
-- counted by. Rows matter for a minute; older ones are deleted by later tries.
create table login_attempts (
    -- One try; its rows share it. UUIDv7.
    attempt_id uuid not null,
    -- SHA-256 of 'email:…' or 'address:…', so that the table holds no personal data.
    subject bytea not null,
    attempt_time timestamptz not null default now(),
    -- False while the password is being checked. A try that was right is deleted.
    wrong boolean not null default false,

    constraint login_attempts_pkey primary key (attempt_id, subject),
    constraint login_attempts_subject_length check (octet_length(subject) = 32)
);

-- Counts the latest tries of a subject.
create index login_attempts_by_subject on login_attempts (subject, attempt_time);
-- Finds old tries, to delete them.
create index login_attempts_by_time on login_attempts (attempt_time);
