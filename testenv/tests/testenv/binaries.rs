//! Finding and building the executables, with a `go` that is a script.

use std::{fs, thread};

use anyhow::Result;
use testenv::{Component, Lookup, write_executable};

use super::support::fake_go;

#[test]
fn two_callers_build_once() -> Result<()> {
    let place = tempfile::tempdir()?;
    let go = fake_go(place.path(), "go1.26.0")?;
    let lookup = Lookup { assets: None, cache: place.path().join("cache"), go: go.into() };
    let found = thread::scope(|scope| {
        let callers = [scope.spawn(|| lookup.find()), scope.spawn(|| lookup.find())];
        callers.map(|caller| caller.join().unwrap())
    });
    let [first, second] = found.map(Result::unwrap);
    assert_eq!(first, second);
    assert_eq!(fs::read_to_string(first.path(Component::ApiServer))?, "built\n");
    let calls = fs::read_to_string(place.path().join("calls"))?;
    let packages: Vec<_> = calls.lines().filter_map(|line| line.split(' ').next_back()).collect();
    let once = [
        "go.etcd.io/etcd/server/v3",
        "k8s.io/kubernetes/cmd/kube-apiserver",
        "k8s.io/kubernetes/cmd/kube-controller-manager",
    ];
    assert_eq!(packages, once);
    assert!(calls.lines().all(|line| line.starts_with("0 -mod=readonly build ")), "{calls}");
    assert!(calls.contains("gitVersion=v1."), "{calls}");
    Ok(())
}

#[test]
fn a_failed_build_is_not_taken_for_a_result() -> Result<()> {
    let place = tempfile::tempdir()?;
    let go = fake_go(place.path(), "go1.26.0")?;
    let good = fs::read_to_string(&go)?;
    write_executable(&go, &good.replace("sleep 0.2", "echo 'no such module' >&2; exit 1"))?;
    let lookup = Lookup { assets: None, cache: place.path().join("cache"), go: go.clone().into() };
    let error = format!("{:#}", lookup.find().unwrap_err());
    assert!(error.contains("building etcd failed"), "{error}");
    assert!(error.contains("no such module"), "{error}");
    write_executable(&go, &good)?;
    lookup.find()?;
    Ok(())
}

#[test]
fn without_go_and_cache_the_error_names_three_ways_out() -> Result<()> {
    let place = tempfile::tempdir()?;
    let lookup = Lookup { assets: None, cache: place.path().into(), go: place.path().join("go").into() };
    let error = format!("{:#}", lookup.find().unwrap_err());
    for part in ["Install Go 1.26", "KUBEBUILDER_ASSETS", "kubeconfig context", "is Go installed?"] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
    Ok(())
}

#[test]
fn an_old_go_is_refused_by_name() -> Result<()> {
    let place = tempfile::tempdir()?;
    let go = fake_go(place.path(), "go1.22.5")?;
    let lookup = Lookup { assets: None, cache: place.path().join("cache"), go: go.into() };
    let error = format!("{:#}", lookup.find().unwrap_err());
    assert!(error.contains("Go 1.26 or newer is needed") && error.contains("go1.22.5"), "{error}");
    Ok(())
}

#[test]
fn incomplete_assets_are_refused_by_name() -> Result<()> {
    let place = tempfile::tempdir()?;
    for name in ["etcd", "kube-apiserver"] {
        fs::write(place.path().join(name), "")?;
    }
    let lookup =
        Lookup { assets: Some(place.path().into()), cache: place.path().join("cache"), go: "go".into() };
    let error = lookup.find().unwrap_err().to_string();
    assert!(error.contains("no kube-controller-manager"), "{error}");
    Ok(())
}
