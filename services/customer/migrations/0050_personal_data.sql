-- Personal data that nothing is searched by in part is kept encrypted; the service alone has the keys
-- (docs/adr/0050-personal-data-sealed.md). Names stay, because they are searched by their beginning, and the
-- country, which tells nobody.
alter table customers
    -- Address, date of birth, e-mail address and phone number, encrypted with a data key of this customer's.
    -- Null when there is none of it.
    add column personal bytea,
    -- That data key, wrapped, and which key-encryption key wraps it.
    add column personal_key bytea,
    add column personal_key_version integer,
    -- A keyed hash of the e-mail address in the form that is compared.
    add column email_index bytea,
    add constraint customers_personal_with_key check (
        num_nulls(personal, personal_key, personal_key_version) in (0, 3)
    ),
    -- What is sealed stands nowhere else.
    add constraint customers_personal_once check (
        personal is null
        or num_nonnulls(
            address_number, address_refinement, address_street, address_region, address_city,
            address_postal_code, date_of_birth, email, email_key, phone, phone_e164
        ) = 0
    ),
    add constraint customers_email_index_of_sealed check (
        email_index is null or (personal is not null and octet_length(email_index) = 32)
    ),
    drop constraint customers_names_fit_type,
    add constraint customers_names_fit_type check (
        case
            when erased_at is not null then
                num_nonnulls(
                    first_name, middle_name, last_name, company_name, date_of_birth, personal
                ) = 0
            when customer_type = 'individual' then
                first_name is not null and last_name is not null and company_name is null
                and num_nonnulls(date_of_birth, personal) = 1
            else company_name is not null
        end
    );

create index customers_by_email_index on customers (tenant_id, email_index, customer_id)
    where email_index is not null;

-- Rows of an earlier release, until they are sealed.
create index customers_in_clear on customers (tenant_id, customer_id)
    where num_nonnulls(
        address_number, address_refinement, address_street, address_region, address_city,
        address_postal_code, date_of_birth, email, phone
    ) > 0;

-- For the rotation of keys.
create index customers_by_key_version on customers (personal_key_version)
    where personal_key_version is not null;

-- What a tenant's e-mail addresses are hashed with, wrapped. Made when it is first needed, and never
-- changed: then nothing would be found any more.
create table index_keys (
    tenant_id uuid not null,
    key bytea not null,
    -- Which key-encryption key wraps it.
    key_version integer not null,

    constraint index_keys_pkey primary key (tenant_id)
);

grant select, insert, update (key, key_version) on index_keys to customer_service;
alter table index_keys enable row level security, force row level security;
create policy of_the_tenants_that_are_set on index_keys using (
    tenant_id = any ((
        select string_to_array(nullif(current_setting('lombard.tenants', true), '*'), ',')::uuid[]
    )::uuid[])
    or (select current_setting('lombard.tenants', true)) = '*'
);
