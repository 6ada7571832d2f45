//! Generates the messages, clients and servers of every contract under `proto/`, without `protoc`.

use std::path::PathBuf;

use protox::prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Asked as it runs: a target directory may be shared by checkouts at several paths.
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let descriptors = protox::compile(
        [
            "lombard/access/v1/access_service.proto",
            "lombard/access/v1/admin_service.proto",
            "lombard/access/v1/allowance_service.proto",
            "lombard/access/v1/api_key_service.proto",
            "lombard/audit/v1/audit_service.proto",
            "lombard/customer/v1/customer_service.proto",
            "lombard/customer/v1/retention_service.proto",
            "lombard/kyc/v1/document_service.proto",
            "lombard/kyc/v1/kyc_service.proto",
            "lombard/kyc/v1/screening_service.proto",
            "lombard/kyc/v1/provider_service.proto",
            "lombard/kyc/v1/review_service.proto",
            "lombard/kyc/v1/sandbox_service.proto",
            "lombard/ledger/v1/ledger_service.proto",
            "lombard/ledger/v1/payment_service.proto",
            "lombard/ledger/v1/sandbox_service.proto",
        ],
        [&root],
    )?;
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(out.join("lombard.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // Maps in order: a message is encoded the same each time, which the hash of a request rests on.
        .btree_map(".")
        // So large that a message is not to be copied for a second try.
        .bytes(".lombard.kyc.v1.Document.content")
        .compile_fds(descriptors)?;
    Ok(())
}
