//! What is said when a control plane does not start.

use std::{fs, os::unix::fs::PermissionsExt};

use anyhow::Result;
use testenv::{Component, ControlPlane, Lookup};

#[tokio::test]
async fn the_error_shows_the_log_of_what_failed() -> Result<()> {
    let place = tempfile::tempdir()?;
    for component in Component::ALL {
        let script = place.path().join(component.binary());
        fs::write(&script, "#!/bin/sh\necho 'disk on fire' >&2\nexit 3\n")?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    }
    let lookup =
        Lookup { assets: Some(place.path().into()), cache: place.path().join("cache"), go: "go".into() };
    let error = format!("{:#}", ControlPlane::start_with(&lookup.find()?).await.unwrap_err());
    for part in ["did not start", "ended with exit code 3", "disk on fire"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    Ok(())
}
