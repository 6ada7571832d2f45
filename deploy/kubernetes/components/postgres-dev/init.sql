-- Each service owns its database, and no other can connect to it. It migrates as the owner and serves as a
-- role that owns nothing: docs/operations.md, "Roles".
create role access login password 'access-dev-password';
create role access_service login password 'access-service-dev-password';
create database access owner access;
revoke all on database access from public;
grant connect on database access to access_service;
create role customer login password 'customer-dev-password';
create role customer_service login password 'customer-service-dev-password';
create database customer owner customer;
revoke all on database customer from public;
grant connect on database customer to customer_service;
create role kyc login password 'kyc-dev-password';
create role kyc_service login password 'kyc-service-dev-password';
create database kyc owner kyc;
revoke all on database kyc from public;
grant connect on database kyc to kyc_service;
create role ledger login password 'ledger-dev-password';
create role ledger_service login password 'ledger-service-dev-password';
create database ledger owner ledger;
revoke all on database ledger from public;
grant connect on database ledger to ledger_service;
