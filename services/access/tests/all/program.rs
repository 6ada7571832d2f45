use std::{process::Stdio, time::Duration};

use proto::access::v1::{
    LoginRequest, LookUpTokenRequest, access_service_client::AccessServiceClient,
};
use sqlx::{ConnectOptions, PgPool};
use testkit::program::{self, Program};
use tokio::{io::AsyncWriteExt, process::Command};
use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::{EMAIL, PASSWORD};

const BINARY: &str = env!("CARGO_BIN_EXE_access");
const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

/// What the program says on standard output, when it succeeds.
async fn ask(arguments: &[&str], input: &str, pool: &PgPool) -> Option<String> {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .env("DATABASE_URL", pool.connect_options().to_url_lossy().as_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not read it has closed it, which is no failure.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    output.status.success().then(|| said.trim().to_owned())
}

async fn wait_until_healthy(channel: Channel) {
    let mut health = HealthClient::new(channel);
    let request = HealthCheckRequest { service: "lombard.access.v1.AccessService".into() };
    loop {
        let answer = health.check(request.clone()).await;
        if answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_program_sets_up_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("access").await;

    let refuses = program::run(BINARY, &SERVE, &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let tenant = ask(&["create-tenant", "Acme Ltd."], "", &pool).await.unwrap();
    let create_user = ["create-user", "--tenant", &tenant, "--email", EMAIL];
    let short = ask(&create_user, "too short\n", &pool).await;
    let user = ask(&create_user, &format!("{PASSWORD}\n"), &pool).await.unwrap();
    let mut serving = Program::start(BINARY, &SERVE, &pool);
    let channel = kit::client::channel(format!("http://{}", serving.address().await)).unwrap();
    wait_until_healthy(channel.clone()).await;
    let mut client = AccessServiceClient::new(channel);
    let login =
        LoginRequest { email: EMAIL.into(), password: PASSWORD.into(), ..Default::default() };
    let token = client.login(login).await.unwrap().into_inner().token;
    let found = client.look_up_token(LookUpTokenRequest { token }).await.unwrap().into_inner();
    let ended = serving.terminate().await;

    assert!(!refuses.success(), "it must not serve on a schema it does not know");
    assert!(migrates.success());
    assert_eq!(short, None);
    assert_eq!((found.tenant_id, found.user_id), (tenant, user));
    assert_eq!(found.scopes, access::SCOPES);
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn a_user_may_be_given_less_than_all_scopes() {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let tenant = ask(&["create-tenant", "acme"], "", &pool).await.unwrap();
    let arguments = ["--tenant", &tenant, "--email", EMAIL, "--scopes", "kyc:write ledgers:read"];
    let create_user = [&["create-user"], arguments.as_slice()].concat();

    ask(&create_user, PASSWORD, &pool).await.unwrap();

    let scopes: Vec<String> =
        sqlx::query_scalar("select scopes from api_users").fetch_one(&pool).await.unwrap();
    assert_eq!(scopes, ["kyc:write", "ledgers:read"]);
}
