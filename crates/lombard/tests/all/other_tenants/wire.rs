//! Calls of any rpc, by the contracts' own description: messages are written as JSON.

use std::slice;

use prost::{
    Message,
    bytes::{Buf, BufMut},
    encoding::{self, WireType},
};
use prost_types::{
    DescriptorProto, FileDescriptorSet,
    field_descriptor_proto::{Label, Type},
};
use serde_json::Value;
use tonic::{
    Request, Status,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    codegen::http::uri::PathAndQuery,
};

use super::Somebody;
use crate::stack::platform;

/// An rpc.
pub(super) struct Rpc {
    /// As `customer.v1.CustomerService/GetCustomer`.
    pub(super) name: String,
    /// Its request's full name, as `.lombard.customer.v1.GetCustomerRequest`.
    input: String,
    set: FileDescriptorSet,
}

/// All rpcs of all contracts.
pub(super) fn rpcs() -> Vec<Rpc> {
    let set = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
    let mut found = Vec::new();
    for file in &set.file {
        let Some(package) = file.package().strip_prefix("lombard.") else { continue };
        for service in &file.service {
            for method in &service.method {
                let name = format!("{package}.{}/{}", service.name(), method.name());
                let input = method.input_type().to_owned();
                found.push(Rpc { name, input, set: set.clone() });
            }
        }
    }
    found
}

impl Rpc {
    /// Calls it as a tenant that may do everything.
    pub(super) async fn call(&self, who: &Somebody, message: &Value) -> Result<Vec<u8>, Status> {
        let (service, _) = self.name.split_once('.').unwrap();
        let url = format!("http://{}", platform().stack.grpc(service).unwrap());
        let mut request = Request::new(self.encode(&self.input, message));
        let metadata = request.metadata_mut();
        metadata.insert("x-lombard-tenant", who.tenant.to_string().parse().unwrap());
        metadata.insert("x-lombard-user", who.user.parse().unwrap());
        metadata.insert("x-lombard-scopes", access::SCOPES.join(" ").parse().unwrap());
        let mut client = Grpc::new(kit::client::channel(url).unwrap());
        client.ready().await.unwrap();
        let path = PathAndQuery::try_from(format!("/lombard.{}", self.name)).unwrap();
        Ok(client.unary(request, path, Bytes).await?.into_inner())
    }

    fn describe(&self, name: &str) -> &DescriptorProto {
        let (package, short) = name.trim_start_matches('.').rsplit_once('.').unwrap();
        let files = self.set.file.iter().filter(|file| file.package() == package);
        files.flat_map(|file| &file.message_type).find(|message| message.name() == short).unwrap()
    }

    fn encode(&self, name: &str, message: &Value) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (field, value) in message.as_object().unwrap() {
            let described = self.describe(name).field.iter().find(|known| known.name() == field);
            let described = described.unwrap_or_else(|| panic!("{name} has no {field}"));
            let repeated = described.label() == Label::Repeated;
            let values = if repeated {
                value.as_array().unwrap().as_slice()
            } else {
                slice::from_ref(value)
            };
            let tag = u32::try_from(described.number()).unwrap();
            for value in values {
                match described.r#type() {
                    Type::String => {
                        encoding::string::encode(
                            tag,
                            &value.as_str().unwrap().to_owned(),
                            &mut bytes,
                        );
                    }
                    Type::Bytes => {
                        let content = value.as_str().unwrap().as_bytes().to_vec();
                        encoding::bytes::encode(tag, &content, &mut bytes);
                    }
                    Type::Bool => {
                        encoding::bool::encode(tag, &value.as_bool().unwrap(), &mut bytes);
                    }
                    Type::Message => {
                        let inner = self.encode(described.type_name(), value);
                        encoding::encode_key(tag, WireType::LengthDelimited, &mut bytes);
                        encoding::encode_varint(inner.len() as u64, &mut bytes);
                        bytes.extend(inner);
                    }
                    Type::Enum | Type::Int32 | Type::Int64 => {
                        encoding::int64::encode(tag, &value.as_i64().unwrap(), &mut bytes);
                    }
                    Type::Double
                    | Type::Float
                    | Type::Uint32
                    | Type::Uint64
                    | Type::Fixed32
                    | Type::Fixed64
                    | Type::Sfixed32
                    | Type::Sfixed64
                    | Type::Sint32
                    | Type::Sint64
                    | Type::Group => panic!("{field} is of a type that no contract has"),
                }
            }
        }
        bytes
    }
}

/// Messages as they are on the wire.
#[derive(Clone, Copy)]
struct Bytes;

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, message: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put_slice(&message);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        let length = from.remaining();
        Ok(Some(from.copy_to_bytes(length).to_vec()))
    }
}
