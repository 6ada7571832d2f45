//! What is compared with what, and what must come out: the table of `docs/performance.md`.

use super::{grpc::Receivers, site::Size};

/// One comparison: a figure of one measurement divided by the same figure of another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) ours: Subject,
    pub(super) against: Subject,
    pub(super) wanted: Wanted,
}

/// What the ratio must be, and of which figure.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted {
    /// The ratio of what is done in a second.
    RateAtLeast(f64),
    /// The ratio of the 99th percentiles of the latencies.
    P99AtMost(f64),
}

/// Something that can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// The usual transaction for each transfer.
    Pgbench { clients: u32 },
    /// Transfers over gRPC, one a request.
    Unary { size: Size, receivers: Receivers, in_flight: usize },
    /// Transfers over gRPC, a hundred a request, 8 requests in flight.
    Batches,
    /// Transfers through REST, 64 in flight.
    Rest,
    /// Reading one page through REST, one request after the other.
    Page(Page),
    /// `cala-ledger`, as fast as it can.
    Cala,
}

/// A page of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Page {
    pub(super) list: List,
    /// Whether the list is as long as the large platform has ledgers, or has 1,000 rows.
    pub(super) is_long: bool,
    pub(super) place: Place,
}

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum List {
    /// Of the ledger 0.
    Transactions,
    Customers,
}

/// Which page of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Place {
    First,
    Middle,
    /// The last full one.
    Deepest,
}

const PGBENCH: Subject = Subject::Pgbench { clients: 32 };

/// In the order in which a round measures them: the first on ledgers that nothing has happened to.
pub(super) const ROWS: [Row; 12] = [
    Row {
        name: "large",
        title: "unary, 256 in flight: 1 M accounts and 5 M entries ÷ 10,000 accounts",
        ours: Subject::Unary { size: Size::Large, receivers: Receivers::Spread, in_flight: 256 },
        against: unary(256),
        wanted: Wanted::RateAtLeast(0.75),
    },
    Row {
        name: "hot",
        title: "unary, 256 in flight: into one hot account ÷ spread evenly",
        ours: Subject::Unary {
            size: Size::Small,
            receivers: Receivers::OneHotAccount,
            in_flight: 256,
        },
        against: unary(256),
        wanted: Wanted::RateAtLeast(0.95),
    },
    Row {
        name: "unary-64",
        title: "unary, 64 in flight ÷ pgbench, 32 clients",
        ours: unary(64),
        against: PGBENCH,
        wanted: Wanted::RateAtLeast(3.5),
    },
    Row {
        name: "unary-256",
        title: "unary, 256 in flight ÷ pgbench, 32 clients",
        ours: unary(256),
        against: PGBENCH,
        wanted: Wanted::RateAtLeast(4.0),
    },
    Row {
        name: "unary-1",
        title: "unary, 1 in flight ÷ pgbench, 1 client",
        ours: unary(1),
        against: Subject::Pgbench { clients: 1 },
        wanted: Wanted::RateAtLeast(1.2),
    },
    Row {
        name: "batch",
        title: "batches of 100, 8 in flight ÷ pgbench, 32 clients",
        ours: Subject::Batches,
        against: PGBENCH,
        wanted: Wanted::RateAtLeast(7.0),
    },
    Row {
        name: "rest",
        title: "internal transfer, 64 in flight: REST ÷ gRPC",
        ours: Subject::Rest,
        against: unary(64),
        wanted: Wanted::RateAtLeast(0.6),
    },
    Row {
        name: "cala",
        title: "batches of 100, 8 in flight ÷ cala-ledger's fastest way",
        ours: Subject::Batches,
        against: Subject::Cala,
        wanted: Wanted::RateAtLeast(10.0),
    },
    pages(
        "transactions-first",
        "first page, 1 M transactions ÷ 1,000",
        List::Transactions,
        Place::First,
    ),
    pages(
        "transactions-deepest",
        "deepest page, 1 M transactions ÷ 1,000",
        List::Transactions,
        Place::Deepest,
    ),
    pages("customers-first", "first page, 1 M customers ÷ 1,000", List::Customers, Place::First),
    pages(
        "customers-middle",
        "page in the middle, 1 M customers ÷ 1,000",
        List::Customers,
        Place::Middle,
    ),
];

const fn unary(in_flight: usize) -> Subject {
    Subject::Unary { size: Size::Small, receivers: Receivers::Spread, in_flight }
}

const fn pages(name: &'static str, title: &'static str, list: List, place: Place) -> Row {
    Row {
        name,
        title,
        ours: Subject::Page(Page { list, is_long: true, place }),
        against: Subject::Page(Page { list, is_long: false, place }),
        wanted: Wanted::P99AtMost(2.0),
    }
}

impl Row {
    /// Whether it needs the platform with many ledgers, which takes minutes to fill.
    pub(super) fn needs_large(&self) -> bool {
        [self.ours, self.against].into_iter().any(|subject| match subject {
            Subject::Unary { size, .. } => size == Size::Large,
            Subject::Page(_) => true,
            Subject::Pgbench { .. } | Subject::Batches | Subject::Rest | Subject::Cala => false,
        })
    }

    /// Whether it is about `cala-ledger`, which takes minutes to build.
    pub(super) fn needs_cala(&self) -> bool {
        self.against == Subject::Cala
    }
}
