//! Every rpc with messages that no client of ours sends: valid ones with bits turned, cut off, too long, of
//! other types, with numbers and texts out of all bounds. The same every time. Whatever comes, it is refused
//! or done; no service is at fault, none ends, and the books stay sound.

use std::collections::BTreeMap;

use ledger::verify::{Options, verify};
use prost::bytes::{Buf, BufMut, Bytes};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
    transport::Channel,
};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use self::{
    messages::{Contracts, Known},
    mutate::Dice,
};
use super::{SERVICES, Tenant, channel};
use crate::stack::platform;

mod messages;
mod mutate;

/// Messages of each rpc.
const TRIES: usize = 60;
/// What a service may answer to whatever it is asked.
const FINE: [Code; 9] = [
    Code::Ok,
    Code::InvalidArgument,
    Code::NotFound,
    Code::AlreadyExists,
    Code::FailedPrecondition,
    Code::Aborted,
    Code::PermissionDenied,
    Code::Unauthenticated,
    Code::ResourceExhausted,
];

/// Messages as they are on the wire.
#[derive(Debug, Clone, Copy, Default)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

async fn ask(channel: &Channel, path: &str, tenant: &Tenant, message: Vec<u8>) -> Code {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.unwrap();
    let request: Request<Bytes> = tenant.ask(message.into());
    let path = path.parse::<PathAndQuery>().unwrap();
    let asked = client.unary::<Bytes, Bytes, Raw>(request, path, Raw).await;
    asked.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test]
async fn whatever_is_sent_to_an_rpc_no_service_is_at_fault() {
    let tenant = Tenant::new();
    let ledger = tenant.ledger("gbp").await;
    tenant.fund(&ledger, "100").await;
    let known = Known { customer: ledger.customer_id.clone(), ledger: ledger.ledger_id.clone() };
    let contracts = Contracts::read();
    let mut dice = Dice::new(20_261_121);
    let mut answers = BTreeMap::<String, usize>::new();
    let mut wrong = Vec::new();

    for (service, names) in SERVICES {
        let channel = channel(service);
        for (path, input) in names.iter().flat_map(|name| contracts.methods(name)) {
            let valid = contracts.message(&input, &known);
            for _ in 0..TRIES {
                let message = dice.mutate(&valid);
                let code = ask(&channel, &path, &tenant, message.clone()).await;
                *answers.entry(format!("{code:?}")).or_default() += 1;
                if !FINE.contains(&code) {
                    wrong.push(format!("{path} {code:?} {message:02x?}"));
                }
            }
        }
    }

    assert!(wrong.is_empty(), "{} of {answers:?}\n{}", wrong.len(), wrong.join("\n"));
    assert!(answers["Ok"] > 0 && answers["InvalidArgument"] > 100, "{answers:?}");
    for (service, names) in SERVICES {
        let request = HealthCheckRequest { service: names[0].to_owned() };
        HealthClient::new(channel(service)).check(request).await.unwrap();
    }
    let databases = &platform().databases;
    let ledgers = databases.server.clone().database(&format!("{}ledger", databases.prefix));
    let sound = verify(&kit::postgres::pool(ledgers, 1), Options::default()).await.unwrap();
    assert!(sound.is_sound(), "{sound:?}");
}
