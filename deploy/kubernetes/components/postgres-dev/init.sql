-- Each service owns its database, and no other can connect to it.
create role access login password 'access-dev-password';
create database access owner access;
revoke all on database access from public;
create role customer login password 'customer-dev-password';
create database customer owner customer;
revoke all on database customer from public;
create role kyc login password 'kyc-dev-password';
create database kyc owner kyc;
revoke all on database kyc from public;
create role ledger login password 'ledger-dev-password';
create database ledger owner ledger;
revoke all on database ledger from public;
