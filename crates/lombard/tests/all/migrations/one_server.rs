//! The services that stay on one server say so, and change nothing.

use kit::postgres::citus::{Citus, check};

#[tokio::test]
async fn a_service_that_stays_on_one_server_says_why() {
    for (service, citus) in
        [("access", access::CITUS), ("customer", customer::CITUS), ("kyc", kyc::CITUS)]
    {
        let pool = testkit::empty_database(service).await;

        let refused = check(&pool, citus).await.unwrap_err().to_string();

        let Citus::OnOneServer(reason) = citus else { panic!("{service} is distributed") };
        assert!(reason.len() > 40, "{service}: {reason}");
        assert_eq!(
            refused,
            format!(
                "this service stays on one PostgreSQL: {reason} (docs/scaling.md); nothing was changed"
            )
        );
    }
}
