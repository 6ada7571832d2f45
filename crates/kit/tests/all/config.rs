use clap::Parser;
use kit::config::{PostgresConfig, SandboxConfig, ServerConfig};

#[derive(Debug, Parser)]
struct Config {
    #[command(flatten)]
    postgres: PostgresConfig,
}

#[test]
fn a_malformed_url_is_refused_without_its_password() {
    let url = "postgres://ledger:hunter2@db:5x32/ledger";

    let config = Config::try_parse_from(["x", "--database-url", url]).unwrap();
    let refused = config.postgres.pool().unwrap_err();

    for said in [format!("{config:?}"), format!("{refused:?}")] {
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[tokio::test]
async fn the_url_of_the_database_may_be_in_a_file() {
    let path = std::env::temp_dir().join(format!("lombard-{}", std::process::id()));
    std::fs::write(&path, "postgres://ledger@db/books\n").unwrap();
    let file = path.to_str().unwrap();

    let config = Config::try_parse_from(["x", "--database-url-file", file]).unwrap();
    let pool = config.postgres.pool().unwrap();
    std::fs::remove_file(&path).unwrap();

    assert_eq!(pool.connect_options().get_database(), Some("books"));
    assert!(config.postgres.pool().is_err(), "the file is gone");
}

#[derive(Debug, Parser)]
struct Played {
    #[command(flatten)]
    server: ServerConfig,
    #[command(flatten)]
    anywhere: SandboxConfig,
}

#[test]
fn a_sandbox_that_looks_like_production_is_refused_unless_it_is_meant() {
    let tls = ["--tls-cert-file", "x.crt"];
    let check = |is_sandbox, has_public_certificate, arguments: &[&str]| {
        let arguments = [&["x", "--listen"], arguments].concat();
        let Played { server, anywhere } = Played::try_parse_from(arguments).unwrap();
        anywhere.check(is_sandbox, &server, has_public_certificate)
    };

    for here in ["127.0.0.1:1", "[::1]:1"] {
        assert!(check(true, false, &[here]).is_ok(), "{here}");
        assert!(check(true, true, &[here]).is_err(), "{here}");
        assert!(check(true, false, &[here, tls[0], tls[1]]).is_err(), "{here}");
    }
    for elsewhere in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1"] {
        let refused = check(true, false, &[elsewhere]).unwrap_err().to_string();
        assert!(refused.contains("SANDBOX_ANYWHERE=true"), "{refused}");
        assert!(check(true, true, &[elsewhere, "--sandbox-anywhere"]).is_ok(), "{elsewhere}");
        assert!(check(false, true, &[elsewhere]).is_ok(), "{elsewhere}");
    }
}
