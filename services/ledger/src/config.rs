//! What an operator decides about this service.

use clap::Args;
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
}
