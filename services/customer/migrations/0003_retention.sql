-- How long personal data has to be kept: until five years after the relationship has ended, and for as long
-- as there is a legal hold.
alter table customers
    -- When the relationship ended; null while it goes on.
    add column relationship_ended_at timestamptz,
    -- Somebody wants the data kept, whatever the time.
    add column legal_hold boolean not null default false,
    -- When the personal data was erased.
    add column erased_at timestamptz,
    drop constraint customers_names_fit_type,
    add constraint customers_names_fit_type check (
        case
            when erased_at is not null then
                num_nonnulls(first_name, middle_name, last_name, company_name, date_of_birth) = 0
            when customer_type = 'individual' then
                first_name is not null and last_name is not null and company_name is null
                and date_of_birth is not null
            else company_name is not null
        end
    ),
    add constraint customers_erased_are_nameless check (
        erased_at is null
        or (
            name_key = ''
            and num_nonnulls(
                address_number, address_refinement, address_street, address_region, address_city,
                address_postal_code, email, phone
            ) = 0
        )
    ),
    add constraint customers_ended_are_disabled check (
        relationship_ended_at is null or not active
    ),
    add constraint customers_erased_have_ended check (
        erased_at is null or (relationship_ended_at is not null and not legal_hold)
    );

-- Whose data is to be erased, longest due first.
create index customers_to_erase on customers (relationship_ended_at)
    where relationship_ended_at is not null and erased_at is null and not legal_hold;

-- Customers whose personal data was erased here, and whose documents the KYC service has not said to be
-- destroyed. Written in the transaction of the erasure, deleted when it is acknowledged.
create table customer_erasures (
    tenant_id uuid not null,
    customer_id uuid not null,

    constraint customer_erasures_pkey primary key (tenant_id, customer_id)
);
