//! What is said when a control plane does not start.

use anyhow::Result;
use testenv::{Component, ControlPlane, Lookup, write_executable};

#[tokio::test]
async fn the_error_shows_the_log_of_what_failed() -> Result<()> {
    let place = tempfile::tempdir()?;
    for component in Component::ALL {
        let script = place.path().join(component.binary());
        write_executable(&script, "#!/bin/sh\necho 'disk on fire' >&2\nexit 3\n")?;
    }
    let lookup =
        Lookup { assets: Some(place.path().into()), cache: place.path().join("cache"), go: "go".into() };
    let error = format!("{:#}", ControlPlane::start_with(&lookup.find()?).await.unwrap_err());
    for part in ["did not start", "ended with exit code 3", "disk on fire"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    Ok(())
}
