//! How each thing is measured.

use anyhow::{Context, anyhow};

use super::{
    data::Fill,
    grpc,
    load::{self, Sample},
    rest::{Login, Reader, Transfers},
    rows::{List, Page, Place, Subject},
    site::{Filled, Site, Size},
};
use crate::stack::{OTHER, SANDBOX};

impl Site {
    /// Why something cannot be measured here.
    pub(super) fn missing(&self, subject: Subject) -> Option<String> {
        match subject {
            Subject::Pgbench { .. } if self.pgbench.is_none() => {
                Some("pgbench is neither on PATH nor in /usr/lib/postgresql/*/bin".to_owned())
            }
            Subject::Cala => self.cala.as_ref().err().cloned(),
            Subject::Pgbench { .. }
            | Subject::Unary { .. }
            | Subject::Batches
            | Subject::Rest
            | Subject::Page(_) => None,
        }
    }

    /// Measures one thing, once.
    pub(super) async fn measure(&mut self, subject: Subject) -> anyhow::Result<Sample> {
        let timing = self.timing;
        match subject {
            Subject::Pgbench { clients } => {
                self.pgbench.as_ref().context("no pgbench")?.measure(clients, timing).await
            }
            Subject::Unary { size, receivers, in_flight } => {
                let Filled { platform, fill, .. } = self.filled(size)?;
                let (url, fill) = (platform.ledger()?, *fill);
                load::measure(timing, move || {
                    grpc::Transfers::clients(&url, fill, receivers, in_flight)
                })
                .await
            }
            Subject::Batches => {
                let Filled { platform, fill, .. } = self.filled(Size::Small)?;
                let (url, fill) = (platform.ledger()?, *fill);
                load::measure(timing, move || grpc::Batches::clients(&url, fill, 100, 8)).await
            }
            Subject::Rest => {
                let Filled { platform, fill, .. } = self.filled(Size::Small)?;
                let login = Login::new(&platform.gateway()?, &SANDBOX).await?;
                let fill = *fill;
                load::measure(timing, move || Transfers::clients(&login, fill, 64)).await
            }
            Subject::Page(page) => self.page(page).await,
            Subject::Cala => {
                let cala = self.cala.as_ref().map_err(|reason| anyhow!("{reason}"))?;
                cala.measure(&self.server.options(), timing).await
            }
        }
    }

    /// Reads the page, after it has been found once.
    async fn page(&mut self, page: Page) -> anyhow::Result<Sample> {
        let Filled { platform, fill, little } = self.filled(Size::Large)?;
        let little = little.context("no second tenant")?;
        let (who, fill) = if page.is_long { (&SANDBOX, *fill) } else { (&OTHER, little) };
        let login = Login::new(&platform.gateway()?, who).await?;
        let path = match self.pages.get(&page) {
            Some(path) => path.clone(),
            None => find(&login, page, fill).await?,
        };
        self.pages.insert(page, path.clone());
        load::measure(self.timing, move || Ok(vec![Reader::new(&login, &path)?])).await
    }
}

/// The path of a page: of a list that has one row more than there are ledgers from 1.
async fn find(login: &Login, page: Page, fill: Fill) -> anyhow::Result<String> {
    let list = match page.list {
        List::Transactions => {
            format!("/accounts/customers/ledgers/transactions/{}", fill.ledger(0))
        }
        List::Customers => "/accounts/customers/list".to_owned(),
    };
    let rows_before = match page.place {
        Place::First => 0,
        Place::Middle => fill.ledgers.div_euclid(200).saturating_mul(100),
        Place::Deepest => fill.ledgers.saturating_sub(100),
    };
    login.page_after(&list, rows_before).await
}
