//! `lombard admin`: tenants, users and keys, on the access service's database. The rpcs that do it are
//! the service's own, called in this process, so that it works before anything runs, and no port is
//! open for it.

use std::io::{Write, stdin, stdout};

use access::{MIGRATIONS, SCOPES, Settings};
use anyhow::{Context, bail};
use kit::{
    caller::{Call, Caller, DEFAULT_DEADLINE},
    config::DatabaseUrl,
    postgres::{self, check_schema},
    shutdown::Signals,
    time::from_timestamp,
};
use prost_types::{FieldMask, Timestamp};
use proto::access::v1::{
    ApiKey, Tenant, User, admin_service_client::AdminServiceClient,
    api_key_service_client::ApiKeyServiceClient,
};
use serde_json::{Value, json};
use sqlx::postgres::PgConnectOptions;
use time::format_description::well_known::Rfc3339;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Status, service::Routes};
use tonic_types::StatusExt;
use types::TenantId;

use self::cli::{Admin, What};
use crate::{dev::DATABASE_PREFIX, server::Server};

pub mod cli;
mod keys;
mod tenants;
mod users;

/// Rows of a list that are asked for at a time.
const PAGE: Option<i32> = Some(1000);

/// Does what is asked for, and says what came of it: a line of JSON each.
///
/// # Errors
///
/// When there is no database to work on, or what is asked for is refused.
pub async fn run(options: &Admin) -> anyhow::Result<()> {
    if let What::Scopes = options.what {
        return SCOPES.iter().try_for_each(|scope| say(&json!(scope)));
    }
    // While nothing is there to be stopped: who is asked for it may still give up.
    let password = if options.what.takes_password() { password()? } else { String::new() };
    // From here on a signal no longer ends the process at once, which would leave PostgreSQL behind.
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let working = async {
        let (server, database) = find(options).await?;
        let done = tokio::select! {
            done = work(database, &options.what, password) => done,
            () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the end")),
        };
        server.stop().await.and(done)
    };
    signals.run(&stop, working).await
}

async fn work(database: PgConnectOptions, what: &What, password: String) -> anyhow::Result<()> {
    let pool = postgres::pool(database, 2);
    check_schema(&pool, &MIGRATIONS).await?;
    let routes = access::service(pool.clone(), Settings::default()).routes;
    let done = match what {
        What::Tenant(task) => tenants::run(task, AdminServiceClient::new(routes)).await,
        What::User(task) => users::run(task, password, AdminServiceClient::new(routes)).await,
        What::Key(task) => keys::run(task, ApiKeyServiceClient::new(routes)).await,
        What::Scopes => Ok(()),
    };
    pool.close().await;
    done
}

/// The database, and the server that it is on: the given one, or that of `lombard dev`.
async fn find(options: &Admin) -> anyhow::Result<(Server, PgConnectOptions)> {
    let file = options.database_url_file.as_deref();
    let given = DatabaseUrl::of(options.database_url.as_ref().filter(|_| file.is_none()), file)?;
    if let Some(url) = given {
        let given = url.options()?;
        return Ok((Server::Given(given.clone()), given));
    }
    let server = Server::of_dev(&options.data_dir).await.context("there is no database")?;
    let database = server.options().database(&format!("{DATABASE_PREFIX}access"));
    Ok((server, database))
}

type Admins = AdminServiceClient<Routes>;
type Keys = ApiKeyServiceClient<Routes>;

/// A request on behalf of a tenant, by nobody of it.
fn on_behalf_of<M>(tenant: &str, message: M) -> anyhow::Result<Request<M>> {
    let tenant = TenantId::parse(tenant).map_err(|error| anyhow::anyhow!("--tenant {error}"))?;
    let caller = Caller::service(Call::begin(None, DEFAULT_DEADLINE), tenant, "operator");
    let mut request = Request::new(message);
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// Everything that is wrong, by name.
fn refused(status: &Status) -> anyhow::Error {
    let details = status.get_error_details();
    let bad = details.bad_request().map(|bad| bad.field_violations.as_slice()).unwrap_or_default();
    let bad: Vec<_> = bad.iter().map(|bad| format!("{} {}", bad.field, bad.description)).collect();
    if bad.is_empty() {
        anyhow::anyhow!("{}", status.message())
    } else {
        anyhow::anyhow!("{}", bad.join("; "))
    }
}

fn mask(path: &str) -> FieldMask {
    FieldMask { paths: vec![path.to_owned()] }
}

fn words(scopes: &str) -> Vec<String> {
    scopes.split_whitespace().map(str::to_owned).collect()
}

/// The first line of standard input.
fn password() -> anyhow::Result<String> {
    let mut line = String::new();
    stdin().read_line(&mut line).context("the password could not be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("the password goes to standard input");
    }
    Ok(password.to_owned())
}

fn say(value: &Value) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{value}")?)
}

fn at(time: Option<&Timestamp>) -> Value {
    let time = time.and_then(from_timestamp).and_then(|time| time.format(&Rfc3339).ok());
    time.map_or(Value::Null, Value::from)
}

fn tenant(tenant: &Tenant) -> Value {
    json!({
        "tenant_id": tenant.tenant_id,
        "name": tenant.name,
        "active": tenant.active,
        "requests_per_second": tenant.requests_per_second,
        "created": at(tenant.create_time.as_ref()),
    })
}

fn user(user: &User) -> Value {
    json!({
        "tenant_id": user.tenant_id,
        "user_id": user.user_id,
        "email": user.email,
        "active": user.active,
        "scopes": user.scopes,
        "created": at(user.create_time.as_ref()),
    })
}

fn key(key: &ApiKey) -> Value {
    json!({
        "api_key_id": key.api_key_id,
        "user_id": key.user_id,
        "name": key.name,
        "scopes": key.scopes,
        "allowed_addresses": key.allowed_addresses,
        "requests_per_second": key.requests_per_second,
        "expires": at(key.expire_time.as_ref()),
        "created": at(key.create_time.as_ref()),
        "revoked": at(key.revoke_time.as_ref()),
        "last_used": at(key.last_use_time.as_ref()),
    })
}
