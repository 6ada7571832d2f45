//! How long personal data is kept, and its erasure after that.

use std::time::Duration;

use kit::{
    caller::{Call, Caller},
    postgres::citus::Layout,
};
use prost_types::{FieldMask, Timestamp};
use proto::customer::v1::{
    AcknowledgeErasuresRequest, Customer, ErasePersonalDataRequest, Erasure, GetCustomerRequest,
    GetRetentionRequest, ListErasuresRequest, Retention, UpdateCustomerRequest,
    UpdateRetentionRequest, retention_service_client::RetentionServiceClient,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;
use types::TenantId;

use crate::support::{Setup, acme, bad_fields, joe, reason, setup_laid_out};

struct Kept {
    setup: Setup,
    client: RetentionServiceClient<Channel>,
}

impl Kept {
    async fn start() -> Self {
        Self::laid_out(testkit::citus::layout()).await
    }

    async fn laid_out(layout: Layout) -> Self {
        let setup = setup_laid_out(layout).await;
        let service = customer::service_laid_out(layout, setup.pool.clone(), testkit::keys());
        let channel = testkit::serve(service).await;
        Self { setup, client: RetentionServiceClient::new(channel) }
    }

    async fn create(&mut self, customer: Customer) -> String {
        self.setup.create(customer).await.unwrap().customer_id
    }

    async fn set_active(&mut self, id: &str, active: bool) -> Result<(), Status> {
        let request = UpdateCustomerRequest {
            customer: Some(Customer { customer_id: id.into(), active, ..Default::default() }),
            update_mask: Some(FieldMask { paths: vec!["active".into()] }),
            ..Default::default()
        };
        self.setup.client.update_customer(self.setup.caller.request(request)).await?;
        Ok(())
    }

    async fn update(&mut self, request: UpdateRetentionRequest) -> Result<Retention, Status> {
        let request = self.setup.caller.request(request);
        Ok(self.client.update_retention(request).await?.into_inner())
    }

    async fn get(&mut self, id: &str) -> Retention {
        let request = GetRetentionRequest { customer_id: id.into() };
        self.client.get_retention(self.setup.caller.request(request)).await.unwrap().into_inner()
    }

    async fn erase(&mut self, id: &str) -> Result<Retention, Status> {
        let request = ErasePersonalDataRequest { customer_id: id.into() };
        let request = self.setup.caller.request(request);
        Ok(self.client.erase_personal_data(request).await?.into_inner())
    }

    async fn customer(&mut self, id: &str) -> Customer {
        let request = GetCustomerRequest { customer_id: id.into() };
        let request = self.setup.caller.request(request);
        self.setup.client.get_customer(request).await.unwrap().into_inner()
    }

    /// A disabled customer whose relationship ended so long ago.
    async fn ended(&mut self, customer: Customer, ago: &'static str) -> String {
        let id = self.create(customer).await;
        self.set_active(&id, false).await.unwrap();
        sqlx::query(
            "update customers set relationship_ended_at = now() - $2::text::interval
             where customer_id = $1::uuid",
        )
        .bind(&id)
        .bind(ago)
        .execute(&self.setup.pool)
        .await
        .unwrap();
        id
    }

    /// Everything that the database has of all customers.
    async fn everything(&self) -> String {
        let rows = "select coalesce(string_agg(c::text, ' '), '') from customers c";
        sqlx::query_scalar(rows).fetch_one(&self.setup.pool).await.unwrap()
    }
}

fn ends(id: &str, at: Option<Timestamp>) -> UpdateRetentionRequest {
    UpdateRetentionRequest {
        retention: Some(Retention {
            customer_id: id.into(),
            relationship_ended_at: at,
            ..Default::default()
        }),
        update_mask: Some(FieldMask { paths: vec!["relationship_ended_at".into()] }),
        ..Default::default()
    }
}

fn holds(id: &str, legal_hold: bool) -> UpdateRetentionRequest {
    UpdateRetentionRequest {
        retention: Some(Retention { customer_id: id.into(), legal_hold, ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["legal_hold".into()] }),
        ..Default::default()
    }
}

fn now() -> Timestamp {
    kit::time::timestamp(kit::time::now())
}

fn platform() -> Caller {
    let tenant = TenantId::from_uuid(uuid::Uuid::nil());
    Caller::new(Call::begin(None, Duration::from_secs(20)), tenant, None, Vec::new())
}

#[tokio::test]
async fn an_end_says_until_when_the_data_is_kept_and_enabling_undoes_it() {
    let mut kept = Kept::start().await;
    let id = kept.create(joe()).await;
    let at = now();

    let active = kept.update(ends(&id, Some(at))).await.unwrap_err();
    kept.set_active(&id, false).await.unwrap();
    let ended = kept.update(ends(&id, Some(at))).await.unwrap();
    let again = kept.update(ends(&id, Some(at))).await.unwrap();

    assert_eq!(
        (active.code(), reason(&active).as_str()),
        (Code::FailedPrecondition, "CUSTOMER_ACTIVE")
    );
    let five_years = 5 * 365 * 24 * 3600;
    let kept_for = ended.keep_until.unwrap().seconds - at.seconds;
    assert!((five_years..=five_years + 3 * 24 * 3600).contains(&kept_for), "{kept_for}");
    assert_eq!(ended.relationship_ended_at, Some(at));
    assert_eq!((again, kept.get(&id).await), (ended.clone(), ended));
    kept.set_active(&id, true).await.unwrap();
    assert_eq!(kept.get(&id).await, Retention { customer_id: id, ..Default::default() });
}

#[tokio::test]
async fn an_end_that_cannot_be_is_refused_with_all_that_is_wrong() {
    let mut kept = Kept::start().await;
    let id = kept.create(joe()).await;
    kept.set_active(&id, false).await.unwrap();

    let future = Timestamp { seconds: now().seconds + 3600, nanos: 0 };
    for at in
        [future, Timestamp { seconds: 0, nanos: 0 }, Timestamp { seconds: i64::MAX, nanos: 0 }]
    {
        let refused = kept.update(ends(&id, Some(at))).await.unwrap_err();
        assert_eq!(bad_fields(&refused), ["retention.relationship_ended_at"]);
    }
    let empty = kept.update(UpdateRetentionRequest::default()).await.unwrap_err();
    assert_eq!(bad_fields(&empty), ["retention.customer_id", "update_mask"]);
}

#[tokio::test]
async fn a_retry_of_a_change_changes_nothing() {
    let mut kept = Kept::start().await;
    let id = kept.create(joe()).await;
    let request = |hold| UpdateRetentionRequest { request_id: "one".into(), ..holds(&id, hold) };

    kept.update(request(true)).await.unwrap();
    kept.update(holds(&id, false)).await.unwrap();
    let retried = kept.update(request(true)).await.unwrap();
    let reused = kept.update(request(false)).await.unwrap_err();

    assert!(!retried.legal_hold, "it is answered with how it is now");
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn nothing_is_erased_while_the_law_or_a_hold_wants_it_kept() {
    let mut kept = Kept::start().await;
    let going_on = kept.create(joe()).await;
    let recent = kept.ended(joe(), "4 years 364 days").await;
    let held = kept.ended(joe(), "6 years").await;
    kept.update(holds(&held, true)).await.unwrap();
    let before = kept.everything().await;

    let [going_on, too_early, on_hold] = [
        kept.erase(&going_on).await.unwrap_err(),
        kept.erase(&recent).await.unwrap_err(),
        kept.erase(&held).await.unwrap_err(),
    ];

    assert_eq!(reason(&going_on), "RETENTION_REQUIRED");
    assert_eq!(reason(&too_early), "RETENTION_REQUIRED");
    assert_eq!(reason(&on_hold), "LEGAL_HOLD");
    let details = too_early.get_error_details();
    let until = details.error_info().unwrap().metadata["keep_until"].clone();
    let told = kit::time::from_timestamp(&kept.get(&recent).await.keep_until.unwrap()).unwrap();
    assert_eq!(until, told.date().to_string());
    assert!(too_early.message().ends_with(&until), "{}", too_early.message());
    assert_eq!(kept.everything().await, before);
    kept.update(holds(&held, false)).await.unwrap();
    kept.erase(&held).await.unwrap();
}

#[tokio::test]
async fn erasing_leaves_the_id_and_nothing_that_tells_who_it_was() {
    let mut kept = Kept::start().await;
    let id = kept.ended(joe(), "6 years").await;
    let company = kept.ended(acme(), "6 years").await;

    let erased = kept.erase(&id).await.unwrap();
    let again = kept.erase(&id).await.unwrap();
    kept.erase(&company).await.unwrap();

    assert!(erased.erased_at.is_some());
    assert_eq!(again, erased);
    let customer = kept.customer(&id).await;
    assert_eq!((customer.name.as_str(), customer.date_of_birth.as_str()), ("", ""));
    assert!(!customer.active);
    let everything = kept.everything().await.to_lowercase();
    for part in ["joe", "bloggs", "baker", "london", "w1u7al", "1988", "acquired", "203", "acme"] {
        assert!(!everything.contains(part), "{part} is in {everything}");
    }
    let refused = kept.set_active(&id, true).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::FailedPrecondition, "CUSTOMER_ERASED")
    );
    let refused = kept.update(holds(&id, true)).await.unwrap_err();
    assert_eq!(reason(&refused), "CUSTOMER_ERASED");
}

#[tokio::test]
async fn who_cannot_be_read_is_erased_all_the_same_and_not_before_it_is_time() {
    let mut kept = Kept::start().await;
    let (due, early) = (kept.ended(joe(), "6 years").await, kept.ended(joe(), "1 year").await);
    sqlx::query("update customers set personal = '?'").execute(&kept.setup.pool).await.unwrap();

    let refused = kept.erase(&early).await.unwrap_err();
    let erased = kept.erase(&due).await.unwrap();

    assert_eq!(reason(&refused), "RETENTION_REQUIRED");
    assert!(erased.erased_at.is_some());
    assert_eq!(kept.customer(&due).await.name, "");
    let left = "select count(*) from customers where num_nonnulls(personal, first_name) > 0";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&kept.setup.pool).await.unwrap();
    assert_eq!(left, 1, "of the one who is not due");
}

#[tokio::test]
async fn another_tenants_customer_is_not_there_to_be_erased() {
    let mut kept = Kept::start().await;
    let id = kept.ended(joe(), "6 years").await;
    kept.setup.caller = testkit::caller();

    let refused = kept.erase(&id).await.unwrap_err();

    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::NotFound, "CUSTOMER_NOT_FOUND"));
}

#[tokio::test]
async fn erasures_are_listed_for_the_platform_until_they_are_acknowledged() {
    lists_erasures(testkit::citus::layout()).await;
}

/// For the platform, until they are acknowledged.
pub(crate) async fn lists_erasures(layout: Layout) {
    let mut kept = Kept::laid_out(layout).await;
    let id = kept.ended(joe(), "6 years").await;
    kept.erase(&id).await.unwrap();
    let tenant = kept.setup.caller.clone();

    let list = |caller: &Caller| caller.request(ListErasuresRequest::default());
    let refused = kept.client.list_erasures(list(&tenant)).await.unwrap_err();
    let erasures =
        kept.client.list_erasures(list(&platform())).await.unwrap().into_inner().erasures;
    let request = AcknowledgeErasuresRequest { erasures: erasures.clone() };
    let unasked =
        kept.client.acknowledge_erasures(tenant.request(request.clone())).await.unwrap_err();
    kept.client.acknowledge_erasures(platform().request(request)).await.unwrap();
    let left = kept.client.list_erasures(list(&platform())).await.unwrap().into_inner().erasures;

    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::PermissionDenied, "PLATFORM_ONLY")
    );
    assert_eq!(reason(&unasked), "PLATFORM_ONLY");
    let tenant_id = tenant.tenant().to_string();
    assert_eq!(erasures, [Erasure { tenant_id, customer_id: id }]);
    assert!(left.is_empty());
}

#[tokio::test]
async fn who_is_due_is_erased_without_being_asked_for() {
    let mut kept = Kept::start().await;
    let due = kept.ended(joe(), "5 years 1 day").await;
    let not_due = kept.ended(joe(), "4 years 364 days").await;
    let held = kept.ended(joe(), "6 years").await;
    kept.update(holds(&held, true)).await.unwrap();
    // The first in turn, and whose erasure fails: it holds up no other.
    let broken = kept.ended(joe(), "7 years").await;
    let fails = format!(
        "create function fail() returns trigger language plpgsql as $$
            begin raise exception 'no'; end $$;
         create trigger fail before insert on customer_erasures for each row
            when (new.customer_id = '{broken}') execute function fail()"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fails)).execute(&kept.setup.pool).await.unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (pool, stop) = (kept.setup.pool.clone(), CancellationToken::new());
    let serving = customer::serve(listener, pool, testkit::keys(), Duration::ZERO, stop.clone());
    let erased = async {
        while kept.get(&due).await.erased_at.is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.cancel();
    };
    let (served, done) =
        tokio::join!(serving, tokio::time::timeout(Duration::from_secs(20), erased));

    served.unwrap();
    done.unwrap();
    assert_eq!(kept.customer(&due).await.name, "");
    assert_eq!(kept.customer(&not_due).await.name, "Joe Bloggs");
    assert_eq!(kept.customer(&held).await.name, "Joe Bloggs");
}
