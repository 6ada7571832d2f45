//! What becomes of verifications when the real program is killed at any moment while it works.

use std::{collections::HashMap, path::Path, time::Duration};

use kit::keys::Keyring;
use kyc::{Objects, Settings};
use proto::{
    kyc::v1::provider_service_client::ProviderServiceClient,
    r#type::v1::VerificationStatus as Status,
};
use testkit::program::Program;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    gbg::{Gbg, START, Say},
    program::{BINARY, KEYS},
    providers::{GO, account},
    support::{Setup, idle_with, passport, settings},
};

/// As many as there are, and how often the program is killed at most.
const VERIFICATIONS: usize = 24;
const KILLS: usize = 40;
/// For what is left after the last kill: the lease of what was killed last, and some.
const PATIENCE: Duration = Duration::from_mins(3);

async fn customer_url(setup: &Setup) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (service, stop) =
        (customer::service(setup.customer_pool.clone(), testkit::keys()), CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(kit::server::serve(listener, service, Duration::ZERO, stop));
    url
}

fn start(setup: &Setup, documents: &Path, gbg: &Gbg, customer_url: &str) -> Program {
    let hosts = gbg.hosts();
    let (go, token) = (hosts.go.unwrap(), hosts.go_token.unwrap());
    let arguments = [
        // A log that nobody reads must not fill its pipe.
        &["--log", "error,kit::server=info", "serve", "--listen", "127.0.0.1:0"][..],
        &["--customer-url", customer_url, "--keys", KEYS],
        &["--documents", documents.to_str().unwrap()],
        &["--gbg-go-url", &go, "--gbg-go-token-url", &token],
    ];
    Program::start(BINARY, &arguments.concat(), &setup.pool)
}

/// As if time had passed: leases are over, pauses too.
async fn pass_time(setup: &Setup) {
    let pass = "update verifications set next_attempt_time = now() where next_attempt_time > now()";
    sqlx::query(pass).execute(&setup.pool).await.unwrap();
}

async fn left(setup: &Setup) -> i64 {
    let left = "select count(*) from verifications where next_attempt_time is not null";
    sqlx::query_scalar(left).fetch_one(&setup.pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_verification_is_lost_and_none_has_two_names_at_the_provider() {
    let gbg = Gbg::start().await;
    // What was sent in is opened by the program.
    let (documents, keys) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
    std::fs::write(keys.path(), KEYS).unwrap();
    let settings = Settings {
        keys: Keyring::from_file(keys.path()).unwrap(),
        objects: Objects::directory(documents.path()).unwrap(),
        ..settings()
    };
    let mut setup = idle_with(&settings).await;
    let customer_url = customer_url(&setup).await;
    let mut program = start(&setup, documents.path(), &gbg, &customer_url);
    let url = format!("http://{}", program.address().await);
    let mut providers = ProviderServiceClient::new(kit::client::channel(url).unwrap());
    let request = setup.caller.request(account(GO));
    providers.set_provider(request).await.unwrap();
    drop(program);
    let mut made = Vec::new();
    for _ in 0..VERIFICATIONS {
        let customer = setup.person("Bloggs").await.customer_id;
        made.push(setup.create(passport(&customer)).await.unwrap().verification_id);
    }
    gbg.says_first(START, Say::Status(500, None));
    gbg.takes(Duration::from_millis(30));

    let mut kills = 0;
    while left(&setup).await > 0 && kills < KILLS {
        // Often killed too often, one after the other, an attempt would rightly end in error.
        let calm = "update verifications set overruns = least(overruns, 1)";
        sqlx::query(calm).execute(&setup.pool).await.unwrap();
        let program = start(&setup, documents.path(), &gbg, &customer_url);
        let alive = Duration::from_millis(rand::random_range(20..250));
        tokio::time::sleep(alive).await;
        pass_time(&setup).await;
        tokio::time::sleep(alive / 2).await;
        drop(program);
        pass_time(&setup).await;
        kills += 1;
    }
    assert!(kills > 3, "it was killed while there was work");
    let program = start(&setup, documents.path(), &gbg, &customer_url);
    let done = async {
        while left(&setup).await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let pass = "update verifications set next_attempt_time = now()
                where overruns = 0 and next_attempt_time > now()";
            sqlx::query(pass).execute(&setup.pool).await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("nothing is left to do");
    drop(program);

    for id in &made {
        assert_eq!(setup.get(id).await.unwrap().verification_status(), Status::Verified, "{id}");
    }
    let mut starts = HashMap::<_, Vec<String>>::new();
    for asked in gbg.asked(START) {
        let body: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
        let uid = body["context"]["subject"]["uid"].as_str().unwrap().to_owned();
        starts.entry(uid).or_default().push(asked.key.unwrap());
    }
    assert_eq!(starts.len(), VERIFICATIONS, "each was submitted, and nothing else was");
    for (uid, keys) in starts {
        assert!(made.contains(&uid));
        assert!(keys.iter().all(|key| *key == uid), "one name, however often it was asked");
    }
}
