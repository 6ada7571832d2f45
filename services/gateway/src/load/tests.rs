use super::*;

fn load() -> Load {
    Load::new(&Limits {
        max_requests: 3,
        max_requests_per_route: 2,
        max_requests_per_tenant: 2,
        ..Limits::default()
    })
}

const MIB: usize = 1024 * 1024;

#[test]
fn a_full_path_keeps_no_other_out_and_all_are_bounded() {
    let load = load();
    let enter = |route: &str| {
        let gate = load.gate(route, false);
        gate.enter().map(|()| gate)
    };

    let first = enter("/a").unwrap();
    let second = enter("/a").unwrap();
    assert!(enter("/a").is_err());
    let other = enter("/b").unwrap();
    assert!(enter("/b").is_err(), "there is a place for the path, and none in all");

    drop(first.clone());
    assert!(enter("/a").is_err());
    drop(first);
    drop(enter("/b").unwrap());
    drop((second, other));
    assert!(enter("/a").is_ok());
}

#[test]
fn bodies_take_memory_piece_by_piece_and_give_it_back() {
    let load = load();
    let most = 16 * MIB;
    let gate = load.gate("/login", true);

    gate.hold(10).unwrap();
    gate.hold(most - PIECE).unwrap();
    let other = load.gate("/login", true);
    other.hold(PIECE).unwrap();
    assert!(other.hold(PIECE + 1).is_err());
    assert!(load.gate("/", false).hold(most).is_ok(), "known callers have memory of their own");

    drop(gate);
    other.hold(most).unwrap();
}

#[test]
fn one_tenant_leaves_something_to_others() {
    let load = load();
    let (one, other) = (TenantId::new(), TenantId::new());
    let gate = |tenant: TenantId, route: &str| {
        let gate = load.gate(route, false);
        gate.belongs_to(load.share(tenant));
        gate
    };

    let places = [gate(one, "/a"), gate(one, "/b")];
    for gate in &places {
        gate.enter().unwrap();
    }
    let refused = gate(one, "/c").enter().unwrap_err();
    assert_eq!(refused.code(), "TOO_MANY_AT_ONCE");
    gate(other, "/c").enter().unwrap();

    let [a, b] = places;
    a.hold(100 * MIB).unwrap();
    assert_eq!(b.hold(29 * MIB).unwrap_err().code(), "OVERLOADED");
    gate(other, "/a").hold(128 * MIB).unwrap();

    let room = a.room(128 * MIB).unwrap();
    assert!(b.room(PIECE + 1).is_err());
    assert!(b.room(PIECE).unwrap().is_none(), "a short answer needs none");
    assert!(gate(other, "/a").room(MIB).unwrap().is_some());
    drop((a, room));
    assert!(b.room(MIB).unwrap().is_some());
}

#[test]
fn a_tenant_that_asks_for_nothing_any_more_is_forgotten() {
    let load = load();

    for _ in 0..5000 {
        load.share(TenantId::new());
    }

    assert!(format!("{:?}", load.shares).matches("Weak").count() <= 1000);
}
