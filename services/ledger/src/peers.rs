//! What this service asks of others: who a ledger's customer is, now, and who may send money. Nothing
//! of it is kept here.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use kit::{caller::Caller, client, errors};
use proto::customer::v1::{
    self as pb, BatchGetCustomerStandingsRequest, BatchGetCustomersRequest, GetCustomerRequest,
    customer_service_client::CustomerServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use types::CustomerId;

use crate::{error::Error, standings::Answer};

/// Room for 1,000 customers with the longest values.
const ANSWER_SIZE: usize = 32 * 1024 * 1024;

/// The customer service.
#[derive(Clone)]
pub(crate) struct Customers(CustomerServiceClient<Channel>);

/// What counts of a customer here.
pub(crate) struct Customer {
    pub(crate) name: String,
    /// Whether it may open ledgers and send money.
    pub(crate) active: bool,
}

/// The names of some customers.
pub(crate) struct Names(HashMap<String, String>);

impl Names {
    /// A customer's name; empty when the customer service does not know the customer any more.
    pub(crate) fn of(&self, customer: CustomerId) -> &str {
        self.0.get(&customer.to_string()).map_or("", String::as_str)
    }
}

impl Customers {
    pub(crate) fn new(channel: Channel) -> Self {
        Self(CustomerServiceClient::new(channel).max_decoding_message_size(ANSWER_SIZE))
    }

    /// One customer of the caller's tenant.
    pub(crate) async fn find(
        &self,
        caller: &Caller,
        id: CustomerId,
    ) -> Result<Option<Customer>, Error> {
        let (mut service, caller) = (self.0.clone(), caller.clone());
        let found = client::retry(async move || {
            let message = GetCustomerRequest { customer_id: id.to_string() };
            service.get_customer(caller.request(message)).await
        })
        .await;
        match found {
            Ok(found) => {
                let pb::Customer { name, active, .. } = found.into_inner();
                Ok(Some(Customer { name, active }))
            }
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(errors::Error::from(status).into()),
        }
    }

    /// The names of up to 1,000 customers, in one call; in none when there are none.
    pub(crate) async fn names(
        &self,
        caller: &Caller,
        ids: impl IntoIterator<Item = CustomerId>,
    ) -> Result<Names, Error> {
        let ids: BTreeSet<CustomerId> = ids.into_iter().collect();
        if ids.is_empty() {
            return Ok(Names(HashMap::new()));
        }
        let customer_ids = ids.iter().map(ToString::to_string).collect();
        let message = BatchGetCustomersRequest { customer_ids };
        let (mut service, caller) = (self.0.clone(), caller.clone());
        let found = client::retry(async move || {
            service.batch_get_customers(caller.request(message.clone())).await
        })
        .await
        .map_err(errors::Error::from)?;
        let customers = found.into_inner().customers.into_iter();
        Ok(Names(customers.map(|customer| (customer.customer_id, customer.name)).collect()))
    }

    /// Which of up to 1,000 customers may act, and for how long that may be relied upon.
    pub(crate) async fn standings(
        &self,
        caller: &Caller,
        ids: &HashSet<CustomerId>,
    ) -> Result<Answer, Status> {
        let customer_ids = ids.iter().map(ToString::to_string).collect();
        let message = BatchGetCustomerStandingsRequest { customer_ids };
        let (mut service, caller) = (self.0.clone(), caller.clone());
        client::retry(async move || {
            let sent = Instant::now();
            let request = caller.request(message.clone());
            let found = service.batch_get_customer_standings(request).await?.into_inner();
            let active: Result<HashSet<CustomerId>, _> =
                found.active_customer_ids.iter().map(|id| CustomerId::parse(id)).collect();
            let active = active.map_err(|_| Status::internal("a customer's id is none"))?;
            // Without a time, or with one that is none: for no time at all.
            let valid_for = found.valid_for.and_then(|time| Duration::try_from(time).ok());
            let valid_for = valid_for.unwrap_or_default();
            Ok(Answer { sent, version: found.version, valid_for, active })
        })
        .await
    }
}
