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
    // Each is counted with its copy.
    let most = 8 * MIB;
    let gate = load.gate("/login", true);

    gate.hold(10).unwrap();
    gate.hold(most - PIECE / 2).unwrap();
    let other = load.gate("/login", true);
    other.hold(PIECE / 2).unwrap();
    assert!(other.hold(PIECE / 2 + 1).is_err());
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
        gate.belongs_to(load.share(tenant)).unwrap();
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
    a.hold(40 * MIB).unwrap();
    assert_eq!(b.hold(9 * MIB).unwrap_err().code(), "OVERLOADED");
    gate(other, "/a").hold(48 * MIB).unwrap();

    let room = a.room(48 * MIB).unwrap();
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

    assert!(format!("{:?}", load.tenants).matches("Weak").count() <= 1000);
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn one_address_leaves_places_for_the_logins_of_others() {
    let load = load();
    let login = |from: &str| {
        let gate = load.gate("/login", true);
        gate.receive(Some(load.client(address(from))))
            .and_then(|()| gate.hold(PIECE))
            .map(|()| gate)
    };

    // However many there are, of a network of IPv6 too.
    let (v4, v6): (Vec<_>, Vec<_>) = (0..1000)
        .map(|i| (login("192.0.2.1").ok(), login(&format!("2001:db8::{i:x}")).ok()))
        .unzip();
    for held in [v4, v6] {
        assert_eq!(held.into_iter().flatten().count(), 128);
    }

    let held: Vec<_> = (0..1000).filter_map(|_| login("192.0.2.1").ok()).collect();
    assert_eq!(held.len(), 128);
    login("192.0.2.2").unwrap();
    let large = load.gate("/callbacks/kyc/gbg_go", true);
    large.receive(Some(load.client(address("192.0.2.3")))).unwrap();
    large.hold(MIB).unwrap();
    assert!(large.hold(MIB + 1).is_err());
}

#[test]
fn requests_whose_bodies_have_not_come_are_bounded_for_each_address_and_tenant_and_in_all() {
    let load = Load::new(&Limits {
        max_connections: 6,
        max_connections_per_address: 2,
        ..Limits::default()
    });
    let coming = |from: &str, tenant: TenantId| {
        let gate = load.gate("/a", false);
        gate.receive(Some(load.client(address(from))))
            .and_then(|()| gate.belongs_to(load.share(tenant)))
            .map(|()| gate)
    };
    let (one, other, third) = (TenantId::new(), TenantId::new(), TenantId::new());

    let first = coming("192.0.2.1", one).unwrap();
    let _second = coming("192.0.2.1", one).unwrap();
    assert!(coming("192.0.2.1", other).is_err(), "of one address");
    let _third = coming("192.0.2.2", one).unwrap();
    assert!(coming("192.0.2.2", one).is_err(), "of one tenant");
    let _others = [coming("192.0.2.2", other).unwrap(), coming("192.0.2.3", other).unwrap()];
    let _last = coming("192.0.2.4", third).unwrap();
    assert!(coming("192.0.2.5", third).is_err(), "in all");

    // Whose body has come makes room.
    first.enter().unwrap();
    coming("192.0.2.1", third).unwrap();
}
