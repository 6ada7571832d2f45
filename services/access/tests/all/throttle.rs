use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;

use crate::support::{
    EMAIL, PASSWORD, Setup, refusal, setup, too_many_attempts, wrong_credentials,
};

const WRONG: &str = "a wrong password";

async fn kept_attempts(setup: &Setup) -> i64 {
    let count = sqlx::query_scalar("select count(*) from login_attempts");
    count.fetch_one(&setup.pool).await.unwrap()
}

/// As if a minute had passed.
async fn let_a_minute_pass(setup: &Setup) {
    sqlx::query("update login_attempts set attempt_time = attempt_time - interval '60 seconds'")
        .execute(&setup.pool)
        .await
        .unwrap();
}

/// Tries all at once; how they came out, in the order of the codes.
async fn at_once(
    setup: &Setup,
    tries: impl IntoIterator<Item = (String, &'static str)>,
) -> Vec<Code> {
    let mut tasks = JoinSet::new();
    for (email, password) in tries {
        let setup = setup.clone();
        tasks.spawn(async move {
            let answer = setup.login_from("192.0.2.1", &email, password).await;
            answer.map_or_else(|status| status.code(), |_| Code::Ok)
        });
    }
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_by_key(|code| *code as i32);
    outcomes
}

#[tokio::test]
async fn the_eleventh_try_is_refused_even_when_it_is_right() {
    let setup = setup().await;

    for _ in 0..10 {
        assert_eq!(refusal(setup.login(EMAIL, WRONG).await), wrong_credentials());
    }
    let eleventh = setup.login("ANN@example.com", PASSWORD).await.unwrap_err();

    let after = eleventh.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    assert!((50..=60).contains(&after.as_secs()), "{after:?}");
    assert_eq!(refusal::<()>(Err(eleventh)), too_many_attempts());
    assert!(
        setup.login("bob@example.com", WRONG).await.unwrap_err().code() != Code::ResourceExhausted
    );
}

#[tokio::test]
async fn an_unknown_address_is_held_back_like_a_known_one() {
    let setup = setup().await;

    for email in ["bob@example.com", "no address"] {
        for _ in 0..10 {
            assert_eq!(refusal(setup.login(email, WRONG).await), wrong_credentials());
        }
        assert_eq!(refusal(setup.login(email, WRONG).await), too_many_attempts());
    }
}

#[tokio::test]
async fn refused_tries_do_not_prolong_the_wait_and_a_minute_ends_it() {
    let setup = setup().await;
    for _ in 0..10 {
        setup.login(EMAIL, WRONG).await.unwrap_err();
    }

    for _ in 0..5 {
        assert_eq!(refusal(setup.login(EMAIL, PASSWORD).await), too_many_attempts());
    }
    let kept = kept_attempts(&setup).await;
    let_a_minute_pass(&setup).await;
    let later = setup.login(EMAIL, PASSWORD).await;

    assert_eq!(kept, 10);
    assert!(later.is_ok());
    assert_eq!(kept_attempts(&setup).await, 0, "old tries are deleted");
}

#[tokio::test]
async fn the_pause_grows_with_each_wrong_try_and_a_right_one_ends_it() {
    let setup = setup().await;
    let wait_s = async || {
        let refused = setup.login(EMAIL, WRONG).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        refused.get_error_details().retry_info().unwrap().retry_delay.unwrap().as_secs()
    };
    for _ in 0..10 {
        setup.login(EMAIL, WRONG).await.unwrap_err();
    }
    assert!((50..=60).contains(&wait_s().await));

    let_a_minute_pass(&setup).await;
    assert_eq!(refusal(setup.login(EMAIL, WRONG).await), wrong_credentials());
    assert!((110..=120).contains(&wait_s().await));
    let_a_minute_pass(&setup).await;
    assert!((50..=60).contains(&wait_s().await));
    let_a_minute_pass(&setup).await;
    setup.login(EMAIL, PASSWORD).await.unwrap();

    for _ in 0..10 {
        assert_eq!(refusal(setup.login(EMAIL, WRONG).await), wrong_credentials());
    }
}

#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_known_one() {
    let setup = setup().await;
    let took = async |email: &str| {
        let start = std::time::Instant::now();
        assert_eq!(refusal(setup.login(email, WRONG).await), wrong_credentials());
        start.elapsed()
    };

    // In turns, so that whatever else the machine does slows both; the fastest of each tells.
    let (mut known, mut unknown) = (std::time::Duration::MAX, std::time::Duration::MAX);
    for _ in 0..9 {
        known = known.min(took(EMAIL).await);
        unknown = unknown.min(took("nobody@example.com").await);
    }

    // Without a password to check it would be a small part of that.
    assert!(unknown * 4 > known && known * 4 > unknown, "{known:?} {unknown:?}");
}

#[tokio::test]
async fn tries_that_were_given_up_count_as_wrong_ones_and_a_right_one_ends_them() {
    let setup = setup().await;
    let given_up = "
        insert into login_attempts (attempt_id, subject, attempt_time)
        select gen_random_uuid(), sha256('email:ann@example.com'), now() - interval '40 seconds'
        from generate_series(1, 10)
    ";
    sqlx::query(given_up).execute(&setup.pool).await.unwrap();

    let held_back = setup.login(EMAIL, PASSWORD).await.unwrap_err();
    let_a_minute_pass(&setup).await;
    let later = setup.login(EMAIL, PASSWORD).await;

    let after = held_back.get_error_details().retry_info().unwrap().retry_delay.unwrap();
    assert!((5..=20).contains(&after.as_secs()), "{after:?}");
    assert_eq!(refusal::<()>(Err(held_back)), too_many_attempts());
    assert!(later.is_ok());
    assert_eq!(kept_attempts(&setup).await, 0);
}

#[tokio::test]
async fn right_tries_do_not_count() {
    let setup = setup().await;

    for _ in 0..12 {
        setup.login_from("192.0.2.1", EMAIL, PASSWORD).await.unwrap();
    }

    assert_eq!(kept_attempts(&setup).await, 0);
}

#[tokio::test]
async fn wrong_tries_at_once_are_no_more_than_one_after_the_other() {
    let setup = setup().await;

    let outcomes = at_once(&setup, (0..20).map(|_| (EMAIL.to_owned(), WRONG))).await;

    let expected = [[Code::ResourceExhausted; 10], [Code::Unauthenticated; 10]].concat();
    assert_eq!(outcomes, expected);
    assert_eq!(
        kept_attempts(&setup).await,
        20,
        "each counts for the e-mail address and the client"
    );
}

#[tokio::test]
async fn right_tries_at_once_wait_for_each_other() {
    let setup = setup().await;

    let outcomes = at_once(&setup, (0..20).map(|_| (EMAIL.to_owned(), PASSWORD))).await;

    assert_eq!(outcomes, [Code::Ok; 20]);
    assert_eq!(kept_attempts(&setup).await, 0);
}

#[tokio::test]
async fn a_client_is_refused_after_a_hundred_wrong_tries_whatever_the_address() {
    let setup = setup().await;
    for round in 0..10 {
        let tries = (0..10).map(|i| (format!("user{round}{i}@example.com"), WRONG));
        let outcomes = at_once(&setup, tries).await;
        assert_eq!(outcomes, [Code::Unauthenticated; 10]);
    }

    let same_client = setup.login_from("192.0.2.1", EMAIL, PASSWORD).await;
    let other_client = setup.login_from("192.0.2.2", EMAIL, PASSWORD).await;
    let unknown_client = setup.login(EMAIL, PASSWORD).await;

    assert_eq!(refusal(same_client), too_many_attempts());
    assert!(other_client.is_ok());
    assert!(unknown_client.is_ok());
}
