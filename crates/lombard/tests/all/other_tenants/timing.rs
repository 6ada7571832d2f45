//! How long it takes to be told that something is not there.

use std::time::{Duration, Instant};

use uuid::Uuid;

use super::{Somebody, rest, two};

/// Questions of each kind.
const TIMES: usize = 40;
/// Rounds of them: whatever else the machine does may spoil one.
const ROUNDS: usize = 4;
/// What clocks and schedulers do by themselves.
const NOISE: Duration = Duration::from_millis(1);

/// The median of the times that two questions take, which are asked in turns, so that whatever else the
/// machine does slows both.
async fn medians(us: &Somebody, paths: [&str; 2]) -> [Duration; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..TIMES {
        for (path, took) in paths.iter().zip(&mut took) {
            let start = Instant::now();
            let (status, ..) = us.scene.client.get(path).await;
            took.push(start.elapsed());
            assert_eq!(status, 404, "{path}");
        }
    }
    took.map(|mut took| {
        took.sort_unstable();
        took[took.len() / 2]
    })
}

#[tokio::test]
async fn what_is_another_tenant_s_takes_as_long_as_what_is_nowhere() {
    let (us, them) = two().await;
    let reads = rest::cases(&us, &them).into_iter().filter(|(route, _)| route.starts_with("GET "));
    for (theirs, _) in reads.flat_map(|(_, case)| case) {
        let nowhere = them
            .ids()
            .iter()
            .fold(theirs.clone(), |path, id| path.replace(id, &Uuid::now_v7().to_string()));
        assert_ne!(theirs, nowhere);

        let (mut seen, mut are_alike) = (Vec::new(), false);
        while !are_alike && seen.len() < ROUNDS {
            let [foreign, none] = medians(&us, [&theirs, &nowhere]).await;
            are_alike = foreign < none * 2 + NOISE && none < foreign * 2 + NOISE;
            seen.push((foreign, none));
        }
        assert!(are_alike, "{theirs}: theirs and none took {seen:?}");
    }
}
