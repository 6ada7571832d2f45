-- The persons and companies whom tenants serve.
create table customers (
    tenant_id uuid not null,
    -- UUIDv7, so that the order of ids is the order of creation.
    customer_id uuid not null,
    customer_type text not null,
    -- Of the person, or of a company's contact.
    first_name text,
    middle_name text,
    last_name text,
    company_name text,
    -- The shown name in lower case, for search by prefix. In the C collation a prefix is a range of
    -- the index.
    name_key text collate "C" not null,
    address_number text,
    address_refinement text,
    address_street text,
    address_region text,
    address_city text,
    address_postal_code text,
    -- ISO 3166-1 alpha-2, upper case.
    address_iso_country text not null,
    date_of_birth date,
    -- As sent, and in the form that is compared.
    email text,
    email_key text,
    -- As sent, and as E.164.
    phone text,
    phone_e164 text,
    active boolean not null,
    -- Where the attempt that counts for the present details stands.
    verification_status text not null,
    -- Goes up with every change of a name, the date of birth or the country.
    details_version bigint not null,
    -- The verification whose report was recorded last, and the number of its transition: reports that
    -- come late or twice are told by these. Null until one counts for the present details.
    verification_id uuid,
    verification_version bigint,
    create_time timestamptz not null,
    update_time timestamptz not null,

    constraint customers_pkey primary key (tenant_id, customer_id),
    constraint customers_type_known check (customer_type in ('individual', 'company')),
    constraint customers_names_fit_type check (
        case customer_type
            when 'individual' then
                first_name is not null and last_name is not null and company_name is null
                and date_of_birth is not null
            else company_name is not null
        end
    ),
    constraint customers_country_two_letters check (address_iso_country ~ '^[A-Z]{2}$'),
    constraint customers_email_with_key check ((email is null) = (email_key is null)),
    constraint customers_phone_with_e164 check ((phone is null) = (phone_e164 is null)),
    constraint customers_verification_status_known check (
        verification_status in (
            'unverified', 'pending', 'in_review', 'verified', 'resubmission_required', 'rejected',
            'expired', 'error'
        )
    ),
    constraint customers_verification_with_version check (
        (verification_id is null) = (verification_version is null)
    ),
    constraint customers_details_version_positive check (details_version > 0)
);

create index customers_by_email on customers (tenant_id, email_key, customer_id);
create index customers_by_name on customers (tenant_id, name_key, customer_id);

-- How many customers a tenant has: the sum over its stripes. Counting them takes as long as there are
-- many. Several rows, of which each creation takes one, so that creations seldom wait for each other.
create table customer_counts (
    tenant_id uuid not null,
    stripe smallint not null,
    customers bigint not null,

    constraint customer_counts_pkey primary key (tenant_id, stripe),
    constraint customer_counts_stripe_known check (stripe between 0 and 15),
    constraint customer_counts_not_negative check (customers >= 0)
);

-- One outcome for one request_id (see kit::idempotency). Kept for ever.
create table requests (
    tenant_id uuid not null,
    -- The rpc.
    operation text not null,
    -- Chosen by the caller.
    request_id text not null,
    -- Tells whether a later request with the same id is the same request.
    request_hash bytea not null,
    -- The encoded id of the customer, and no personal data; empty only inside the transaction that makes the effect.
    response bytea not null default '',
    create_time timestamptz not null default now(),
    constraint requests_once primary key (tenant_id, operation, request_id)
);
