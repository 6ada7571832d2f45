//! What rows are known by: within their tenant, so that an id of another's names nothing.

use super::{SERVICES, owner, texts};

/// Keys of tables of a tenant's that it does not lead, and why.
const LED_BY_OTHERS: [(&str, &str); 9] = [
    ("api_users_email_once", "a login names no tenant: the address must tell which one is meant"),
    ("inbound_payments_once", "rails know no tenants; the name that they give is theirs alone"),
    (
        "ledgers_account_number_once",
        "banks elsewhere know no tenants: a number leads to one ledger",
    ),
    (
        "ledger_addresses_once",
        "banks elsewhere know no tenants: it is where an address leads on several servers",
    ),
    ("ledgers_iban_once", "banks elsewhere know no tenants: a number leads to one ledger"),
    ("payment_ids_once", "rails know no tenants: it is where an id leads on several servers"),
    ("payments_id_once", "rails know no tenants: they name a payment by its id alone"),
    ("tenants_name_once", "what operators call a tenant"),
    ("tokens_pkey", "a token is looked up to find out which tenant calls"),
];

#[tokio::test]
async fn the_tenant_leads_every_key_or_it_is_said_why_not() {
    for service in &SERVICES {
        let others = texts(
            &owner(service).await,
            "
            select i.indexrelid::regclass::text
            from pg_index i
            join pg_class c on c.oid = i.indrelid
            join pg_attribute a
                on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
            where c.relnamespace = 'public'::regnamespace and i.indisunique
                and i.indkey[0] is distinct from a.attnum
            ",
        )
        .await;

        for key in others {
            let known = LED_BY_OTHERS.iter().any(|(known, _)| *known == key);
            assert!(known, "{}: tenant_id does not lead {key}", service.name);
        }
    }
}

#[tokio::test]
async fn no_row_belongs_to_one_of_another_tenant() {
    for service in &SERVICES {
        let across = texts(
            &owner(service).await,
            "
            select f.conname::text
            from pg_constraint f
            left join pg_attribute own
                on own.attrelid = f.conrelid and own.attname = 'tenant_id'
            left join pg_attribute other
                on other.attrelid = f.confrelid and other.attname = 'tenant_id'
            where f.contype = 'f' and f.connamespace = 'public'::regnamespace
                and (
                    f.conkey[1] is distinct from own.attnum
                    or f.confkey[1] is distinct from other.attnum
                )
            ",
        )
        .await;

        assert_eq!(across, [""; 0], "{}", service.name);
    }
}
