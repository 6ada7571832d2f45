//! Whose turn it is to look after documents.

use std::{fs, time::Duration};

use kyc::{Settings, UpkeepSettings};
use types::TenantId;
use uuid::Uuid;

use crate::at_rest::AtRest;

#[tokio::test]
async fn one_process_of_all_sweeps_and_the_others_leave_it_to_its_turn() {
    let at_rest = AtRest::start().await;
    let upkeep = UpkeepSettings { orphan_age: Duration::ZERO, ..at_rest.settings.upkeep };
    let settings = Settings { upkeep, ..at_rest.settings.clone() };
    let (setup, orphan) = (&at_rest.setup, format!("{}/{}", TenantId::new(), Uuid::now_v7()));
    let orphan = at_rest.place(&orphan);
    // The bound is a whole second.
    let (hour_ago, hour) = (std::time::SystemTime::now(), Duration::from_hours(1));
    let leave = || {
        fs::create_dir_all(orphan.parent().unwrap()).unwrap();
        fs::write(&orphan, "x").unwrap();
        let file = fs::File::options().write(true).open(&orphan).unwrap();
        file.set_modified(hour_ago.checked_sub(hour).unwrap()).unwrap();
    };
    leave();
    setup.start_worker(settings.clone(), setup.customer_channel.clone());
    at_rest.files_when(0).await;

    leave();
    setup.start_worker(settings, setup.customer_channel.clone());
    tokio::time::sleep(Duration::from_millis(400)).await;

    assert!(orphan.exists(), "nobody's turn has come");
    sqlx::query("update upkeep_work set next_sweep_time = now()")
        .execute(&setup.pool)
        .await
        .unwrap();
    at_rest.files_when(0).await;
}
