use proptest::prelude::*;
use time::macros::datetime;

use super::*;

fn hex(hash: &[u8]) -> String {
    use std::fmt::Write;
    hash.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn sealed() -> Sealed {
    Sealed {
        tenant_id: Uuid::from_u128(1),
        account_id: Uuid::from_u128(2),
        sequence: 3,
        transfer_id: Uuid::from_u128(4),
        entry_type: "internal_transfer".into(),
        direction: "out".into(),
        entry_amount_minor: -500,
        balance_after_minor: 250,
        entry_time: datetime!(2026-01-02 03:04:05.678901 UTC),
        transfer_type: "internal_transfer".into(),
        response_code: 1,
        debit_account_id: Uuid::from_u128(2),
        credit_account_id: Uuid::from_u128(5),
        amount_minor: 500,
        currency: "GBP".into(),
        reference: "rent".into(),
        debit_sequence: 3,
        credit_sequence: Some(7),
        request_id: Some("CreateTransfer key".into()),
        request_hash: Some(vec![1, 2, 3]),
        user_id: Some(Uuid::from_u128(6)),
        api_key_id: Some(Uuid::from_u128(7)),
        reverses: None,
        payment_id: None,
        metadata: Some(r#"{"b": "2", "a": "é"}"#.into()),
        outside_side: None,
        outside_name: None,
        outside_sort_code: None,
        outside_account_number: None,
        outside_iban: None,
        outside_bic_swift: None,
        transfer_time: datetime!(2026-01-02 03:04:05.678901 UTC),
    }
}

#[test]
fn a_leaf_is_what_it_was_when_the_first_seals_were_made() {
    let leaf = sealed().leaf(Version::First).unwrap();

    assert_eq!(hex(&leaf), "af46853cb833eb3ad4a237a22be885d95a84b6eef16e41e61b7a0c3b31934622");
}

#[test]
fn a_leaf_of_the_second_version_is_what_it_was_when_the_first_such_seals_were_made() {
    let leaf = sealed().leaf(Version::Second).unwrap();

    assert_eq!(hex(&leaf), "c1067d24056772851dc91b229e2e9b7f050fdfa9a470bfe7b79fa55feab12a0d");
}

#[test]
fn metadata_counts_by_what_it_says_and_not_how_it_is_written() {
    let other = Sealed { metadata: Some(r#"{"a":"\u00e9","b":"2"}"#.into()), ..sealed() };
    let bad = Sealed { metadata: Some(r#"{"a": 1}"#.into()), ..sealed() };

    assert_eq!(other.leaf(Version::NOW), sealed().leaf(Version::NOW));
    assert_eq!(bad.leaf(Version::NOW), Err(NoEncoding));
}

#[test]
fn every_column_counts() {
    type Change = fn(&mut Sealed);
    let changes: [Change; 32] = [
        |s| s.tenant_id = Uuid::nil(),
        |s| s.account_id = Uuid::nil(),
        |s| s.sequence = 9,
        |s| s.transfer_id = Uuid::nil(),
        |s| s.entry_type = "faster_payment".into(),
        |s| s.direction = "in".into(),
        |s| s.entry_amount_minor = -501,
        |s| s.balance_after_minor = 251,
        |s| s.entry_time = datetime!(2026-01-02 03:04:05.678902 UTC),
        |s| s.transfer_type = "faster_payment".into(),
        |s| s.response_code = 650,
        |s| s.debit_account_id = Uuid::nil(),
        |s| s.credit_account_id = Uuid::nil(),
        |s| s.amount_minor = 501,
        |s| s.currency = "EUR".into(),
        |s| s.reference = "Rent".into(),
        |s| s.debit_sequence = 9,
        |s| s.credit_sequence = None,
        |s| s.request_id = None,
        |s| s.request_hash = Some(vec![1, 2]),
        |s| s.user_id = None,
        |s| s.api_key_id = Some(Uuid::nil()),
        |s| s.reverses = Some(Uuid::nil()),
        |s| s.payment_id = Some(Uuid::nil()),
        |s| s.metadata = None,
        |s| s.outside_side = Some(String::new()),
        |s| s.outside_name = Some(String::new()),
        |s| s.outside_sort_code = Some(String::new()),
        |s| s.outside_account_number = Some(String::new()),
        |s| s.outside_iban = Some(String::new()),
        |s| s.outside_bic_swift = Some(String::new()),
        |s| s.transfer_time = datetime!(2026-01-02 03:04:05.678902 UTC),
    ];
    let mut leaves = vec![sealed().leaf(Version::NOW).unwrap()];

    leaves.extend(changes.iter().map(|change| {
        let mut changed = sealed();
        change(&mut changed);
        changed.leaf(Version::NOW).unwrap()
    }));

    leaves.sort_unstable();
    leaves.dedup();
    assert_eq!(leaves.len(), 33);
}

#[test]
fn a_root_depends_on_the_span_the_one_before_and_the_leaves() {
    let span = Span { tenant: Uuid::from_u128(1), account: Uuid::from_u128(2), from: 1, to: 1 };
    let mut tree = Tree::default();
    tree.push(sealed().leaf(Version::NOW).unwrap());

    let first = root(&span, None, &tree);

    assert_eq!(hex(&first), "0bdfbad015fbbca2ea473661fba13a6e171a2c35f41a0278a2e49a87f404fb4b");
    assert_ne!(first, root(&span, Some(&first), &tree));
    assert_ne!(first, root(&Span { to: 2, ..span }, None, &tree));
    assert_ne!(first, root(&span, None, &Tree::default()));
}

#[test]
fn the_tree_is_that_of_rfc_6962() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let mut tree = Tree::default();
    let mut roots = vec![hex(&tree.root())];

    for leaf in leaves {
        tree.push(Sha256::new().chain_update([LEAF]).chain_update(leaf).finalize().into());
        roots.push(hex(&tree.root()));
    }

    assert_eq!(roots[0], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_eq!(roots[1], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    assert_eq!(roots[2], "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125");
    assert_eq!(roots[3], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77");
    assert_eq!(roots[8], "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

/// The definition of RFC 6962, word for word.
fn by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        leaves => {
            let split = leaves.len().next_power_of_two().strict_div(2);
            node(&by_definition(&leaves[..split]), &by_definition(&leaves[split..]))
        }
    }
}

proptest! {
    #[test]
    fn growing_a_tree_leads_to_its_root_by_definition(count in 0..200_u64) {
        let leaves: Vec<Hash> =
            (0..count).map(|n| Sha256::digest(n.to_be_bytes()).into()).collect();
        let mut tree = Tree::default();

        for leaf in &leaves {
            tree.push(*leaf);
        }

        prop_assert_eq!(tree.root(), by_definition(&leaves));
        prop_assert_eq!(tree.leaves(), count);
    }
}
