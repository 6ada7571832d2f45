//! What may be said after `lombard admin`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kit::config::DatabaseUrl;
use time::OffsetDateTime;

use crate::cli::time;

/// Settings of `lombard admin`.
#[derive(Debug, Args)]
pub struct Admin {
    /// The access service's database. Without it, that of `lombard dev` in the data directory, whether
    /// it runs or not.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "ACCESS_DATABASE_URL",
        hide_env_values = true
    )]
    pub database_url: Option<DatabaseUrl>,
    /// A file that holds that URL, as the service's own `DATABASE_URL_FILE`; it counts where both are given.
    #[arg(long, global = true, value_name = "FILE", env = "ACCESS_DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,
    /// Where `lombard dev` keeps its data.
    #[arg(long, global = true, value_name = "DIR", default_value = "./.lombard")]
    pub data_dir: PathBuf,
    /// Of what.
    #[command(subcommand)]
    pub what: What,
}

/// Of what.
#[derive(Debug, Subcommand)]
pub enum What {
    /// The companies that use the platform.
    #[command(subcommand)]
    Tenant(TenantTask),
    /// Who of a tenant may log in.
    #[command(subcommand)]
    User(UserTask),
    /// Long-lived keys of a tenant, for programs.
    #[command(subcommand)]
    Key(KeyTask),
    /// Lists every scope there is.
    Scopes,
}

impl What {
    /// Whether it needs one from standard input.
    pub(super) fn takes_password(&self) -> bool {
        matches!(self, Self::User(UserTask::Create { .. } | UserTask::Password(_)))
    }
}

/// What to do about tenants.
#[derive(Debug, Subcommand)]
pub enum TenantTask {
    /// Makes a tenant.
    Create {
        /// 1-100 characters; no two tenants share one.
        name: String,
        /// Requests each second at most; 0: as many as the service is set to allow.
        #[arg(long, default_value_t = 0)]
        requests_per_second: i32,
    },
    /// Lists tenants, newest first.
    List,
    /// Keeps a tenant from logging in and calling, within 5 seconds.
    Disable {
        /// The tenant's id.
        id: String,
    },
    /// Lets it again.
    Enable {
        /// The tenant's id.
        id: String,
    },
    /// Sets how many requests it may make.
    Limit {
        /// The tenant's id.
        id: String,
        /// Each second at most; 0: as many as the service is set to allow.
        requests_per_second: i32,
    },
}

/// One thing of a tenant's.
#[derive(Debug, Args)]
pub struct Of {
    /// The tenant's id.
    #[arg(long)]
    pub tenant: String,
    /// Its own id.
    pub id: String,
}

/// What to do about users.
#[derive(Debug, Subcommand)]
pub enum UserTask {
    /// Makes a user, with the password on standard input.
    Create {
        /// The tenant's id.
        #[arg(long)]
        tenant: String,
        /// The address to log in with.
        #[arg(long)]
        email: String,
        /// What the user may do, separated by spaces; see `lombard admin scopes`.
        #[arg(long)]
        scopes: String,
    },
    /// Lists the users of a tenant, newest first.
    List {
        /// The tenant's id.
        #[arg(long)]
        tenant: String,
    },
    /// Keeps a user, and their keys, from calling, within 5 seconds. Their tokens are revoked.
    Disable(Of),
    /// Lets them again.
    Enable(Of),
    /// Sets what a user, and at most their keys, may do.
    Scopes {
        /// Whose.
        #[command(flatten)]
        of: Of,
        /// Separated by spaces.
        #[arg(long)]
        scopes: String,
    },
    /// Sets a password, from standard input. The user's tokens are revoked.
    Password(Of),
}

/// What to do about keys.
#[derive(Debug, Subcommand)]
pub enum KeyTask {
    /// Makes a key, and tells its secret this once.
    Create {
        /// The tenant's id.
        #[arg(long)]
        tenant: String,
        /// The id of the user it stands for.
        #[arg(long)]
        user: String,
        /// What it is called.
        #[arg(long)]
        name: String,
        /// What it allows, of what the user may do, separated by spaces.
        #[arg(long)]
        scopes: String,
        /// From where it may be used: addresses and networks, separated by commas.
        #[arg(long, value_delimiter = ',')]
        allow: Vec<String>,
        /// When it stops being one, in RFC 3339.
        #[arg(long, value_parser = time)]
        expires: Option<OffsetDateTime>,
        /// Requests each second at most; 0: as many as the service is set to allow.
        #[arg(long, default_value_t = 0)]
        requests_per_second: i32,
    },
    /// Lists the keys of a tenant, newest first.
    List {
        /// The tenant's id.
        #[arg(long)]
        tenant: String,
    },
    /// Sets what a key allows.
    Scopes {
        /// Which.
        #[command(flatten)]
        of: Of,
        /// Separated by spaces.
        #[arg(long)]
        scopes: String,
    },
    /// Gives a key a new secret, and tells it this once.
    Rotate {
        /// Which.
        #[command(flatten)]
        of: Of,
        /// Until when the secret so far stays good, in RFC 3339, at most 90 days from now. Without it,
        /// it ends at once.
        #[arg(long, value_parser = time)]
        old_until: Option<OffsetDateTime>,
    },
    /// Ends a key, for good, within 5 seconds.
    Revoke(Of),
}
