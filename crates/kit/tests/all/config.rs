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
