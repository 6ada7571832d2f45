//! Round by round, each row's two measurements one right after the other: what slows the machine down
//! for a while slows both.

use super::{
    cala::Cala,
    load::Sample,
    report::{Obstacle, Results},
    rows::Row,
    site::Site,
};
use crate::cli::Bench;

/// Measures every row once a round. One that fails is left out from then on.
pub(super) async fn measure(
    site: &mut Site,
    options: &Bench,
    rows: &[Row],
) -> anyhow::Result<Vec<Results>> {
    if !options.no_cala && rows.iter().any(Row::needs_cala) {
        eprintln!("lombard: building cala-ledger");
        site.cala = Cala::build().await.map_err(|error| format!("cala-ledger: {error:#}"));
    }
    let mut results: Vec<Results> = rows.iter().map(|row| planned(site, *row)).collect();
    if rows.iter().any(Row::needs_large) {
        eprintln!("lombard: filling a platform with {} ledgers", options.large);
        site.make_large().await?;
    }
    for round in 1..=options.rounds {
        site.renew().await?;
        for result in results.iter_mut().filter(|result| result.obstacle.is_none()) {
            eprintln!("lombard: round {round} of {}: {}", options.rounds, result.row.name);
            match pair(site, result.row, round).await {
                Ok(pair) => {
                    result.pairs.push(pair);
                    eprintln!("{}", result.newest());
                }
                // The other rows are still worth having.
                Err(error) => result.obstacle = Some(Obstacle::Failed(format!("{error:#}"))),
            }
        }
    }
    Ok(results)
}

fn planned(site: &Site, row: Row) -> Results {
    let missing = [row.ours, row.against].into_iter().find_map(|subject| site.missing(subject));
    Results { row, pairs: Vec::new(), obstacle: missing.map(Obstacle::Missing) }
}

/// Ours, and what it is compared with; which is first changes from round to round, because the second
/// finds a machine that the first has warmed, or left something to do.
async fn pair(site: &mut Site, row: Row, round: u32) -> anyhow::Result<(Sample, Sample)> {
    if round.is_multiple_of(2) {
        let ours = site.measure(row.ours).await?;
        Ok((ours, site.measure(row.against).await?))
    } else {
        let against = site.measure(row.against).await?;
        Ok((site.measure(row.ours).await?, against))
    }
}
