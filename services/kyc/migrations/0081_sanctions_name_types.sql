-- What the list calls each of the names, in their order: 'primary', 'variation' or 'alias'. Empty for an entry
-- that an earlier release loaded: all its names count as primary until the list is loaded again.
alter table sanctions_entries add column name_types text[] not null default '{}';
