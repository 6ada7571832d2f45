//! What `lombard dev` is told about establishing identities. Without it, everybody is decided by the sandbox,
//! and nobody is on a list.

use std::{fs, path::PathBuf};

use anyhow::Context;
use clap::Args;
use kyc::{
    Settings,
    providers::Hosts,
    screening::{Loaded, Shrinking, files::Ofac, load_ofac, load_uk},
};
use sqlx::PgPool;

/// Who is asked, who reads documents, and who is looked for.
#[derive(Debug, Clone, Default, Args)]
pub struct Identity {
    /// Where providers are that tenants may have accounts with.
    #[command(flatten)]
    pub hosts: Hosts,
    /// `tesseract`, to read the machine-readable zones of images. Without it they are not read.
    #[arg(long, value_name = "PROGRAM", env = "OCR_PROGRAM")]
    pub ocr_program: Option<PathBuf>,
    /// The UK Sanctions List's CSV file, to screen customers by.
    #[arg(long, value_name = "FILE")]
    pub uk_list: Option<PathBuf>,
    /// A directory with OFAC's sdn.csv, alt.csv and add.csv, to screen customers by.
    #[arg(long, value_name = "DIR")]
    pub ofac_list: Option<PathBuf>,
}

impl Identity {
    /// The service's settings with these.
    pub(crate) fn settings(&self, settings: Settings) -> Settings {
        let (hosts, ocr_program) = (self.hosts.clone(), self.ocr_program.clone());
        Settings { hosts, ocr_program, ..settings }
    }

    /// Puts the lists in the place of those that are stored, however long these were.
    pub(crate) async fn load_lists(&self, pool: &PgPool) -> anyhow::Result<()> {
        if let Some(file) = &self.uk_list {
            let list = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let loaded = load_uk(pool, &list, Shrinking::Allowed).await;
            tell("uk", &loaded.context("the UK's list is not loaded")?);
        }
        if let Some(directory) = &self.ofac_list {
            let files = Ofac::in_directory(directory).context("cannot read OFAC's list")?;
            let loaded = load_ofac(pool, &files, Shrinking::Allowed).await;
            tell("ofac", &loaded.context("OFAC's list is not loaded")?);
        }
        Ok(())
    }
}

fn tell(list: &str, loaded: &Loaded) {
    for unread in &loaded.unread {
        eprintln!("lombard: {unread}");
    }
    eprintln!("lombard: the {list} list is loaded, with {} entries", loaded.entries);
}
