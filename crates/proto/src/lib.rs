//! The contracts under `proto/` as Rust: messages, clients and servers. Generated code, nothing else.

/// All contracts as a serialized `FileDescriptorSet`, for server reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/lombard.bin"));

/// `lombard.access`
pub mod access {
    /// `lombard.access.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.access.v1");
    }
}

/// `lombard.audit`
pub mod audit {
    /// `lombard.audit.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.audit.v1");
    }
}

/// `lombard.customer`
pub mod customer {
    /// `lombard.customer.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.customer.v1");
    }
}

/// `lombard.kyc`
pub mod kyc {
    /// `lombard.kyc.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.kyc.v1");
    }
}

/// `lombard.ledger`
pub mod ledger {
    /// `lombard.ledger.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.ledger.v1");
    }
}

/// `lombard.type`
pub mod r#type {
    /// `lombard.type.v1`
    pub mod v1 {
        tonic::include_proto!("lombard.r#type.v1");
    }
}
