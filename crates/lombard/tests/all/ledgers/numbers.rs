//! Account numbers and IBANs.

use std::collections::HashSet;

use tokio::task::JoinSet;

use super::issue;
use crate::scene::{Scene, ledger};

/// ISO 13616: of the number that it is with its first four characters last and its letters as two
/// digits each, what 97 leaves.
fn remainder(iban: &str) -> u128 {
    let (first, rest) = iban.split_at(4);
    let digit = |c: char| c.to_digit(36).unwrap().to_string();
    let number: String = rest.chars().chain(first.chars()).map(digit).collect();
    number.parse::<u128>().unwrap().checked_rem(97).unwrap()
}

#[tokio::test]
async fn an_iban_is_valid_and_made_of_bank_sort_code_and_account_number() {
    let scene = Scene::new().await;
    assert_eq!(remainder("GB82WEST12345698765432"), 1);

    for currency in ["gbp", "eur", "usd"] {
        let id = scene.ledger(currency).await;
        let details = &scene.details(&id).await["ledger_details"];
        let iban = details["iban"].as_str().unwrap();

        assert_eq!(remainder(iban), 1, "{iban}");
        assert_eq!((&iban[..2], &iban[4..14]), ("GB", "PAYR040052"));
        assert_eq!(details["bic_swift"], "PAYRGB20XXX");
        if currency == "gbp" {
            assert_eq!(details["sort_code"], iban[8..14]);
            assert_eq!(details["account_number"], iban[14..]);
        }
    }
}

#[tokio::test]
async fn no_account_number_is_given_twice_however_many_ask_at_once() {
    let scenes = [Scene::new().await, Scene::new().await];
    let mut issuing = JoinSet::new();
    for scene in scenes {
        let customer = scene.customer("Bloggs").await;
        for currency in ["gbp", "eur", "gbp", "usd"].into_iter().cycle().take(20) {
            let (scene, body) = (scene.clone(), ledger(&customer, currency));
            issuing.spawn(async move { issue(&scene, &body).await });
        }
    }

    let issued = issuing.join_all().await;

    let of = |field: &str| -> HashSet<String> {
        issued.iter().map(|ledger| ledger["ledger_details"][field].to_string()).collect()
    };
    assert_eq!(of("iban").len(), 40);
    let ids: HashSet<_> = issued.iter().map(|ledger| ledger["ledger_id"].to_string()).collect();
    assert_eq!(ids.len(), 40);
}
