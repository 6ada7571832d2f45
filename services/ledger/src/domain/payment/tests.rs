use super::*;

fn id() -> TransferId {
    TransferId::new()
}

fn every_state() -> [State; 7] {
    let (transfer, code) = (id(), ResponseCode::InsufficientFunds);
    [
        State::Accepted,
        State::Submitted(Route::Rail),
        State::Settled { transfer, returned: None },
        State::Settled { transfer, returned: Some(id()) },
        State::Rejected(Rejection::ByRail("AC01".to_owned())),
        State::Rejected(Rejection::Declined { code, transfer }),
        State::Cancelled,
    ]
}

/// What a transition answers in each state, having checked that it changes the state exactly where it
/// says so.
fn answers(
    transition: impl Fn(&mut State) -> Result<Change, WrongState>,
) -> [Result<Change, WrongState>; 7] {
    every_state().map(|before| {
        let mut state = before.clone();
        let answer = transition(&mut state);
        assert_eq!(state != before, answer == Ok(Change::Made), "{before:?} {state:?}");
        if answer == Ok(Change::Made) {
            assert_eq!(transition(&mut state), Ok(Change::AlreadyMade), "{state:?}");
        }
        answer
    })
}

const MADE: Result<Change, WrongState> = Ok(Change::Made);
const AGAIN: Result<Change, WrongState> = Ok(Change::AlreadyMade);
const WRONG: Result<Change, WrongState> = Err(WrongState);

#[test]
fn only_what_nobody_else_knows_of_can_be_submitted_or_taken_back() {
    let submitted = answers(|state| state.submit(Route::OnUs));
    let cancelled = answers(State::cancel);

    assert_eq!(submitted, [MADE, AGAIN, WRONG, WRONG, WRONG, WRONG, WRONG]);
    assert_eq!(cancelled, [MADE, WRONG, WRONG, WRONG, WRONG, WRONG, AGAIN]);
}

#[test]
fn only_what_was_submitted_settles_or_is_rejected() {
    let settled = answers(|state| state.settle(id()));
    let rejected = answers(|state| state.reject("AC01"));

    assert_eq!(settled, [WRONG, MADE, AGAIN, AGAIN, WRONG, WRONG, WRONG]);
    assert_eq!(rejected, [WRONG, MADE, WRONG, WRONG, AGAIN, AGAIN, WRONG]);
}

#[test]
fn only_what_has_settled_comes_back_and_once() {
    let returned = answers(|state| state.give_back(id()));

    assert_eq!(returned, [WRONG, WRONG, MADE, AGAIN, WRONG, WRONG, WRONG]);
}

#[test]
fn a_status_has_a_word_of_its_own() {
    for status in Status::ALL {
        assert_eq!(Status::from_word(status.word()), Some(status));
    }
    assert_eq!(Status::from_word("returned"), None);
}
