use super::*;

/// Moments counted in milliseconds from one of them.
struct Clock(Instant);

impl Clock {
    fn at(&self, ms: u64) -> Instant {
        self.0.checked_add(Duration::from_millis(ms)).unwrap()
    }

    fn answer(&self, version: i64, sent_ms: u64, active: &[CustomerId]) -> Answer {
        let active = active.iter().copied().collect();
        let valid_for = Duration::from_millis(200);
        Answer { sent: self.at(sent_ms), version, valid_for, active }
    }
}

fn lease() -> (Lease, Clock) {
    (Lease::new(Arc::default()), Clock(Instant::now()))
}

#[test]
fn a_lease_begins_when_it_was_asked_for_and_not_when_it_came() {
    let (mut lease, clock) = lease();
    let alice = CustomerId::new();

    lease.take(&clock.answer(0, 0, &[alice]), clock.at(150));

    assert!(lease.covers(&[alice], clock.at(199)));
    assert!(!lease.covers(&[alice], clock.at(200)));
    assert!(!lease.covers(&[alice, CustomerId::new()], clock.at(160)));
}

#[test]
fn nothing_is_relied_upon_before_the_first_answer() {
    let (lease, clock) = lease();

    assert!(!lease.covers(&[], clock.at(0)));
    assert!(lease.is_half_over(clock.at(0)));
}

#[test]
fn the_same_version_renews_what_was_known_also_after_its_end() {
    let (mut lease, clock) = lease();
    let (alice, bob) = (CustomerId::new(), CustomerId::new());
    lease.take(&clock.answer(3, 0, &[alice]), clock.at(1));

    lease.take(&clock.answer(3, 1_000, &[bob]), clock.at(1_001));

    assert!(lease.covers(&[alice, bob], clock.at(1_199)));
    assert!(!lease.covers(&[alice], clock.at(1_200)));
}

#[test]
fn an_answer_sent_earlier_does_not_shorten_or_lengthen_the_lease() {
    let (mut lease, clock) = lease();
    let alice = CustomerId::new();
    lease.take(&clock.answer(3, 100, &[alice]), clock.at(110));

    lease.take(&clock.answer(3, 50, &[]), clock.at(120));

    assert_eq!(lease.left(clock.at(120)), Some(Duration::from_millis(180)));
}

#[test]
fn a_new_version_forgets_all_that_was_known() {
    let (mut lease, clock) = lease();
    let (alice, bob) = (CustomerId::new(), CustomerId::new());
    lease.take(&clock.answer(3, 100, &[alice, bob]), clock.at(101));

    lease.take(&clock.answer(4, 90, &[bob]), clock.at(102));

    assert!(!lease.covers(&[alice], clock.at(103)));
    assert!(lease.covers(&[bob], clock.at(289)));
    assert!(!lease.covers(&[bob], clock.at(290)), "not the end of the version before");
}

#[test]
fn a_late_answer_with_a_lower_version_revives_nothing() {
    let (mut lease, clock) = lease();
    let (alice, bob) = (CustomerId::new(), CustomerId::new());
    lease.take(&clock.answer(4, 10, &[bob]), clock.at(20));

    lease.take(&clock.answer(3, 0, &[alice]), clock.at(30));
    assert!(!lease.covers(&[alice], clock.at(31)));
    assert!(lease.covers(&[bob], clock.at(31)));

    lease.take(&clock.answer(3, 0, &[alice]), clock.at(220));
    assert!(!lease.covers(&[alice], clock.at(221)), "over as well");
}

#[test]
fn a_database_that_was_set_back_is_followed_once_the_lease_is_over() {
    let (mut lease, clock) = lease();
    let (alice, bob) = (CustomerId::new(), CustomerId::new());
    lease.take(&clock.answer(9, 0, &[bob]), clock.at(1));

    lease.take(&clock.answer(2, 250, &[alice]), clock.at(251));

    assert!(lease.covers(&[alice], clock.at(252)));
    assert!(!lease.covers(&[bob], clock.at(252)));
}

#[test]
fn a_lease_is_to_be_renewed_when_half_of_it_is_over() {
    let (mut lease, clock) = lease();
    lease.take(&clock.answer(0, 0, &[]), clock.at(1));

    assert!(!lease.is_half_over(clock.at(100)));
    assert!(lease.is_half_over(clock.at(101)));
}

#[test]
fn what_is_known_is_counted_over_all_leases() {
    let total = Arc::new(AtomicUsize::new(0));
    let clock = Clock(Instant::now());
    let (alice, bob) = (CustomerId::new(), CustomerId::new());
    let mut one = Lease::new(Arc::clone(&total));
    let mut other = Lease::new(Arc::clone(&total));

    one.take(&clock.answer(0, 0, &[alice, bob]), clock.at(1));
    one.take(&clock.answer(0, 0, &[alice]), clock.at(1));
    other.take(&clock.answer(0, 0, &[alice]), clock.at(1));
    assert_eq!(total.load(Ordering::Relaxed), 3);

    one.take(&clock.answer(1, 0, &[bob]), clock.at(1));
    assert_eq!(total.load(Ordering::Relaxed), 2);
    drop(one);
    assert_eq!(total.load(Ordering::Relaxed), 1);
}
