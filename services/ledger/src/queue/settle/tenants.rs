//! Batches of several tenants: together on one server, and each for itself on several.

use kit::postgres::{Database, citus::Layout};
use sqlx::PgPool;
use types::{Amount, Currency, Reference, TenantId, TransferId};

use super::Settler;
use crate::{
    domain::{
        account::AccountId,
        metadata::Metadata,
        transfer::{Movement, Order, Outside, Payer, RequestKey, Sides, TransferType},
    },
    store::{self, accounts::System},
};

struct Tenant {
    id: TenantId,
    pair: [AccountId; 2],
}

impl Tenant {
    /// With two accounts without a floor.
    async fn new(pool: &PgPool) -> Self {
        let (id, mut conn) = (TenantId::new(), pool.acquire().await.unwrap());
        let mut pair = Vec::new();
        for stripe in 0..2 {
            let (account, gbp) = (System::Settlement { stripe }, Currency::parse("GBP").unwrap());
            pair.push(store::accounts::system(&mut conn, id, gbp, account).await.unwrap());
        }
        Self { id, pair: pair.try_into().unwrap() }
    }

    fn order(&self, key: Option<&str>) -> Order {
        let [debit, credit] = self.pair;
        Order {
            tenant: self.id,
            payer: Payer::Outside,
            request: key.map(|id| RequestKey { id: id.into(), hash: vec![1; 32] }),
            movement: Movement {
                id: TransferId::new(),
                kind: TransferType::InternalTransfer,
                sides: Sides::new(debit, credit).unwrap(),
                outside: Outside::Neither,
                amount: Amount::new(1, Currency::parse("GBP").unwrap()).unwrap(),
                reference: Reference::parse("rent").unwrap(),
                reverses: None,
                payment: None,
                initiator: None,
                metadata: Metadata::default(),
            },
        }
    }
}

/// How many tenants each transaction that wrote transfers, entries or accounts was of.
async fn tenants_of_transactions(pool: &PgPool) -> Vec<i64> {
    let counts = "
        select count(distinct tenant_id) from (
            select xmin::text, tenant_id from transfers
            union all select xmin::text, tenant_id from entries
            union all select xmin::text, tenant_id from accounts where entry_count > 0
        ) written
        group by xmin order by 1";
    sqlx::query_scalar(counts).fetch_all(pool).await.unwrap()
}

async fn settle_mixed(layout: Layout, locked_way: bool) -> (Vec<i64>, i64) {
    let pool = testkit::database("ledger", &crate::MIGRATIONS).await;
    let (a, b) = (Tenant::new(&pool).await, Tenant::new(&pool).await);
    let mut settler = Settler::new(&Database::new(&pool, crate::ROLE).laid_out(layout));
    if locked_way {
        settler.stale_tries = super::STALE_TRIES;
    }
    // A request that comes twice, in between.
    let orders =
        vec![a.order(None), b.order(Some("k")), a.order(None), b.order(Some("k")), b.order(None)];
    let ids: Vec<_> = orders.iter().map(|order| order.movement.id).collect();

    let settled = settler.settle(orders).await;

    let answered: Vec<_> =
        settled.into_iter().map(|posted| posted.unwrap().transfer.movement.id).collect();
    assert_eq!(answered, [ids[0], ids[1], ids[2], ids[1], ids[4]], "in the order of the orders");
    let posted = sqlx::query_scalar("select count(*) from transfers").fetch_one(&pool);
    (tenants_of_transactions(&pool).await, posted.await.unwrap())
}

#[tokio::test]
async fn on_one_server_a_batch_is_one_transaction_whosever_it_is() {
    for locked_way in [false, true] {
        assert_eq!(settle_mixed(Layout::OneServer, locked_way).await, (vec![2], 4));
    }
}

#[tokio::test]
async fn on_several_servers_each_transaction_is_of_one_tenant() {
    for locked_way in [false, true] {
        assert_eq!(settle_mixed(Layout::ByTenant, locked_way).await, (vec![1, 1], 4));
    }
}
