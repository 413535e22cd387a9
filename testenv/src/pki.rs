//! Certificates and keys, new for each control plane.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PublicKeyData, SigningKey,
};
use yasna::{DERWriter, Tag, models::ObjectIdentifier};

const CA_NAME: &str = "countersign-testenv";

/// A certificate and its private key, both in PEM.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The authority that every part of one control plane trusts.
pub(crate) struct Authority {
    ca: CertifiedIssuer<'static, KeyPair>,
    serial: AtomicU64,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(CA_NAME);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate()?).context("could not make a CA")?;
        Ok(Self { ca, serial: AtomicU64::new(1) })
    }

    pub(crate) fn pem(&self) -> String {
        self.ca.pem()
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.ca.der().to_vec()
    }

    pub(crate) fn server(&self, name: &str) -> Result<Identity> {
        let names = ["localhost", "127.0.0.1", "10.0.0.1", "kubernetes.default.svc"].map(str::to_owned);
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name = common_name(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.ca).context("could not sign a server certificate")?;
        Ok(Identity { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A certificate that makes its holder the user `name` in `groups`.
    ///
    /// Kubernetes reads each organization of the subject as a group, but rcgen keeps only one
    /// attribute of a kind in a subject. So the certificate is assembled here.
    pub(crate) fn client(&self, name: &str, groups: &[&str]) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let public_key = key.subject_public_key_info();
        let body = yasna::construct_der(|w| to_be_signed(w, serial, name, groups, &public_key));
        let signature = self.ca.key().sign(&body).context("could not sign a client certificate")?;
        let der = yasna::construct_der(|w| {
            w.write_sequence(|w| {
                w.next().write_der(&body);
                ecdsa_with_sha256(w.next());
                w.next().write_bitvec_bytes(&signature, signature.len() * 8);
            });
        });
        Ok(Identity { certificate: pem("CERTIFICATE", &der), key: key.serialize_pem() })
    }
}

/// The pair of keys that service account tokens are signed and checked with.
pub(crate) fn service_account_keys() -> Result<(String, String)> {
    let key = KeyPair::generate()?;
    Ok((key.serialize_pem(), key.public_key_pem()))
}

fn common_name(name: &str) -> rcgen::DistinguishedName {
    let mut distinguished = rcgen::DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// The `TBSCertificate` of RFC 5280, with the extensions that a client certificate needs.
fn to_be_signed(writer: DERWriter<'_>, serial: u64, name: &str, groups: &[&str], public_key: &[u8]) {
    const VERSION_3: u8 = 2;
    writer.write_sequence(|w| {
        w.next().write_tagged(Tag::context(0), |w| w.write_u8(VERSION_3));
        w.next().write_u64(serial);
        ecdsa_with_sha256(w.next());
        distinguished_name(w.next(), CA_NAME, &[]);
        // Always valid, because a test of deadlines may run with any clock.
        w.next().write_sequence(|w| {
            time(w.next(), 23, b"750101000000Z");
            time(w.next(), 24, b"40960101000000Z");
        });
        distinguished_name(w.next(), name, groups);
        w.next().write_der(public_key);
        w.next().write_tagged(Tag::context(3), |w| {
            w.write_sequence(|w| {
                extension(w.next(), &[2, 5, 29, 37], |w| {
                    const CLIENT_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];
                    w.write_sequence(|w| w.next().write_oid(&ObjectIdentifier::from_slice(CLIENT_AUTH)));
                });
            });
        });
    });
}

fn extension(writer: DERWriter<'_>, oid: &[u64], value: impl FnOnce(DERWriter<'_>)) {
    writer.write_sequence(|w| {
        w.next().write_oid(&ObjectIdentifier::from_slice(oid));
        w.next().write_bytes(&yasna::construct_der(value));
    });
}

fn distinguished_name(writer: DERWriter<'_>, name: &str, groups: &[&str]) {
    const COMMON_NAME: &[u64] = &[2, 5, 4, 3];
    const ORGANIZATION: &[u64] = &[2, 5, 4, 10];
    let attributes = groups.iter().map(|group| (ORGANIZATION, *group)).chain([(COMMON_NAME, name)]);
    writer.write_sequence(|w| {
        for (oid, value) in attributes {
            w.next().write_set(|w| {
                w.next().write_sequence(|w| {
                    w.next().write_oid(&ObjectIdentifier::from_slice(oid));
                    w.next().write_utf8_string(value);
                });
            });
        }
    });
}

fn ecdsa_with_sha256(writer: DERWriter<'_>) {
    writer
        .write_sequence(|w| w.next().write_oid(&ObjectIdentifier::from_slice(&[1, 2, 840, 10045, 4, 3, 2])));
}

fn time(writer: DERWriter<'_>, universal_tag: u64, text: &[u8]) {
    let tag = Tag { tag_class: yasna::TagClass::Universal, tag_number: universal_tag };
    writer.write_tagged_implicit(tag, |w| w.write_bytes(text));
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while let Some((line, more)) = rest.split_at_checked(64) {
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    if !rest.is_empty() {
        pem.push_str(rest);
        pem.push('\n');
    }
    pem + &format!("-----END {label}-----\n")
}
