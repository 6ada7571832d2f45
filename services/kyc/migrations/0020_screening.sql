-- Who is on a sanctions list: published, and the same for all tenants. So no tenant's id leads the keys.
create table sanctions_entries (
    list text not null,
    -- As the list numbers it.
    entry_id text not null,
    kind text not null,
    names text[] not null,
    -- Which of the names the list itself calls weak.
    weak_names text[] not null,
    -- In full "1970-12-31", in part "1970-12", or from one year to another "1970..1970".
    births text[] not null,
    -- ISO 3166-1 alpha-2.
    countries text[] not null,

    constraint sanctions_entries_pkey primary key (list, entry_id),
    constraint sanctions_entries_list_known check (list in ('uk', 'ofac')),
    constraint sanctions_entries_kind_known check (kind in ('person', 'entity', 'other'))
);

-- Each loading of a list that was not refused.
create table sanctions_loads (
    lists_version bigint not null,
    list text not null,
    entries integer not null,
    load_time timestamptz not null default now(),

    constraint sanctions_loads_pkey primary key (lists_version)
);

-- What screening has to do, in one row: it goes over all tenants' customers.
create table screening_work (
    single boolean not null default true,
    -- Goes up with each loading of a list: tells lists in memory from those that are stored.
    lists_version bigint not null default 0,
    -- Goes up whenever everybody is to be screened again: with each loading, and when a tenant lowers its
    -- threshold.
    sweep_wanted bigint not null default 0,
    -- The last that was begun, how far it has come (a page token of the customer service), and the last
    -- that has come to its end.
    sweep_begun bigint not null default 0,
    sweep_token text not null default '',
    sweep_done bigint not null default 0,
    -- Which process screens, and until when it has that to itself.
    holder uuid,
    lease_end timestamptz not null default '-infinity',

    constraint screening_work_single primary key (single),
    constraint screening_work_one_row check (single),
    constraint screening_work_sweeps_in_order check (
        sweep_done <= sweep_begun and sweep_begun <= sweep_wanted
    )
);

insert into screening_work default values;

-- What a tenant has set. A tenant without a row has the defaults.
create table screening_settings (
    tenant_id uuid not null,
    -- In thousandths: from which score on a match asks for a review.
    threshold integer not null,

    constraint screening_settings_pkey primary key (tenant_id),
    constraint screening_settings_threshold_range check (threshold between 500 and 1000)
);

-- Matches of customers with entries: the evidence of a review. What is the customer's is not in it, only
-- what the list has and how it differs. A match is settled for this version of the customer's details and
-- this hash of the entry when its verification has been decided by a person.
create table screening_matches (
    tenant_id uuid not null,
    verification_id uuid not null,
    customer_id uuid not null,
    list text not null,
    entry_id text not null,
    -- SHA-256 of all of the entry that a match can rest on.
    entry_hash bytea not null,
    -- The version of the customer's details that were screened.
    details_version bigint not null,
    -- The entry's, as the list had it.
    name text not null,
    -- In thousandths.
    score integer not null,
    -- What is not the same, as UPPER_SNAKE codes.
    differences text[] not null,
    create_time timestamptz not null default now(),

    constraint screening_matches_pkey primary key (tenant_id, verification_id, list, entry_id),
    constraint screening_matches_of_verification foreign key (tenant_id, verification_id)
        references verifications (tenant_id, verification_id) on delete cascade on update cascade,
    constraint screening_matches_score_range check (score between 0 and 1000)
);

create index screening_matches_by_customer on screening_matches (tenant_id, customer_id);

-- A review that screening asked for has no document.
alter table verifications drop constraint verifications_id_type_known;
alter table verifications add constraint verifications_id_type_known check (
    id_type in ('passport', 'driving_license', 'id_card', 'none')
);
