use std::{fs, os::unix::fs::PermissionsExt};

use super::*;

/// 32 zero bytes, and 32 bytes of one.
const ZEROS: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const ONES: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

fn keyring(lines: &str) -> Keyring {
    Keyring::parse(lines).unwrap()
}

fn first() -> Keyring {
    keyring(&format!("1:{ZEROS}"))
}

fn about(one: &str, two: &str) -> AssociatedData {
    AssociatedData::new("test").field(one).field(two)
}

#[test]
fn what_is_sealed_opens_and_is_not_to_be_seen_before() {
    let sealed = first().seal(b"a secret", &about("a", "b")).unwrap();

    let opened = first().open(&sealed.key, &sealed.ciphertext, &about("a", "b")).unwrap();

    assert_eq!(*opened, b"a secret");
    assert_eq!(sealed.ciphertext.len(), b"a secret".len() + OVERHEAD);
    assert!(!sealed.ciphertext.windows(8).any(|window| window == b"a secret"));
}

#[test]
fn equal_objects_are_not_equal_when_sealed() {
    let (one, other) = (first().seal(b"x", &about("a", "b")), first().seal(b"x", &about("a", "b")));

    assert_ne!(one.as_ref().unwrap().ciphertext, other.as_ref().unwrap().ciphertext);
    assert_ne!(one.unwrap().key, other.unwrap().key);
}

#[test]
fn it_opens_only_in_its_own_place() {
    let sealed = first().seal(b"x", &about("ab", "c")).unwrap();

    let elsewhere = [
        about("c", "ab"),
        about("a", "bc"),
        about("", "abc"),
        about("ab", ""),
        AssociatedData::new("test").field("ab"),
        about("ab", "c").field(""),
        AssociatedData::new("other").field("ab").field("c"),
    ];

    for place in elsewhere {
        let opened = first().open(&sealed.key, &sealed.ciphertext, &place);
        assert_eq!(opened, Err(KeyError::Broken), "{place:?}");
        assert_eq!(
            keyring(&format!("1:{ZEROS}\n2:{ONES}")).rewrap(&sealed.key, &place),
            Err(KeyError::Broken)
        );
    }
}

#[test]
fn a_key_opens_only_its_own_object() {
    let (one, other) = (first().seal(b"x", &about("a", "b")), first().seal(b"x", &about("a", "b")));
    let (one, other) = (one.unwrap(), other.unwrap());

    let opened = first().open(&one.key, &other.ciphertext, &about("a", "b"));

    assert_eq!(opened, Err(KeyError::Broken));
}

#[test]
fn any_changed_bit_is_found() {
    let sealed = first().seal(b"x", &about("a", "b")).unwrap();

    for bit in 0..sealed.ciphertext.len() * 8 {
        let mut changed = sealed.ciphertext.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(first().open(&sealed.key, &changed, &about("a", "b")), Err(KeyError::Broken));
    }
    for bit in 0..sealed.key.bytes.len() * 8 {
        let mut key = sealed.key.clone();
        key.bytes[bit / 8] ^= 1 << (bit % 8);
        let opened = first().open(&key, &sealed.ciphertext, &about("a", "b"));
        assert_eq!(opened, Err(KeyError::Broken));
    }
}

#[test]
fn any_missing_byte_is_found() {
    let sealed = first().seal(b"some bytes", &about("a", "b")).unwrap();

    for length in 0..sealed.ciphertext.len() {
        let opened = first().open(&sealed.key, &sealed.ciphertext[..length], &about("a", "b"));
        assert_eq!(opened, Err(KeyError::Broken));
    }
    for length in 0..sealed.key.bytes.len() {
        let key = WrappedKey { version: 1, bytes: sealed.key.bytes[..length].to_vec() };
        let opened = first().open(&key, &sealed.ciphertext, &about("a", "b"));
        assert_eq!(opened, Err(KeyError::Broken));
    }
}

#[test]
fn a_wrapped_key_is_no_object() {
    let zeros = Zeroizing::new([0; KEY]);
    let sealed = first().seal(b"x", &about("a", "b")).unwrap();

    let taken_for_one = decrypt(&zeros, &sealed.key.bytes, &about("a", "b").of_object());

    assert_eq!(taken_for_one, Err(KeyError::Broken));
}

#[test]
fn the_newest_version_wraps_and_all_unwrap() {
    let both = keyring(&format!("# the old one\n1:{ZEROS}\n\n 12 : {ONES} \n"));
    let old = first().seal(b"x", &about("a", "b")).unwrap();

    let new = both.seal(b"x", &about("a", "b")).unwrap();

    assert_eq!((old.key.version, new.key.version), (1, 12));
    for sealed in [&old, &new] {
        assert!(both.open(&sealed.key, &sealed.ciphertext, &about("a", "b")).is_ok());
    }
    let opened = first().open(&new.key, &new.ciphertext, &about("a", "b"));
    assert_eq!(opened, Err(KeyError::UnknownVersion(12)));
}

#[test]
fn rotation_leaves_the_ciphertext_alone_and_the_old_key_useless() {
    let both = keyring(&format!("1:{ZEROS},2:{ONES}"));
    let sealed = first().seal(b"x", &about("a", "b")).unwrap();

    let key = both.rewrap(&sealed.key, &about("a", "b")).unwrap().unwrap();

    assert_eq!(key.version, 2);
    assert_eq!(both.rewrap(&key, &about("a", "b")), Ok(None));
    let only_new = keyring(&format!("2:{ONES}"));
    assert_eq!(*only_new.open(&key, &sealed.ciphertext, &about("a", "b")).unwrap(), b"x");
    let opened = only_new.open(&sealed.key, &sealed.ciphertext, &about("a", "b"));
    assert_eq!(opened, Err(KeyError::UnknownVersion(1)));
}

#[test]
fn another_key_of_the_same_version_does_not_open() {
    let sealed = first().seal(b"x", &about("a", "b")).unwrap();

    let opened =
        keyring(&format!("1:{ONES}")).open(&sealed.key, &sealed.ciphertext, &about("a", "b"));

    assert_eq!(opened, Err(KeyError::Broken));
}

#[test]
fn lines_that_are_no_keys_are_named_and_not_shown() {
    for lines in [ZEROS, "0:x", "1:", "-1:AAAA", "1:c2VjcmV0", &format!("x:{ZEROS}")] {
        let error = format!("{:#}", Keyring::parse(lines).unwrap_err());
        assert_eq!(error, "line 1 is not version:base64 of 32 bytes", "{lines}");
    }
    let twice = Keyring::parse(&format!("1:{ZEROS}\n1:{ONES}")).unwrap_err();
    assert_eq!(twice.to_string(), "version 1 is there twice");
    assert_eq!(Keyring::parse("\n# none\n").unwrap_err().to_string(), "there is no key");
}

#[test]
fn a_keyring_does_not_show_its_keys() {
    let shown = format!("{:?}", keyring(&format!("3:{ONES}")));

    assert_eq!(shown, "Keyring { versions: [3], .. }");
}

#[test]
fn a_file_is_made_once_and_for_its_owner_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("new").join("keys");

    ensure_file(&file).unwrap();
    let made = fs::read_to_string(&file).unwrap();
    ensure_file(&file).unwrap();

    assert_eq!(fs::read_to_string(&file).unwrap(), made);
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    assert_eq!(Keyring::from_file(&file).unwrap().newest_version(), 1);
}

#[test]
fn a_file_is_read_again_when_a_key_is_missed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keys");
    fs::write(&file, format!("1:{ZEROS}")).unwrap();
    let running = Keyring::from_file(&file).unwrap();
    let place = about("a", "b");
    let sealed = keyring(&format!("1:{ZEROS},2:{ONES}")).seal(b"x", &place).unwrap();

    let before = running.open(&sealed.key, &sealed.ciphertext, &place);
    fs::write(&file, "half a line").unwrap();
    let meanwhile = running.open(&sealed.key, &sealed.ciphertext, &place);
    fs::write(&file, format!("1:{ZEROS}\n2:{ONES}")).unwrap();
    let after = running.open(&sealed.key, &sealed.ciphertext, &place);

    assert_eq!(before, Err(KeyError::UnknownVersion(2)));
    assert_eq!(meanwhile, Err(KeyError::UnknownVersion(2)));
    assert_eq!(*after.unwrap(), b"x");
    assert_eq!(running.newest_version(), 2);
}

#[test]
fn an_index_is_the_same_for_equal_values_under_one_key_alone() {
    let keys = first();
    let (index, wrapped) = keys.make_index_key(&about("a", "b")).unwrap();
    let (other, _) = keys.make_index_key(&about("a", "b")).unwrap();

    let again = keys.open_index_key(&wrapped, &about("a", "b")).unwrap();

    assert_eq!(index.index(b"x"), again.index(b"x"));
    assert_ne!(index.index(b"x"), index.index(b"y"));
    assert_ne!(index.index(b"x"), other.index(b"x"));
    assert_eq!(keys.open_index_key(&wrapped, &about("b", "a")).err(), Some(KeyError::Broken));
}

#[test]
fn the_key_of_an_index_outlives_the_key_that_wraps_it() {
    let (index, wrapped) = first().make_index_key(&about("a", "b")).unwrap();
    let both = keyring(&format!("1:{ZEROS}\n2:{ONES}"));

    let rewrapped = both.rewrap(&wrapped, &about("a", "b")).unwrap().unwrap();

    let second = keyring(&format!("2:{ONES}"));
    let again = second.open_index_key(&rewrapped, &about("a", "b")).unwrap();
    assert_eq!(index.index(b"x"), again.index(b"x"));
}
