//! Whether somebody has thought about who may call each rpc.

use std::collections::BTreeMap;

use kit::peers::Group;
use prost::Message;
use prost_types::FileDescriptorSet;

/// Each rpc of the package stands in exactly one group, and no group has an rpc that is not there.
///
/// # Panics
///
/// When it is otherwise.
#[expect(clippy::expect_used, reason = "contracts that cannot be read fail the test")]
pub fn assert_complete(descriptors: &[u8], package: &str, groups: &[Group]) {
    let files = FileDescriptorSet::decode(descriptors).expect("contracts").file;
    let mut counted = BTreeMap::new();
    for file in files.iter().filter(|file| file.package() == package) {
        for service in &file.service {
            for rpc in &service.method {
                counted.insert(format!("{package}.{}/{}", service.name(), rpc.name()), 0_usize);
            }
        }
    }
    assert!(!counted.is_empty(), "{package} has no rpc");
    // What every service serves is its own contract's business.
    let own = groups.iter().filter(|group| group.service.starts_with(package));
    for Group { service, rpcs, .. } in own {
        for rpc in *rpcs {
            let found = counted.get_mut(&format!("{service}/{rpc}"));
            let count = found.expect("every rpc of a group exists");
            *count = count.saturating_add(1);
        }
    }
    let wrong: Vec<_> = counted.iter().filter(|(_, count)| **count != 1).collect();
    assert!(wrong.is_empty(), "each rpc must be in one group of callers.rs: {wrong:?}");
}
