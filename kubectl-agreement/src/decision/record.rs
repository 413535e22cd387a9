//! What an attestation rests on: the record of what a representative did on paper or in an e-signature tool.

use std::path::PathBuf;

use clap::Args;
use countersign_api::agreement_decision::Evidence;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use sha2::{Digest, Sha256};

use super::draft::Act;
use crate::failure::{Failure, Outcome};

/// The evidence for the act that is recorded.
#[derive(Debug, Args)]
pub struct Record {
    /// Username of the representative whose act it is.
    #[arg(long = "for", value_name = "USERNAME")]
    representative: String,
    /// How it was done.
    #[arg(long, default_value = "Paper", value_name = "WORD")]
    channel: String,
    /// Where the record is stored.
    #[arg(long)]
    uri: String,
    /// The record itself, such as a scan: its SHA-256 goes into the decision; the file itself is not uploaded.
    #[arg(long, value_name = "FILE", required_unless_present = "record_digest")]
    record: Option<PathBuf>,
    /// SHA-256 of the record, if you do not have the file.
    #[arg(long, value_name = "sha256:...", conflicts_with = "record")]
    record_digest: Option<String>,
    /// When it was signed, according to the record.
    #[arg(long, value_name = "TIME", value_parser = time)]
    signed_at: Timestamp,
}

fn time(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("{text:?} is not a time; write it like 2026-11-24T10:00:00Z"))
}

impl Record {
    fn evidence(&self) -> Outcome<Evidence> {
        let digest = match (&self.record_digest, &self.record) {
            (Some(digest), _) => digest.clone(),
            (None, Some(file)) => {
                let bytes = std::fs::read(file)
                    .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
                if bytes.is_empty() {
                    return Err(Failure::Error(format!("{} is empty", file.display())));
                }
                let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                format!("sha256:{hex}")
            }
            (None, None) => {
                return Err(Failure::Usage("give --record or --record-digest".to_owned()));
            }
        };
        Ok(Evidence {
            channel: self.channel.clone(),
            uri: self.uri.clone(),
            digest,
            signed_time: Time(self.signed_at),
        })
    }

    /// Makes an act the representative's own, with this as its evidence.
    pub fn put(&self, act: &mut Act) -> Outcome {
        act.evidence = Some(self.evidence()?);
        act.representative = Some(self.representative.clone());
        Ok(())
    }
}
