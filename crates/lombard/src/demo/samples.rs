//! The request bodies of the source documents, letter by letter, and images to put in.

use serde_json::{Value, json};

/// Creates a customer.
pub(super) const CREATE_CUSTOMER: &str = r#"{
"customer_type": "individual",
"first_name": "Joe",
"last_name": "Bloggs",
"address": {
"number": "44",
"refinement": "Suite 2, 4th Floor",
"street": "Baker Street",
"city": "London",
"postal_code": "W1U7AL",
"iso_country": "GB"
},
"dob": "1988-10-03",
"email": "support@acquired.com",
"phone": "+44(0)203 982 6580"
}"#;

/// Changes a customer.
pub(super) const UPDATE_CUSTOMER: &str = r#"{
"address": {
"number": "123",
"refinement": "Flat B",
"street": "Fulham Road",
"region": "Middlesex",
"city": "London",
"postal_code": "W69ER",
"iso_country": "GB"
},
"dob": "1988-10-03",
"email": "hello@acquired.com",
"phone": "44 0 203 982 6580"
}"#;

const AUTHENTICATE: &str = r#"{
"customer_id":"859f4eef-6a53-4110-8757-371844df8e8c",
"third_party":"gb_group",
"id_type":"driving_licesce",
"front":{
"image":"64BITFORMAT",
"mime_type":"image/jpeg"
},
"back":{
"image":"64BITFORMAT",
"mime_type":"image/jpeg"
},
"additional_data":{
"image":"65BITFORMAT",
"mime_type":"application/pdf"
}
}"#;

const CREATE_LEDGER: &str = r#"{
"customer_id":"859f4eef-6a53-4110-8757-371844df8e8c",
"currency":"gbp",
"primary_use":[
    "payments",
    "settlement"
],
"owner":"me"
}"#;

/// Disables a customer or a ledger.
pub(super) const DISABLE: &str = r#"{
"active": false
}"#;

/// A blank grey card of 85 by 54 pixels: the least that is a JPEG.
const FRONT: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\
    AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAA2AFUBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAA\
    AAAAAAD/2gAIAQEAAD8AAAAAAAAAAAAAAAAAAAAAAAAAAD//2Q==";

/// The same of 86 by 54.
const BACK: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA\
    QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAA2AFYBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAAAAAAAAAAA\
    AAAAAD/2gAIAQEAAD8AAAAAAAAAAAAAAAAAAAAAAAAAAD//2Q==";

/// One empty page.
const PDF: &str = "JVBERi0xLjQKMSAwIG9iajw8L1R5cGUvQ2F0YWxvZy9QYWdlcyAyIDAgUj4+ZW5kb2JqCjIgMCBvYmo8PC9UeXBlL1\
    BhZ2VzL0tpZHNbMyAwIFJdL0NvdW50IDE+PmVuZG9iagozIDAgb2JqPDwvVHlwZS9QYWdlL1BhcmVudCAyIDAgUi9NZWRpYUJveFswIDAg\
    NzIgNzJdPj5lbmRvYmoKeHJlZgowIDQKMDAwMDAwMDAwMCA2NTUzNSBmIAowMDAwMDAwMDA5IDAwMDAwIG4gCjAwMDAwMDAwNTIgMDAwMD\
    AgbiAKMDAwMDAwMDEwMSAwMDAwMCBuIAp0cmFpbGVyPDwvU2l6ZSA0L1Jvb3QgMSAwIFI+PgpzdGFydHhyZWYKMTYyCiUlRU9GCg==";

/// The sample of authenticate for this customer, with real images.
pub(super) fn authenticate(customer: &str) -> anyhow::Result<Value> {
    let images = [("/front/image", FRONT), ("/back/image", BACK), ("/additional_data/image", PDF)];
    let mut body = with(AUTHENTICATE, "/customer_id", customer)?;
    for (pointer, image) in images {
        replace(&mut body, pointer, image)?;
    }
    Ok(body)
}

/// The sample of issuing a ledger, for this customer and owner.
pub(super) fn create_ledger(customer: &str, owner: &str) -> anyhow::Result<Value> {
    let mut body = with(CREATE_LEDGER, "/customer_id", customer)?;
    replace(&mut body, "/owner", owner)?;
    Ok(body)
}

/// The incoming payment of the sample's transaction list.
pub(super) fn inbound() -> Value {
    json!({
        "amount": "200.00",
        "reference": "testing",
        "name": "Dave Bloggs",
        "sort_code": "400052",
        "account_number": "12345678",
    })
}

/// The outgoing transfer of the sample's transaction list.
pub(super) fn transfer(from: &str, to: &str) -> Value {
    json!({
        "from_ledger_id": from,
        "to_ledger_id": to,
        "amount": "100.00",
        "reference": "testing reference",
    })
}

/// Whose account the payment's is.
pub(super) fn payee() -> Value {
    json!({"name": "Dave Bloggs", "sort_code": "400052", "account_number": "12345678"})
}

/// A payment out of the ledger.
pub(super) fn payment(from: &str) -> Value {
    json!({
        "from_ledger_id": from,
        "name": "Dave Bloggs",
        "sort_code": "400052",
        "account_number": "12345678",
        "amount": "25.00",
        "reference": "rent",
    })
}

/// A payment that the sandbox lets come back.
pub(super) fn returned(from: &str) -> Value {
    json!({
        "from_ledger_id": from,
        "name": "Dave Bloggs",
        "sort_code": "400052",
        "account_number": "00000003",
        "amount": "10.00",
        "reference": "rent",
    })
}

fn with(sample: &str, pointer: &str, value: &str) -> anyhow::Result<Value> {
    let mut body = serde_json::from_str(sample)?;
    replace(&mut body, pointer, value)?;
    Ok(body)
}

fn replace(body: &mut Value, pointer: &str, value: &str) -> anyhow::Result<()> {
    let place = body.pointer_mut(pointer);
    *place.ok_or_else(|| anyhow::anyhow!("the sample has no {pointer}"))? = value.into();
    Ok(())
}
