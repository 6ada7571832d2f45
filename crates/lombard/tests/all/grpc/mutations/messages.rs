//! Valid messages of any type, made from the contracts' own descriptions.

#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

use std::collections::HashMap;

use prost::Message;
use prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorSet, MethodDescriptorProto,
    field_descriptor_proto::{Label, Type},
};

/// How many messages may be inside each other: some types hold themselves.
const DEEPEST: usize = 4;

/// What is there to be asked about.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) customer: String,
    pub(super) ledger: String,
}

/// All types and all rpcs.
#[derive(Debug)]
pub(super) struct Contracts {
    types: HashMap<String, DescriptorProto>,
    methods: HashMap<String, Vec<MethodDescriptorProto>>,
}

impl Contracts {
    pub(super) fn read() -> Self {
        let files = FileDescriptorSet::decode(proto::DESCRIPTORS).unwrap();
        let (mut types, mut methods) = (HashMap::new(), HashMap::new());
        for file in files.file {
            let package = file.package().to_owned();
            for message in file.message_type {
                add(&mut types, &format!(".{package}"), message);
            }
            for service in file.service {
                methods.insert(format!("{package}.{}", service.name()), service.method);
            }
        }
        Self { types, methods }
    }

    /// The rpcs of a service: their paths, and what they take.
    pub(super) fn methods(&self, service: &str) -> Vec<(String, String)> {
        let methods = &self.methods[service];
        let path = |method: &MethodDescriptorProto| format!("/{service}/{}", method.name());
        methods.iter().map(|method| (path(method), method.input_type().to_owned())).collect()
    }

    /// A message of this type in which every field is set, of those that exclude each other the first.
    pub(super) fn message(&self, name: &str, known: &Known) -> Vec<u8> {
        self.encode(name, known, 0)
    }

    fn encode(&self, name: &str, known: &Known, depth: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut chosen = Vec::new();
        for field in &self.types[name].field {
            if let Some(one_of) = field.oneof_index.filter(|_| !field.proto3_optional()) {
                if chosen.contains(&one_of) {
                    continue;
                }
                chosen.push(one_of);
            }
            self.field(&mut bytes, field, known, depth);
        }
        bytes
    }

    fn field(&self, to: &mut Vec<u8>, field: &FieldDescriptorProto, known: &Known, depth: usize) {
        let number = u64::try_from(field.number()).unwrap() << 3;
        let value = match field.r#type() {
            Type::Message | Type::Group if depth == DEEPEST => return,
            Type::Message | Type::Group => self.encode(field.type_name(), known, depth + 1),
            Type::String => text(field.name(), known).into_bytes(),
            Type::Bytes => b"%PDF-1.4\n".to_vec(),
            Type::Double | Type::Fixed64 | Type::Sfixed64 => {
                varint(to, number | 1);
                return to.extend(1_u64.to_le_bytes());
            }
            Type::Float | Type::Fixed32 | Type::Sfixed32 => {
                varint(to, number | 5);
                return to.extend(1_u32.to_le_bytes());
            }
            Type::Bool if field.name() == "validate_only" => return,
            Type::Int64
            | Type::Uint64
            | Type::Int32
            | Type::Bool
            | Type::Uint32
            | Type::Enum
            | Type::Sint32
            | Type::Sint64 => {
                if field.label() == Label::Repeated {
                    varint(to, number | 2);
                    varint(to, 1);
                    return varint(to, 1);
                }
                varint(to, number);
                return varint(to, 1);
            }
        };
        varint(to, number | 2);
        varint(to, u64::try_from(value.len()).unwrap());
        to.extend(value);
    }
}

fn add(types: &mut HashMap<String, DescriptorProto>, place: &str, message: DescriptorProto) {
    let name = format!("{place}.{}", message.name());
    for nested in message.nested_type.clone() {
        add(types, &name, nested);
    }
    types.insert(name, message);
}

fn text(name: &str, known: &Known) -> String {
    match name {
        "customer_id" => known.customer.clone(),
        "from_ledger_id" | "ledger_id" => known.ledger.clone(),
        name if name.ends_with("_id") || name.ends_with("_ids") => known.customer.clone(),
        "date_of_birth" => "1988-10-03".to_owned(),
        "iso_country" | "country" => "GB".to_owned(),
        "currency" => "GBP".to_owned(),
        "decimal" => "1.00".to_owned(),
        "email" => "joe@example.com".to_owned(),
        "phone" => "+442039826580".to_owned(),
        "sort_code" => "400052".to_owned(),
        "account_number" => "12345678".to_owned(),
        "iban" => "DE89370400440532013000".to_owned(),
        "paths" => "first_name".to_owned(),
        "page_token" => String::new(),
        _ => "Joe".to_owned(),
    }
}

fn varint(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    to.push(u8::try_from(value).unwrap());
}
