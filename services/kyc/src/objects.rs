//! Where documents are kept: objects in a directory, in S3 or in GCS. What is in them is not known here;
//! it is encrypted.
//!
//! An object's name is made of ids alone: the tenant's and its own.

use std::{fmt, fs, os::unix::fs::DirBuilderExt, path::Path as Directory, sync::Arc};

use anyhow::Context;
use clap::Args;
use object_store::{
    ObjectMeta, ObjectStore, ObjectStoreExt, PutPayload, aws::AmazonS3Builder,
    gcp::GoogleCloudStorageBuilder, local::LocalFileSystem, memory::InMemory, path::Path,
    prefix::PrefixStore,
};
use time::OffsetDateTime;
use tokio_stream::{Stream, StreamExt};
use types::TenantId;
use uuid::Uuid;

use crate::error::Error;

/// Where documents are kept.
#[derive(Debug, Clone, Args)]
pub struct ObjectsConfig {
    /// A directory, `s3://bucket/prefix` or `gs://bucket/prefix`, which nothing else uses. How the clouds
    /// are reached is in the environment, as `AWS_REGION`, `AWS_ENDPOINT` or `GOOGLE_SERVICE_ACCOUNT`.
    #[arg(long, env = "DOCUMENTS", value_name = "PLACE", default_value = "./documents")]
    documents: String,
}

impl ObjectsConfig {
    /// The objects that are there.
    ///
    /// # Errors
    ///
    /// When the directory cannot be had, or the bucket's settings are no settings.
    pub fn objects(&self) -> anyhow::Result<Objects> {
        let place = &self.documents;
        match place.split_once("://") {
            Some(("s3", _)) => {
                let store = AmazonS3Builder::from_env().with_url(place).build()?;
                Ok(Objects::under(store, place)?)
            }
            Some(("gs", _)) => {
                let store = GoogleCloudStorageBuilder::from_env().with_url(place).build()?;
                Ok(Objects::under(store, place)?)
            }
            Some(_) => anyhow::bail!("documents are kept in a directory, s3:// or gs://"),
            None => Objects::directory(Directory::new(place)),
        }
    }
}

/// The objects of all tenants. Clones share them.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

/// A store may know credentials.
impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Objects(..)")
    }
}

/// What an object goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectName {
    pub(crate) tenant: TenantId,
    pub(crate) id: Uuid,
}

impl ObjectName {
    fn path(self) -> Path {
        Path::from_iter([self.tenant.to_string(), self.id.to_string()])
    }

    fn parse(path: &Path) -> Option<Self> {
        let (tenant, id) = path.as_ref().split_once('/')?;
        let name = Self { tenant: TenantId::parse(tenant).ok()?, id: Uuid::parse_str(id).ok()? };
        (name.path() == *path).then_some(name)
    }
}

impl Objects {
    /// Objects as files in a directory, for its owner alone; made if it is not there. What is written is
    /// durable.
    ///
    /// # Errors
    ///
    /// When the directory cannot be had.
    pub fn directory(directory: &Directory) -> anyhow::Result<Self> {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.with_context(|| format!("cannot keep documents in {}", directory.display()))?;
        let store = LocalFileSystem::new_with_prefix(directory)?.with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Objects that are gone with the process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { store: Arc::new(InMemory::new()) }
    }

    /// A cloud's builder takes the bucket out of a URL; the path in it is ours.
    fn under(store: impl ObjectStore, url: &str) -> anyhow::Result<Self> {
        let (_, place) = url.split_once("://").unwrap_or_default();
        let prefix = place.split_once('/').map_or("", |(_, prefix)| prefix);
        Ok(Self { store: Arc::new(PrefixStore::new(store, Path::parse(prefix)?)) })
    }

    /// Answers when the object is durable.
    pub(crate) async fn put(&self, name: ObjectName, content: Vec<u8>) -> Result<(), Error> {
        self.store.put(&name.path(), PutPayload::from(content)).await?;
        Ok(())
    }

    /// None: it is not there.
    pub(crate) async fn get(&self, name: ObjectName) -> Result<Option<Vec<u8>>, Error> {
        let found = async { self.store.get(&name.path()).await?.bytes().await };
        match found.await {
            Ok(content) => Ok(Some(content.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// One that is not there is deleted already.
    pub(crate) async fn delete(&self, name: ObjectName) -> Result<(), Error> {
        match self.store.delete(&name.path()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// All objects that were written before a time, by the store's clock. What is not named as ours are
    /// is passed over.
    pub(crate) fn older_than(
        &self,
        bound: OffsetDateTime,
    ) -> impl Stream<Item = Result<ObjectName, Error>> + Send + use<> {
        let bound = bound.unix_timestamp();
        self.store.list(None).filter_map(move |found| match found {
            Ok(ObjectMeta { location, last_modified, .. }) => {
                let old = last_modified.timestamp() < bound;
                ObjectName::parse(&location).filter(|_| old).map(Ok)
            }
            Err(error) => Some(Err(error.into())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        let name = ObjectName { tenant: TenantId::new(), id: Uuid::now_v7() };

        assert_eq!(ObjectName::parse(&name.path()), Some(name));
    }

    #[test]
    fn what_is_not_named_as_ours_is_not_ours() {
        let name = ObjectName { tenant: TenantId::new(), id: Uuid::now_v7() };
        let ours = name.path().to_string();

        for other in
            ["readme", "a/b", &format!("x/{ours}"), &format!("{ours}/x"), &ours.to_uppercase()]
        {
            assert_eq!(ObjectName::parse(&Path::from(other)), None, "{other}");
        }
    }

    #[test]
    fn places_are_told_apart() {
        let config = |place: &str| ObjectsConfig { documents: place.to_owned() }.objects();

        assert!(config("ftp://somewhere").is_err());
        assert!(config("s3://bucket/some/prefix").is_ok());
    }
}
