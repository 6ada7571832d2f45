use clap::Parser;
use kit::config::PostgresConfig;

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
