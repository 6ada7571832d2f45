//! `lombard admin` as an operator uses it, from a database with nothing in it but its schema.

use std::process::Stdio;

use access::Settings;
use proto::access::v1::{
    LoginRequest, LookUpTokenRequest, access_service_client::AccessServiceClient,
};
use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};
use tokio::{io::AsyncWriteExt, process::Command};

const PASSWORD: &str = "correct horse battery staple";

/// What the program says, a value a line; or what it complains about.
async fn admin(pool: &PgPool, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_lombard"))
        .arg("admin")
        .args(arguments)
        .env("ACCESS_DATABASE_URL", pool.connect_options().to_url_lossy().as_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A program that does not read it has closed it, which is no failure.
    let _ = stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    if !output.status.success() {
        return Err(String::from_utf8(output.stderr).unwrap());
    }
    let said = String::from_utf8(output.stdout).unwrap();
    Ok(said.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

async fn made(pool: &PgPool, arguments: &[&str], field: &str) -> String {
    admin(pool, arguments).await.unwrap()[0][field].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_operator_sets_up_a_tenant_its_user_and_a_key_and_takes_them_away_again() {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let service = access::service(pool.clone(), Settings::default());
    let mut access = AccessServiceClient::new(testkit::serve(service).await);
    let mut stands_for = async |token: &str| {
        let message = LookUpTokenRequest { token: token.to_owned() };
        access.look_up_token(message).await.map(tonic::Response::into_inner)
    };

    let tenant = made(&pool, &["tenant", "create", "Acme"], "tenant_id").await;
    let of = ["--tenant", &tenant];
    let create = ["--email", "ops@acme.example", "--scopes", "admin customers:read ledgers:read"];
    let create = [&["user", "create"], of.as_slice(), &create].concat();
    let user = made(&pool, &create, "user_id").await;
    let create = ["--user", &user, "--name", "till", "--scopes", "customers:read"];
    let create = [&["key", "create"], of.as_slice(), &create, &["--allow", "10.0.0.0/8"]].concat();
    let key = admin(&pool, &create).await.unwrap().remove(0);
    let secret = key["secret"].as_str().unwrap();
    let id = key["api_key_id"].as_str().unwrap();

    let found = stands_for(secret).await.unwrap();
    assert_eq!((&found.user_id, &found.tenant_id), (&user, &tenant));
    assert_eq!(found.allowed_addresses, ["10.0.0.0/8"]);
    let listed = admin(&pool, &[&["key", "list"], of.as_slice()].concat()).await.unwrap();
    assert_eq!(listed[0]["name"], "till");
    assert!(listed[0].get("secret").is_none());

    let rotated = made(&pool, &[&["key", "rotate"], of.as_slice(), &[id]].concat(), "secret").await;
    assert!(stands_for(secret).await.is_err());
    assert!(stands_for(&rotated).await.is_ok());
    admin(&pool, &[&["user", "disable"], of.as_slice(), &[&user]].concat()).await.unwrap();
    assert!(stands_for(&rotated).await.is_err());
    admin(&pool, &[&["user", "enable"], of.as_slice(), &[&user]].concat()).await.unwrap();
    admin(&pool, &["tenant", "disable", &tenant]).await.unwrap();
    assert!(stands_for(&rotated).await.is_err());
    admin(&pool, &["tenant", "enable", &tenant]).await.unwrap();
    assert!(stands_for(&rotated).await.is_ok());
    admin(&pool, &[&["key", "revoke"], of.as_slice(), &[id]].concat()).await.unwrap();
    assert!(stands_for(&rotated).await.is_err());
    let login = LoginRequest {
        email: "ops@acme.example".into(),
        password: PASSWORD.into(),
        ..LoginRequest::default()
    };
    assert!(access.login(login).await.is_ok());
}

/// As in the service's own container: its admin port is taken, and its database's URL is in a file.
#[tokio::test]
async fn an_operator_works_beside_the_service_with_its_environment() {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let url = format!("{}\n", pool.connect_options().to_url_lossy());
    std::fs::write(file.path(), url).unwrap();

    let made = Command::new(env!("CARGO_BIN_EXE_lombard"))
        .args(["admin", "tenant", "create", "Acme", "--database-url-file"])
        .arg(file.path())
        .env("ADMIN_LISTEN", taken.local_addr().unwrap().to_string())
        .output()
        .await
        .unwrap();

    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(admin(&pool, &["tenant", "list"]).await.unwrap()[0]["name"], "Acme");
}

#[tokio::test]
async fn what_is_refused_is_named() {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    admin(&pool, &["tenant", "create", "Acme"]).await.unwrap();

    let taken = admin(&pool, &["tenant", "create", "Acme"]).await.unwrap_err();
    let bad = ["user", "create", "--tenant", "x", "--email", "y", "--scopes", "z"];
    let bad = admin(&pool, &bad).await.unwrap_err();

    assert!(taken.contains("another tenant has this name"), "{taken}");
    for field in ["user.tenant_id", "user.email", "user.scopes"] {
        assert!(bad.contains(field), "{bad}");
    }
}
