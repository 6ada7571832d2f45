//! What an operator decides about this service.

use std::time::Duration;

use clap::Args;
use kit::postgres::citus::Layout;
use types::{BankCode, Bic, Currency, SortCode};

/// The bank that the platform is, and what it offers.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Currencies that ledgers may be issued in, separated by commas.
    #[arg(
        long,
        env = "CURRENCIES",
        value_delimiter = ',',
        value_parser = Currency::parse,
        default_value = "gbp,eur,usd"
    )]
    pub currencies: Vec<Currency>,
    /// The first four letters of the IBANs' account part.
    #[arg(long, env = "BANK_CODE", value_parser = BankCode::parse, default_value = "PAYR")]
    pub bank_code: BankCode,
    /// The sort code that account numbers are issued under.
    #[arg(long, env = "SORT_CODE", value_parser = SortCode::parse, default_value = "040052")]
    pub sort_code: SortCode,
    /// The bank's BIC.
    #[arg(long, env = "BIC", value_parser = Bic::parse, default_value = "PAYRGB20XXX")]
    pub bic: Bic,
    /// Serves the rpcs that play the outside world. Never in production: they make money.
    #[arg(long, env = "SANDBOX")]
    pub sandbox: bool,
    /// Seconds between looks for entries to seal. 0: none are sealed by this process.
    #[arg(long, env = "SEAL_INTERVAL_S", default_value_t = 60)]
    pub seal_interval_s: u64,
    /// Where the tables are, for who serves without looking: [`crate::serve`] asks the database.
    #[arg(skip)]
    pub layout: Layout,
    /// How payments are worked on; nothing that an operator decides.
    #[arg(skip)]
    pub payments: PaymentSettings,
}

/// How payments are worked on. The defaults are those of production.
#[derive(Debug, Clone)]
pub struct PaymentSettings {
    /// How many payments are worked on at a time.
    pub concurrency: usize,
    /// How often to look for work that nobody announced, and for what the rail has for us.
    pub poll_interval: Duration,
    /// How long a rail may take to answer.
    pub rail_timeout: Duration,
    /// How long one worker has a payment to itself. More than it takes to ask the rail and to book.
    pub lease: Duration,
    /// The pause after a first failure; it doubles with every further one.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// How soon a rail that has a payment is asked again at the earliest, whatever it says.
    pub shortest_poll: Duration,
    /// How long the slow things of the sandbox rail take.
    pub sandbox_delay: Duration,
}

impl Default for PaymentSettings {
    fn default() -> Self {
        Self {
            concurrency: 8,
            poll_interval: Duration::from_millis(500),
            rail_timeout: Duration::from_secs(20),
            lease: Duration::from_mins(1),
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            shortest_poll: Duration::from_millis(100),
            sandbox_delay: Duration::from_secs(2),
        }
    }
}
