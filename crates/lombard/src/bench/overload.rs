//! Ten times as much as the platform takes: what becomes of what is accepted, and what the rest is told.
//!
//! First the platform is asked by clients that wait for their answers, which shows how much it accepts. Then
//! ten times that is offered by clients that wait for nobody. It shares the machine with them, so it has less
//! of it then.

#![expect(clippy::float_arithmetic, reason = "rates, no money")]

mod grpc;
mod offer;
mod report;
mod rest;

use std::time::Duration;

use anyhow::Context;
use tokio::time::{interval, sleep};

use self::{
    offer::{Offer, Seen},
    report::Told,
};
use super::{
    grpc::Receivers,
    load::{self, Sample},
    platform::Platform,
    rest::Login,
    site::{Filled, Site, Size},
};
use crate::stack::SANDBOX;
pub(super) use report::Overload;

const TIMES: f64 = 10.0;
/// Clients that wait for their answers.
const IN_FLIGHT: usize = 64;
/// How long after an offer the memory is looked at again.
const AFTER: Duration = Duration::from_secs(2);
/// A gateway keeps what it knows of a token for less.
const KNOWN: Duration = Duration::from_secs(3);

/// Offers too much: to a tenant that has a rate, to the gateway, and to the ledger itself.
pub(super) async fn run(site: &mut Site) -> anyhow::Result<Overload> {
    site.renew().await?;
    let Filled { platform, fill, .. } = site.filled(Size::Small)?;
    let (fill, timing) = (*fill, site.timing);
    let (gateway, ledger) = (platform.gateway()?, platform.ledger()?);
    let login = Login::new(&gateway, &SANDBOX).await?;

    let clients = login.clone();
    let alone =
        load::measure(timing, move || super::rest::Transfers::clients(&clients, fill, IN_FLIGHT));
    let alone_rest = alone.await?;
    let rate = alone_rest.per_second / TIMES;
    limit(site, platform, rate).await?;
    let offer = Offer { per_second: rate * TIMES, lasts: timing.lasts };
    let client = rest::Made::new(&gateway, &login, fill)?;
    let make = offer::make(offer, move || Ok(client.start()));
    let by_rate = watched("a tenant's rate", alone_rest, platform, make);
    let by_rate = Told { limit_per_s: Some(rate), ..by_rate.await? };
    limit(site, platform, 0.0).await?;

    let offer = Offer { per_second: alone_rest.per_second * TIMES, lasts: timing.lasts };
    let client = rest::Made::new(&gateway, &login, fill)?;
    let make = offer::make(offer, move || Ok(client.start()));
    let by_rest = watched("REST", alone_rest, platform, make).await?;

    let url = ledger.clone();
    let alone = load::measure(timing, move || {
        super::grpc::Transfers::clients(&url, fill, Receivers::Spread, IN_FLIGHT)
    });
    let alone_grpc = alone.await?;
    let offer = Offer { per_second: alone_grpc.per_second * TIMES, lasts: timing.lasts };
    let make = offer::make(offer, move || grpc::Client::new(&ledger, fill));
    let by_grpc = watched("gRPC", alone_grpc, platform, make).await?;
    Ok(Overload(vec![by_rate, by_rest, by_grpc]))
}

/// Sets how many requests the tenant may make each second, as an operator does; 0: as many as it can.
async fn limit(site: &Site, platform: &Platform, per_second: f64) -> anyhow::Result<()> {
    let database = site.server.options().database(&format!("{}access", Size::Small.prefix()));
    let tenant = platform.tenant(SANDBOX.name)?.to_string();
    platform.admin(&database, &["tenant", "limit", &tenant, &format!("{per_second:.0}")]).await?;
    sleep(KNOWN).await;
    Ok(())
}

/// Makes an offer, and watches what memory it takes.
async fn watched(
    name: &'static str,
    alone: Sample,
    platform: &Platform,
    offering: impl Future<Output = anyhow::Result<Seen>>,
) -> anyhow::Result<Told> {
    eprintln!("lombard: overload: {name}");
    let before = platform.memory_mib()?;
    let mut peak = before;
    let mut looks = interval(Duration::from_millis(100));
    tokio::pin!(offering);
    let seen = loop {
        tokio::select! {
            seen = &mut offering => break seen?,
            _ = looks.tick() => peak = peak.max(platform.memory_mib()?),
        }
    };
    sleep(AFTER).await;
    let after = platform.memory_mib().context("the platform did not outlive it")?;
    Ok(Told { name, alone, limit_per_s: None, seen, memory_mib: [before, peak, after] })
}
