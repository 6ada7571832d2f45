# The one list of commands. `just` alone shows it.
_default:
    @just --list

# Format everything
fmt:
    cargo fmt --all
    npx --yes @bufbuild/buf@1.75.0 format -w proto

# Everything that reads the code without running it
lint:
    cargo fmt --all --check
    npx --yes @bufbuild/buf@1.75.0 lint proto
    npx --yes @bufbuild/buf@1.75.0 format --exit-code --diff proto
    RUSTFLAGS=-Dwarnings cargo clippy --workspace --all-targets
    RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps

# All tests, on a PostgreSQL that they start themselves
test:
    cargo test --workspace

# Licences, sources and versions of the dependencies
deny:
    .ci/deny

# What the programs are made of, as CycloneDX
sbom:
    @.ci/sbom

# Write the checked statements' metadata (.sqlx) anew
prepare:
    .ci/with-databases .ci/sqlx-prepare

# Run the whole platform on this machine
dev:
    cargo run --release -- dev

# Measure the platform beside what it can be compared with; allow half an hour
bench *ARGUMENTS:
    cargo run --release -- bench {{ARGUMENTS}}

# Look for input that breaks a parser's rules, each target for so many seconds
fuzz SECONDS="60" *TARGETS:
    .ci/fuzz {{SECONDS}} {{TARGETS}}

# Ask a platform for what its OpenAPI document says, and for what it does not
schemathesis SECONDS="60":
    cargo build
    .ci/schemathesis {{SECONDS}}

# Everything about deploy/ that can be checked without a cluster
deploy-check:
    cargo build --workspace --bins
    deploy/check --all "${CARGO_TARGET_DIR:-target}/debug"

# The pods of the dev overlay, played with podman and broken
deploy-test:
    cargo build --workspace --bins
    deploy/test "${CARGO_TARGET_DIR:-target}/debug"

# A backup under load, restored to a point in time
restore-drill:
    cargo build --workspace --bins
    deploy/restore-drill "${CARGO_TARGET_DIR:-target}/debug/lombard"

# What CI runs
ci:
    .ci/run
