//! Lines to paste into a shell. They need nothing but `curl` and `sed`.

use crate::stack::SANDBOX;

/// A first payment, from logging in to seeing it, against the gateway at `url`.
#[must_use]
pub fn text(url: &str) -> String {
    // No comments and no `!` in it: interactive shells do not take them alike.
    TEXT.replace("{url}", url)
        .replace("{email}", SANDBOX.email)
        .replace("{password}", SANDBOX.password)
}

const TEXT: &str = r#"URL={url}
post() { curl -sS "$URL$1" -H "Authorization: token $TOKEN" -H 'Content-Type: application/json' -d "$2"; }
field() { sed -E "s/.*\"$1\": *\"([^\"]*)\".*/\1/"; }
TOKEN=$(post /login '{"email": "{email}", "password": "{password}"}' | field token)
CUSTOMER=$(post /accounts/create_customer '{"customer_type": "individual", "first_name": "Joe", "last_name": "Bloggs", "address": {"number": "44", "street": "Baker Street", "city": "London", "postal_code": "W1U7AL", "iso_country": "GB"}, "dob": "1988-10-03"}' | field customer_id)
LEDGER=$(post /accounts/customers/create_ledger "{\"customer_id\": \"$CUSTOMER\", \"currency\": \"gbp\", \"primary_use\": [\"payments\"], \"owner\": \"me\"}" | field ledger_id)
post "/sandbox/ledgers/$LEDGER/inbound" '{"amount": "200.00", "reference": "testing", "name": "Dave Bloggs", "sort_code": "400052", "account_number": "12345678"}'; echo
curl -sS "$URL/accounts/customers/ledgers/transactions/$LEDGER" -H "Authorization: token $TOKEN"; echo
"#;
