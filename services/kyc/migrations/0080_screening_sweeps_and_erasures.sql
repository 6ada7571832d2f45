-- Which way of comparing names everybody was last screened by: a program that compares in another way has
-- everybody screened again when it takes over.
alter table screening_work add column matching integer not null default 0;

-- A tenant that lowers its threshold has its own customers screened again, and nobody else's. As in
-- screening_work: the last such screening that is wanted, that was begun and how far it has come, and the last
-- that has come to its end.
alter table screening_settings
    add column sweep_wanted bigint not null default 0,
    add column sweep_begun bigint not null default 0,
    add column sweep_token text not null default '',
    add column sweep_done bigint not null default 0,
    -- When it was last gone on with: tenants take turns.
    add column sweep_time timestamptz not null default '-infinity',
    add constraint screening_settings_sweeps_in_order check (
        sweep_done <= sweep_begun and sweep_begun <= sweep_wanted
    );

create index screening_settings_to_sweep on screening_settings (sweep_time)
    where sweep_done < sweep_wanted;

-- Customers who could not be screened in their turn, to be tried again. Taken off when they are.
create table screening_left (
    tenant_id uuid not null,
    -- In the customer service's database.
    customer_id uuid not null,
    -- Nobody tries before.
    next_time timestamptz not null,

    constraint screening_left_pkey primary key (tenant_id, customer_id)
);

create index screening_left_by_time on screening_left (next_time);

-- Customers whose personal data was erased. Whoever has read one of them before must not keep anything of
-- them any more: who stores matches, reviews or documents looks here first, under a lock that the erasure
-- waits for. Rows are only ever added.
create table erased_customers (
    tenant_id uuid not null,
    -- In the customer service's database.
    customer_id uuid not null,
    create_time timestamptz not null default now(),

    constraint erased_customers_pkey primary key (tenant_id, customer_id)
);

grant select, insert on erased_customers to kyc_service;
grant select, insert, update, delete on screening_left to kyc_service;

-- What is a tenant's, as the other tables' policies have it (migration 0030).
do $$
declare
    tenant_table text;
begin
    foreach tenant_table in array array['erased_customers', 'screening_left'] loop
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
