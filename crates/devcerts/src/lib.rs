//! A certificate authority for development and tests. Production has its own: nothing here revokes,
//! and the authority's key lies in a file.

use std::{
    fmt,
    fs::{self, Permissions},
    io::Write,
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use time::OffsetDateTime;

/// Whoever has a certificate: the programs, and an operator at a command line.
pub const NAMES: [&str; 6] = ["access", "customer", "gateway", "kyc", "ledger", "operator"];

/// How long an authority lasts.
const AUTHORITY_LIFETIME: Duration = Duration::from_hours(365 * 24);
/// Clocks differ.
const BACKDATED: Duration = Duration::from_hours(1);

/// Issues certificates.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

/// A certificate and its key, both as PEM.
pub struct Issued {
    /// What everybody may know.
    pub certificate: String,
    /// What nobody else may.
    pub key: String,
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued(..)")
    }
}

impl Authority {
    /// One that nobody has seen before.
    ///
    /// # Errors
    ///
    /// When there is no randomness.
    pub fn new() -> anyhow::Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = parameters()?.self_signed(&key)?.pem();
        Ok(Self { issuer: Issuer::new(parameters()?, key), certificate })
    }

    /// Its own certificate, as PEM.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// A certificate for a server and client of these DNS names, good from `start` to `end`.
    ///
    /// # Errors
    ///
    /// When a name is none, or a time is out of range.
    pub fn issue(
        &self,
        names: &[&str],
        start: SystemTime,
        end: SystemTime,
    ) -> anyhow::Result<Issued> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut parameters = CertificateParams::new(names)?;
        parameters.not_before = OffsetDateTime::from(start);
        parameters.not_after = OffsetDateTime::from(end);
        parameters.use_authority_key_identifier_extension = true;
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate, key: key.serialize_pem() })
    }

    /// A certificate for `name`, good from now on.
    ///
    /// # Errors
    ///
    /// Those of [`Self::issue`].
    pub fn issue_now(&self, name: &str, lifetime: Duration) -> anyhow::Result<Issued> {
        let now = SystemTime::now();
        let start = now.checked_sub(BACKDATED).context("the clock is wrong")?;
        let end = now.checked_add(lifetime).context("too long a lifetime")?;
        self.issue(&[name], start, end)
    }

    /// That of a directory, made there if there is none.
    ///
    /// # Errors
    ///
    /// When the directory cannot be used.
    pub fn of(directory: &Path) -> anyhow::Result<Self> {
        let (certificate, key) = (directory.join("ca.crt"), directory.join("ca.key"));
        if !key.exists() {
            let made = Self::new()?;
            write(&certificate, &made.certificate, 0o644)?;
            write(&key, &made.issuer.key().serialize_pem(), 0o600)?;
            return Ok(made);
        }
        let key = KeyPair::from_pem(&read(&key)?).context("ca.key is no key")?;
        let issuer = Issuer::new(parameters()?, key);
        Ok(Self { issuer, certificate: read(&certificate)? })
    }
}

impl Issued {
    /// Writes `{name}.crt` and `{name}.key`. Whoever reads them meanwhile sees the old or the new of
    /// each.
    ///
    /// # Errors
    ///
    /// When they cannot be written.
    pub fn write(&self, directory: &Path, name: &str) -> anyhow::Result<()> {
        write(&directory.join(format!("{name}.crt")), &self.certificate, 0o644)?;
        write(&directory.join(format!("{name}.key")), &self.key, 0o600)
    }
}

/// Makes certificates for all [`NAMES`] in a directory, as `{name}.{domain}`; with an authority,
/// unless there is one.
///
/// # Errors
///
/// When they cannot be written.
pub fn write_all(directory: &Path, domain: &str, lifetime: Duration) -> anyhow::Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let authority = Authority::of(directory)?;
    for name in NAMES {
        authority.issue_now(&format!("{name}.{domain}"), lifetime)?.write(directory, name)?;
    }
    Ok(())
}

/// What is always the same, so that an authority can be had again from its key alone.
fn parameters() -> anyhow::Result<CertificateParams> {
    let mut parameters = CertificateParams::default();
    let now = OffsetDateTime::now_utc();
    parameters.distinguished_name.push(DnType::CommonName, "Lombard development authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters.not_before = now.checked_sub(BACKDATED.try_into()?).context("the clock is wrong")?;
    parameters.not_after =
        now.checked_add(AUTHORITY_LIFETIME.try_into()?).context("the clock is wrong")?;
    Ok(parameters)
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A temporary file is nobody else's from the start.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let directory = path.parent().context("no directory")?;
    let cannot = || format!("cannot write {}", path.display());
    let mut file = tempfile::NamedTempFile::new_in(directory).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    file.as_file().set_permissions(Permissions::from_mode(mode)).with_context(cannot)?;
    file.persist(path).with_context(cannot)?;
    Ok(())
}
