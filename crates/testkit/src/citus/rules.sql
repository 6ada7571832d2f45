-- The catalogue and the functions of Citus that `citus.sql` uses, as far as that file can tell, with the rules that
-- Citus documents for tables that are distributed: what it would refuse is refused here, in its words where they are
-- known. It distributes nothing. Citus cannot be installed where the tests run.
create table pg_dist_partition (
    logicalrelid regclass primary key,
    partmethod "char" not null,
    by_column name,
    beside regclass
);
-- As Citus does, for the services' roles.
grant select on pg_dist_partition to public;

create function create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text default 'hash',
    colocate_with text default 'default', shard_count integer default null
) returns void language plpgsql as $$
declare
    key smallint;
    found record;
    group_of regclass := case when colocate_with = 'none' then table_name else colocate_with::regclass end;
begin
    if exists (select from pg_dist_partition where logicalrelid = table_name) then
        raise exception 'table % is already distributed', table_name;
    end if;
    select attnum into strict key from pg_attribute
    where attrelid = table_name and attname = distribution_column;
    if colocate_with <> 'none' and not exists (
        select from pg_dist_partition d
        join pg_attribute other on other.attrelid = d.logicalrelid and other.attname = d.by_column
        join pg_attribute own on own.attrelid = table_name and own.attnum = key
        where d.logicalrelid = group_of and d.partmethod = 'h' and own.atttypid = other.atttypid
    ) then
        raise exception 'cannot colocate tables % and %', table_name, colocate_with;
    end if;
    for found in select tgname from pg_trigger where tgrelid = table_name and not tgisinternal loop
        raise exception 'cannot distribute relation % because it has triggers', table_name;
    end loop;
    for found in
        select polname from pg_policy
        where polrelid = table_name
            and (polqual::text || coalesce(polwithcheck::text, '')) like '%{SUBLINK%'
    loop
        raise exception 'cannot create policy'
            using detail = 'Subqueries are not supported in policies on distributed tables';
    end loop;
    for found in
        select indexrelid::regclass as name from pg_index
        where indrelid = table_name and (indisunique or indisexclusion)
            and not key = any (indkey[0:indnkeyatts - 1])
    loop
        raise exception 'cannot create constraint on % (%)', table_name, found.name
            using detail = 'Distributed relations cannot have UNIQUE, EXCLUDE, or PRIMARY KEY constraints '
                'that do not include the partition column (with an equality operator if EXCLUDE).';
    end loop;
    for found in
        select c.conname, c.confupdtype, c.confdeltype, c.confrelid, c.conkey, c.confkey, d.partmethod,
            coalesce(d.beside, d.logicalrelid) as beside, other.attnum as other_key
        from pg_constraint c
        left join pg_dist_partition d on d.logicalrelid = c.confrelid
        left join pg_attribute other on other.attrelid = c.confrelid and other.attname = d.by_column
        where c.conrelid = table_name and c.contype = 'f'
    loop
        if found.partmethod is null then
            raise exception 'referenced table % must be a distributed table or a reference table',
                found.confrelid::regclass;
        end if;
        continue when found.partmethod = 'n';
        if found.beside <> group_of then
            raise exception 'cannot create foreign key constraint since relations are not colocated or '
                'not referencing a reference table';
        end if;
        if array_position(found.conkey, key) is null
            or array_position(found.confkey, found.other_key)
                is distinct from array_position(found.conkey, key)
        then
            raise exception 'cannot create foreign key constraint %', found.conname
                using detail = 'The distribution column has to be at the same place on both sides.';
        end if;
        if found.confupdtype in ('c', 'n', 'd') or found.confdeltype in ('n', 'd') then
            raise exception 'cannot create foreign key constraint %', found.conname
                using detail = 'SET NULL, SET DEFAULT or CASCADE is not supported in ON UPDATE operation, '
                    'nor SET NULL or SET DEFAULT in ON DELETE, when distribution key is included.';
        end if;
    end loop;
    insert into pg_dist_partition values (table_name, 'h', distribution_column, group_of);
end
$$;

create function create_reference_table(table_name regclass) returns void language plpgsql as $$
begin
    if exists (select from pg_dist_partition where logicalrelid = table_name) then
        raise exception 'table % is already distributed', table_name;
    end if;
    insert into pg_dist_partition values (table_name, 'n', null, null);
end
$$;
