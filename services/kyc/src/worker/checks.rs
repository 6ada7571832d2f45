//! What we look at ourselves before it is recorded that somebody is verified: sanctions lists, and the
//! machine-readable zones of documents. Neither rejects: what speaks against it asks a person to look.

use kit::{postgres::Database, time::now};
use sqlx::PgConnection;

use super::papers::Papers;
use crate::{
    customers::{self, Customers},
    domain::{Outcome, Side, Verification},
    error::Error,
    mrz::{Findings, ocr::Ocr},
    record::Record,
    screening::{Match, REASON, Reviews, weigh},
    store::findings,
};

/// What it takes to look.
#[derive(Debug)]
pub(super) struct Checks {
    database: Database,
    papers: Papers,
    customers: Customers,
    reviews: Reviews,
    ocr: Ocr,
}

/// What was found.
#[derive(Debug)]
pub(super) struct Looked {
    details_version: i64,
    matches: Vec<Match>,
    findings: Vec<Findings>,
}

impl Checks {
    pub(super) fn new(
        database: Database,
        papers: Papers,
        customers: Customers,
        reviews: Reviews,
        ocr: Ocr,
    ) -> Self {
        Self { database, papers, customers, reviews, ocr }
    }

    /// Looks at the customer and its documents. An outcome that verifies nobody has no need of it.
    pub(super) async fn look(
        &self,
        verification: &Verification,
        outcome: &Outcome,
    ) -> Result<Option<Looked>, Error> {
        match outcome {
            Outcome::Verified | Outcome::InReview(_) => {}
            Outcome::ResubmissionRequired(_)
            | Outcome::Rejected(_)
            | Outcome::Expired(_)
            | Outcome::Error(_) => return Ok(None),
        }
        let caller = customers::on_our_own_account(verification.tenant);
        let customer = self.customers.get(&caller, verification.customer).await?;
        let matches = self.reviews.search(verification.tenant, &customer.record).await?;
        let findings = self.read_zones(verification, &customer.record).await?;
        Ok(Some(Looked { details_version: customer.details_version, matches, findings }))
    }

    /// Reads the images of documents whose zone nobody has read yet.
    async fn read_zones(
        &self,
        verification: &Verification,
        record: &Record,
    ) -> Result<Vec<Findings>, Error> {
        let mut read = Vec::new();
        if !self.ocr.reads() {
            return Ok(read);
        }
        let (tenant, id) = (verification.tenant, verification.id);
        let mut conn = self.database.of(tenant).await?;
        let known = findings::of_verification(&mut conn, tenant, id).await?;
        drop(conn);
        for side in [Side::Front, Side::Back] {
            if known.iter().any(|known| known.side == side) {
                continue;
            }
            let Some(image) = self.papers.image(verification, side).await? else { continue };
            let text = self.ocr.read(&image).await?;
            let found = text.and_then(|text| Findings::of_image(side, &text, record, now().date()));
            read.extend(found);
        }
        Ok(read)
    }
}

impl Looked {
    /// What becomes of the attempt. Stores the evidence, in the transaction that locks the attempt.
    pub(super) async fn weigh(
        &self,
        conn: &mut PgConnection,
        verification: &Verification,
        outcome: Outcome,
    ) -> Result<Outcome, Error> {
        findings::insert(conn, verification, &self.findings).await?;
        let read = findings::of_verification(conn, verification.tenant, verification.id).await?;
        let mut reasons: Vec<&'static str> = read.iter().filter_map(Findings::reason).collect();
        if weigh(conn, verification, self.details_version, &self.matches).await? {
            reasons.push(REASON);
        }
        Ok(against(outcome, &reasons))
    }
}

/// An outcome with what speaks against it.
fn against(outcome: Outcome, reasons: &[&'static str]) -> Outcome {
    let mut told = match outcome {
        Outcome::Verified if reasons.is_empty() => return Outcome::Verified,
        Outcome::Verified => Vec::new(),
        Outcome::InReview(told) => told,
        outcome @ (Outcome::ResubmissionRequired(_)
        | Outcome::Rejected(_)
        | Outcome::Expired(_)
        | Outcome::Error(_)) => return outcome,
    };
    for reason in reasons {
        if !told.iter().any(|told| told == reason) {
            told.push((*reason).to_owned());
        }
    }
    Outcome::InReview(told)
}
