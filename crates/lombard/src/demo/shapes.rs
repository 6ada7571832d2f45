//! The documented fields of every answer, where the documents' tables and samples disagree as
//! resolved for the platform.

use super::check::{
    Field,
    Kind::{
        Amount, Bool, Count, Digits, Like, List, Number, Object, Success, Text, Uuid, Word, Words,
    },
    field, optional,
};

const TIME: &str = "0000-00-00 00:00:00";
const USES: &[&str] =
    &["investment", "deposit", "payments", "settlement", "float", "fee", "collateral", "escrow"];
const CUSTOMER_TYPES: &[&str] = &["individual", "company"];

/// An answer that says no more than that it is a success.
pub(super) const SUCCESS: &[Field] = &[STATUS, MESSAGE];
/// Of a login.
pub(super) const LOGIN: &[Field] = &[STATUS, MESSAGE, field("data", Object(TOKEN))];
/// Of whatever names a customer only.
pub(super) const CUSTOMER: &[Field] = &[STATUS, MESSAGE, field("data", Object(CUSTOMER_ID))];
/// Of a customer's details.
pub(super) const CUSTOMER_DETAILS: &[Field] =
    &[STATUS, MESSAGE, field("data", Object(CUSTOMER_FIELDS))];
/// Of the list of customers.
pub(super) const CUSTOMERS: &[Field] = &[
    STATUS,
    MESSAGE,
    field("data", Object(&[field("total", Count), field("list", List(CUSTOMER_ROW))])),
];
/// Of a ledger issued, and of its details.
pub(super) const LEDGER: &[Field] = &[STATUS, MESSAGE, field("data", Object(LEDGER_FIELDS))];
/// Of a ledger enabled or disabled.
pub(super) const LEDGER_CHANGED: &[Field] =
    &[STATUS, MESSAGE, field("customer_id", Uuid), field("ledger_id", Uuid)];
/// Of money moved.
pub(super) const MOVED: &[Field] = &[
    STATUS,
    MESSAGE,
    field("response_code", Word(&["1"])),
    field("response_message", Word(&["Transaction Success"])),
    field("transaction_id", Uuid),
];
/// Of the list of a ledger's transactions.
pub(super) const TRANSACTIONS: &[Field] = &[
    STATUS,
    MESSAGE,
    field("data", Object(&[field("total", Count), field("list", List(TRANSACTION_FIELDS))])),
];
/// Of one transaction.
pub(super) const TRANSACTION: &[Field] =
    &[STATUS, MESSAGE, field("data", Object(TRANSACTION_FIELDS))];

/// Of an account's holder confirmed.
pub(super) const PAYEE: &[Field] = &[STATUS, MESSAGE, field("data", Object(PAYEE_FIELDS))];
/// Of a payment ordered.
pub(super) const PAID: &[Field] = &[
    STATUS,
    MESSAGE,
    field("response_code", Word(&["1"])),
    field("response_message", Word(&["Transaction Success"])),
    field("payment_id", Uuid),
    optional("transaction_id", Uuid),
];
/// Of a payment's details.
pub(super) const PAYMENT: &[Field] = &[STATUS, MESSAGE, field("data", Object(PAYMENT_FIELDS))];
/// Of a balance at a time.
pub(super) const BALANCE: &[Field] = &[STATUS, MESSAGE, field("data", Object(BALANCE_FIELDS))];

const STATUS: Field = field("status", Success);
const MESSAGE: Field = field("message", Text(0, 100));

const TOKEN: &[Field] = &[field("token", Text(1, 1000)), field("expires", Like(TIME))];

const CUSTOMER_ID: &[Field] = &[field("customer_id", Uuid)];

const CUSTOMER_FIELDS: &[Field] = &[
    field("customer_id", Uuid),
    field("active", Bool),
    field("customer_type", Word(CUSTOMER_TYPES)),
    field("name", Text(1, 152)),
    field("address", Object(ADDRESS)),
    field("dob", Like("0000-00-00")),
    field("email", Text(1, 254)),
    field("phone", Text(7, 20)),
    field("created", Like(TIME)),
    field("last_update", Like(TIME)),
];

const ADDRESS: &[Field] = &[
    field("number", Text(1, 11)),
    field("refinement", Text(1, 100)),
    field("street", Text(1, 100)),
    optional("region", Text(1, 100)),
    field("city", Text(1, 100)),
    field("postal_code", Text(1, 100)),
    field("iso_country", Text(2, 2)),
];

const CUSTOMER_ROW: &[Field] = &[
    field("customer_id", Uuid),
    field("first_name", Text(0, 50)),
    field("middle_name", Text(0, 50)),
    field("last_name", Text(0, 50)),
    field("customer_type", Word(CUSTOMER_TYPES)),
    field("ledger_count", Count),
    field("primary_use", Words(USES)),
    field("verified", Bool),
    field("active", Bool),
];

const LEDGER_FIELDS: &[Field] = &[
    field("ledger_id", Uuid),
    field("customer_id", Uuid),
    field("active", Bool),
    field("status", Text(1, 50)),
    field("primary_use", Words(USES)),
    field("owner", Text(2, 5)),
    field("ledger_details", Object(LEDGER_DETAILS)),
    field("created", Like(TIME)),
    field("last_update", Like(TIME)),
];

const LEDGER_DETAILS: &[Field] = &[
    field("name", Text(1, 152)),
    field("balance", Number),
    field("currency", Word(&["gbp"])),
    field("sort_code", Digits(6)),
    field("account_number", Digits(8)),
    field("iban", Text(16, 34)),
    field("bic_swift", Text(8, 11)),
];

const TRANSACTION_FIELDS: &[Field] = &[
    field("transaction_id", Uuid),
    field("date_time", Like("0000/00/00 00:00:00")),
    field("name", Text(1, 152)),
    field("account_number", Digits(8)),
    field("sort_code", Digits(6)),
    field("reference", Text(1, 18)),
    field("amount", Amount),
    field("currency", Word(&["gbp"])),
    field("in_out", Word(&["in", "out"])),
    field("type", Word(&["faster_payment", "internal_transfer"])),
    field("response_code", Word(&["1"])),
    field("response_message", Word(&["Transaction Success"])),
];

const PAYEE_FIELDS: &[Field] = &[
    field("match", Word(&["match", "close_match", "no_match", "unavailable"])),
    optional("held_name", Text(1, 100)),
];

const PAYMENT_FIELDS: &[Field] = &[
    field("payment_id", Uuid),
    field("type", Word(&["faster_payment"])),
    field("payment_status", Word(&["accepted", "submitted", "settled", "rejected", "cancelled"])),
    field("response_code", Word(&["1"])),
    field("response_message", Word(&["Transaction Success"])),
    field("ledger_id", Uuid),
    field("name", Text(1, 100)),
    field("account_number", Digits(8)),
    field("sort_code", Digits(6)),
    field("reference", Text(1, 18)),
    field("amount", Amount),
    field("currency", Word(&["gbp"])),
    optional("transaction_id", Uuid),
    optional("return_transaction_id", Uuid),
    field("created", Like(TIME)),
    field("last_update", Like(TIME)),
];

const BALANCE_FIELDS: &[Field] = &[
    field("ledger_id", Uuid),
    field("currency", Word(&["gbp"])),
    field("balance", Number),
    field("at", Like(TIME)),
    optional("transaction_id", Uuid),
];
