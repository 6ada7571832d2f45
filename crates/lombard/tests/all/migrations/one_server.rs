//! The service that stays on one server says so, and changes nothing.

use kit::postgres::citus::{Citus, check};

#[tokio::test]
async fn access_stays_on_one_server_and_says_why() {
    let pool = testkit::empty_database("access").await;

    let refused = check(&pool, access::CITUS).await.unwrap_err().to_string();

    let Citus::OnOneServer(reason) = access::CITUS else { panic!("access is distributed") };
    assert!(reason.len() > 40, "{reason}");
    assert_eq!(
        refused,
        format!(
            "this service stays on one PostgreSQL: {reason} (docs/scaling.md); nothing was changed"
        )
    );
}
