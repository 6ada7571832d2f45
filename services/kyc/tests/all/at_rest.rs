//! Documents at rest: encrypted, bound to their places, read by those who may, and swept when they are
//! nobody's.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kit::{caller::Caller, keys::Keyring, postgres::citus::Layout};
use kyc::{Objects, Settings, UpkeepSettings};
use proto::kyc::v1::{CreateVerificationRequest, Document, DocumentSide};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::Code;
use types::TenantId;
use uuid::Uuid;

use crate::{
    documents::{PDF, PNG, document},
    support::{Setup, idle_with, passport, reader, reason, settings, violations},
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Documents in a directory.
pub(crate) struct AtRest {
    pub(crate) setup: Setup,
    pub(crate) settings: Settings,
    directory: TempDir,
}

impl AtRest {
    pub(crate) async fn start() -> Self {
        Self::with_keys(Keyring::throw_away().unwrap()).await
    }

    pub(crate) async fn with_keys(keys: Keyring) -> Self {
        Self::laid_out(testkit::citus::layout(), keys).await
    }

    pub(crate) async fn laid_out(layout: Layout, keys: Keyring) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let objects = Objects::directory(directory.path()).unwrap();
        let settings = Settings { keys, objects, layout, ..settings() };
        Self { setup: idle_with(&settings).await, settings, directory }
    }

    /// Where an object is that goes by a name.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// All objects there are.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let tenants = entries(self.directory.path());
        tenants.iter().flat_map(|tenant| entries(tenant)).collect()
    }

    /// The objects, once there are so many.
    pub(crate) async fn files_when(&self, count: usize) -> Vec<PathBuf> {
        let there = async {
            while self.files().len() != count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, there).await.unwrap();
        self.files()
    }

    /// Looks after the documents, with a bound of no age at all.
    fn sweep(&self) -> JoinHandle<()> {
        let often = Duration::from_millis(20);
        let upkeep =
            UpkeepSettings { interval: often, sweep_interval: often, orphan_age: Duration::ZERO };
        let settings = Settings { upkeep, ..self.settings.clone() };
        self.setup.start_worker(settings, self.setup.customer_channel.clone())
    }

    async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.setup.pool).await.unwrap()
    }
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// A request of these documents, for a new customer.
async fn card(setup: &mut Setup, additional_data: Document) -> CreateVerificationRequest {
    let customer = setup.person("Bloggs").await;
    let additional_data = Some(additional_data);
    CreateVerificationRequest { additional_data, ..passport(&customer.customer_id) }
}

fn is_in(text: &str, directory: &Path) -> bool {
    let found = Command::new("grep").args(["-rqaF", "--", text]).arg(directory).status().unwrap();
    assert!(found.code().is_some_and(|code| code <= 1), "grep could not read everything");
    found.success()
}

#[tokio::test]
async fn no_document_is_to_be_seen_on_any_disk() {
    let mut at_rest = AtRest::start().await;
    let (secret, plain) = (Uuid::now_v7().to_string(), Uuid::now_v7().to_string());
    let content = [PDF, format!("% {secret}\n").as_bytes()].concat();
    let request = card(&mut at_rest.setup, document("application/pdf", &content)).await;

    let id = at_rest.setup.create(request).await.unwrap().verification_id;

    let read = at_rest.setup.read(&id, DocumentSide::AdditionalData).await.unwrap();
    assert_eq!(read.content, content);
    assert!(!is_in(&secret, at_rest.directory.path()));
    assert_eq!(at_rest.count("select count(*) from documents where content is not null").await, 0);
    let name = "comment on table documents is '";
    sqlx::query(sqlx::AssertSqlSafe(format!("{name}{plain}'")))
        .execute(&at_rest.setup.pool)
        .await
        .unwrap();
    // What was written is on disk then.
    sqlx::query("select pg_switch_wal()").execute(&at_rest.setup.pool).await.unwrap();
    let place: String =
        sqlx::query_scalar("show data_directory").fetch_one(&at_rest.setup.pool).await.unwrap();
    let log = Path::new(&place).join("pg_wal");
    if log.exists() {
        // What PostgreSQL is given is found there.
        assert!(is_in(&plain, &log));
        assert!(!is_in(&secret, &log));
    }
}

#[tokio::test]
async fn a_reading_is_on_record_before_it_is_answered() {
    let mut at_rest = AtRest::start().await;
    let id = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let reader = reader(at_rest.setup.caller.tenant());

    at_rest.setup.read_as(&reader, &id, DocumentSide::Front).await.unwrap();

    let record: (Uuid, Uuid, String, String, String) = sqlx::query_as(
        "select tenant_id, user_id, action, object, request_id from audit_records
             where action = 'document.read'",
    )
    .fetch_one(&at_rest.setup.pool)
    .await
    .unwrap();
    let object = format!("verifications/{id}/documents/front");
    let (tenant, user) = (reader.tenant().uuid(), reader.user().unwrap().uuid());
    let request = reader.call().request_id().to_owned();
    assert_eq!(record, (tenant, user, "document.read".to_owned(), object, request));

    sqlx::query("alter table audit_records add constraint full_up check (false) not valid")
        .execute(&at_rest.setup.pool)
        .await
        .unwrap();
    let unrecorded = at_rest.setup.read_as(&reader, &id, DocumentSide::Front).await.unwrap_err();
    assert_eq!(unrecorded.code(), Code::Internal);
}

#[tokio::test]
async fn a_document_is_read_only_by_its_tenant_and_with_the_scope() {
    let mut at_rest = AtRest::start().await;
    let id = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let (other, front) = (reader(TenantId::new()), DocumentSide::Front);
    let unscoped: Caller = at_rest.setup.caller.clone();

    let foreign = at_rest.setup.read_as(&other, &id, front).await.unwrap_err();
    let unscoped = at_rest.setup.read_as(&unscoped, &id, front).await.unwrap_err();
    let missing = at_rest.setup.read(&id, DocumentSide::Back).await.unwrap_err();
    let none = at_rest.setup.read(&id, DocumentSide::Unspecified).await.unwrap_err();

    assert_eq!(
        (foreign.code(), reason(&foreign).as_str()),
        (Code::NotFound, "VERIFICATION_NOT_FOUND")
    );
    assert_eq!(
        (unscoped.code(), reason(&unscoped).as_str()),
        (Code::PermissionDenied, "SCOPE_REQUIRED")
    );
    assert_eq!((missing.code(), reason(&missing).as_str()), (Code::NotFound, "DOCUMENT_NOT_FOUND"));
    assert_eq!(none.code(), Code::InvalidArgument);
    assert_eq!(
        at_rest.count("select count(*) from audit_records where action = 'document.read'").await,
        0
    );
}

#[tokio::test]
async fn an_object_that_was_changed_or_moved_is_not_given_out() {
    let mut at_rest = AtRest::start().await;
    let one = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let first = at_rest.files().remove(0);
    at_rest.setup.verification_of("Bloggs").await;
    let second = at_rest.files().into_iter().find(|file| *file != first).unwrap();
    let whole = fs::read(&first).unwrap();

    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    for content in
        [changed, whole[..whole.len() - 1].to_vec(), Vec::new(), fs::read(second).unwrap()]
    {
        fs::write(&first, content).unwrap();
        let refused = at_rest.setup.read(&one, DocumentSide::Front).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
    }
    fs::write(&first, whole).unwrap();
    assert_eq!(at_rest.setup.read(&one, DocumentSide::Front).await.unwrap().content, PNG);

    // Another row's key and object.
    sqlx::query(
        "update documents d set wrapped_key = o.wrapped_key, object_id = gen_random_uuid()
         from documents o where o.verification_id <> d.verification_id",
    )
    .execute(&at_rest.setup.pool)
    .await
    .unwrap();
    // It was not erased: it is lost, and nobody is told that it went by right.
    let missing = at_rest.setup.read(&one, DocumentSide::Front).await.unwrap_err();
    assert_eq!(missing.code(), Code::Internal);
}

#[tokio::test]
async fn a_creation_cut_off_before_its_row_leaves_objects_that_are_swept() {
    sweeps_what_was_cut_off(testkit::citus::layout()).await;
}

/// What nobody recorded.
#[expect(clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
pub(crate) async fn sweeps_what_was_cut_off(layout: Layout) {
    let keys = Keyring::throw_away().unwrap();
    let mut at_rest = AtRest::laid_out(layout, keys).await;
    let kept = at_rest.setup.verification_of("Bloggs").await.verification_id;
    let mut request = card(&mut at_rest.setup, document("application/pdf", PDF)).await;
    "one".clone_into(&mut request.request_id);
    // Nobody can write rows of documents: the creation stands between the objects and the row.
    let mut tx = at_rest.setup.pool.begin().await.unwrap();
    sqlx::query("lock table documents in exclusive mode").execute(&mut *tx).await.unwrap();

    let creation =
        tokio::time::timeout(Duration::from_secs(2), at_rest.setup.create(request.clone()));
    assert!(creation.await.is_err(), "it waits, and is cut off");
    let written = at_rest.files_when(3).await;
    // Also where the service has not heard yet that nobody waits for it.
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'";
    sqlx::query(end).execute(&mut *tx).await.unwrap();
    tx.rollback().await.unwrap();
    assert_eq!(at_rest.count("select count(*) from documents").await, 1);

    let sweeping = at_rest.sweep();
    let left = at_rest.files_when(1).await;

    assert!(written.contains(&left[0]));
    assert_eq!(at_rest.setup.read(&kept, DocumentSide::Front).await.unwrap().content, PNG);
    // With no bound it would take what is about to be recorded.
    sweeping.abort();
    assert!(sweeping.await.is_err());
    let again = at_rest.setup.create(request).await.unwrap().verification_id;
    assert_eq!(at_rest.setup.read(&again, DocumentSide::Front).await.unwrap().content, PNG);
}

#[tokio::test]
async fn what_is_young_or_not_ours_is_not_swept() {
    let at_rest = AtRest::start().await;
    let tenant = at_rest.directory.path().join(TenantId::new().to_string());
    fs::create_dir(&tenant).unwrap();
    let names = [Uuid::now_v7().to_string(), "readme".to_owned()];
    let [young, foreign] = names.map(|name| tenant.join(name));
    let orphan = tenant.join(Uuid::now_v7().to_string());
    for file in [&young, &foreign, &orphan] {
        fs::write(file, "x").unwrap();
    }
    let hours_ago = std::time::SystemTime::now() - Duration::from_hours(2);
    for file in [&foreign, &orphan] {
        fs::File::options().write(true).open(file).unwrap().set_modified(hours_ago).unwrap();
    }

    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    at_rest.files_when(2).await;

    assert!(young.exists() && foreign.exists());
}

#[tokio::test]
async fn a_document_of_an_earlier_release_is_read_and_moved_out_of_the_database() {
    let mut at_rest = AtRest::start().await;
    let id = at_rest.setup.verification_of("Bloggs").await.verification_id;
    sqlx::query(
        "update documents
         set content = $1, object_id = null, wrapped_key = null, key_version = null",
    )
    .bind(PNG)
    .execute(&at_rest.setup.pool)
    .await
    .unwrap();
    fs::remove_file(&at_rest.files()[0]).unwrap();

    let before = at_rest.setup.read(&id, DocumentSide::Front).await.unwrap();
    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    at_rest.files_when(1).await;
    let moved = async {
        while at_rest.count("select count(content) from documents").await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.unwrap();
    let after = at_rest.setup.read(&id, DocumentSide::Front).await.unwrap();

    assert_eq!((&before.content[..], &after.content[..]), (PNG, PNG));
}

#[tokio::test]
async fn a_refused_creation_stores_nothing() {
    let mut at_rest = AtRest::start().await;
    let customer = at_rest.setup.verification_of("Bloggs").await.customer_id;

    let refused = at_rest.setup.create(passport(&customer)).await.unwrap_err();

    assert_eq!(reason(&refused), "VERIFICATION_IN_PROGRESS");
    assert_eq!(at_rest.files().len(), 1);
}

#[tokio::test]
async fn an_image_that_would_fill_the_memory_is_refused_with_all_else_that_is_wrong() {
    let mut at_rest = AtRest::start().await;
    let bomb = document("image/bmp", &bomb());
    let broken = document("image/png", &PNG[..PNG.len() - 30]);
    let request = CreateVerificationRequest {
        front: Some(bomb),
        back: Some(broken),
        provider: "nobody".into(),
        ..passport(&Uuid::now_v7().to_string())
    };

    let refused = at_rest.setup.create(request).await.unwrap_err();

    let expected = [
        ("back.content", "must be an image that can be decoded"),
        (
            "front.content",
            "must be an image of at most 40 million pixels, and 20,000 in a row or column",
        ),
        ("provider", "must be the name of a configured provider"),
    ];
    assert_eq!(
        violations(&refused),
        expected.map(|(field, clause)| (field.to_owned(), clause.to_owned()))
    );
    assert!(at_rest.files().is_empty());
}

/// A bitmap of 16,000 times 16,000 pixels, which its 60 bytes say are all of one colour.
fn bomb() -> Vec<u8> {
    let mut content = b"BM".to_vec();
    let side = 16_000_u32;
    for number in [60, 0, 54 + 4, 40, side, side] {
        content.extend_from_slice(&u32::to_le_bytes(number));
    }
    // One plane, eight bits a pixel, compressed as runs.
    for number in [1_u16, 8] {
        content.extend_from_slice(&number.to_le_bytes());
    }
    for number in [1_u32, 0, 0, 0, 1, 0, 0] {
        content.extend_from_slice(&number.to_le_bytes());
    }
    content.extend_from_slice(b"\0\x01");
    content
}
