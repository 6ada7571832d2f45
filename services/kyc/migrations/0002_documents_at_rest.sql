-- Documents leave the database: a row says where the encrypted object is and holds its wrapped data key.
-- Rows from before have their content until the service has moved it out (see `upkeep`).
alter table documents
    alter column content drop not null,
    -- Names the object in the store, under the tenant's id.
    add column object_id uuid,
    -- The object's data key, and the version of the key-encryption key that wraps it.
    add column wrapped_key bytea,
    add column key_version integer,
    -- When the data key was destroyed, and the document with it.
    add column erase_time timestamptz,
    add constraint documents_kept_in_one_way check (
        num_nonnulls(content, object_id, erase_time) = 1
    ),
    add constraint documents_object_has_key check (
        (object_id is null) = (wrapped_key is null) and (object_id is null) = (key_version is null)
    ),
    add constraint documents_key_version_positive check (key_version > 0);

-- Whether an object is of any document, and of one alone.
create unique index documents_by_object on documents (tenant_id, object_id)
    where object_id is not null;

-- Which data keys an old key-encryption key wraps.
create index documents_by_key_version on documents (key_version, tenant_id, verification_id, side)
    where key_version is not null;

-- Rows whose content is still to be moved out.
create index documents_to_move on documents (tenant_id, verification_id, side)
    where content is not null;

-- Who read or changed what, and when. Rows are only ever added.
create table audit_records (
    tenant_id uuid not null,
    -- UUIDv7.
    audit_record_id uuid not null,
    -- The API user; null: the service on its own account.
    user_id uuid,
    -- What was done, as document.read.
    action text not null,
    -- To what: verifications/<id>/documents/front. No personal data.
    object text not null,
    -- Names the request in every log.
    request_id text not null,
    create_time timestamptz not null default now(),

    constraint audit_records_pkey primary key (tenant_id, audit_record_id)
);
