//! What the chart renders, and what it refuses.

use std::collections::BTreeSet;

use anyhow::Result;
use countersign::admission::{OPERATOR, Set};
use serde_json::{Value, json};
use testenv::tools::Tool;

use crate::manifests::{of_kind, rendered};
use crate::tools::{chart, monitored, run};
use testkit::schema::word;

const HOME: &str = "countersign-system";

#[test]
fn helm_finds_nothing_to_say_against_it() -> Result<()> {
    let chart = monitored()?;
    let path = chart.path().to_str().unwrap();
    for options in [&[][..], &["--values", "deploy/chart/ci/everything-values.yaml"]] {
        run(Tool::Helm, &[&["lint", "--strict", path], options].concat())?;
    }
    Ok(())
}

/// Names and specs, without anything that stands only in the metadata.
fn policies(objects: &[Value]) -> BTreeSet<(String, String)> {
    let kinds = ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
    let ours = kinds.iter().flat_map(|kind| of_kind(objects, kind));
    ours.map(|object| {
        (format!("{} {}", object["kind"], object["metadata"]["name"]), object["spec"].to_string())
    })
    .collect()
}

/// The same of what `countersign admission` prints.
fn printed(operator: &str) -> Result<BTreeSet<(String, String)>> {
    let texts = countersign::admission::files(operator);
    let objects: Vec<Value> = texts
        .iter()
        .map(|(_, text)| serde_saphyr::from_multiple::<Value>(text))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    Ok(policies(&objects))
}

/// Wherever it is installed the policies are those that the operator looks for.
#[test]
fn wherever_it_is_installed_the_policies_are_those_it_looks_for() -> Result<()> {
    for (namespace, options, operator) in [
        (HOME, &[][..], OPERATOR),
        ("contracts", &[], "system:serviceaccount:contracts:countersign"),
        (HOME, &["--set", "serviceAccount.name=op"], "system:serviceaccount:countersign-system:op"),
    ] {
        let objects = rendered(&chart(), namespace, options)?;
        let set = Set::of(operator);
        let rendered = policies(&objects);
        assert_eq!(rendered.len(), set.policies.len() + set.bindings.len());
        assert_eq!(rendered, printed(operator)?, "{operator}");
        let account = of_kind(&objects, "ServiceAccount")[0];
        let username = format!(
            "system:serviceaccount:{}:{}",
            word(account, "/metadata/namespace"),
            word(account, "/metadata/name")
        );
        assert_eq!(username, operator);
        for binding in
            of_kind(&objects, "ClusterRoleBinding").into_iter().chain(of_kind(&objects, "RoleBinding"))
        {
            let [subject] = binding["subjects"].as_array().unwrap().as_slice() else { panic!("{binding}") };
            assert_eq!(subject["name"], account["metadata"]["name"], "{binding}");
            assert_eq!(subject["namespace"], account["metadata"]["namespace"], "{binding}");
        }
        assert_eq!(
            of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"]["serviceAccountName"],
            account["metadata"]["name"]
        );
    }
    Ok(())
}

#[test]
fn what_guards_evidence_and_what_describes_it_stays_when_the_release_goes() -> Result<()> {
    let objects = rendered(&chart(), HOME, &[])?;
    let stay = ["CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"];
    let mut kept = 0;
    for object in &objects {
        let policy = &object["metadata"]["annotations"]["helm.sh/resource-policy"];
        let expected = if stay.contains(&word(object, "/kind")) { json!("keep") } else { Value::Null };
        assert_eq!(*policy, expected, "{} {}", object["kind"], object["metadata"]["name"]);
        kept += usize::from(!policy.is_null());
    }
    let set = Set::of(OPERATOR);
    assert_eq!(kept, 5 + set.policies.len() + set.bindings.len());
    Ok(())
}

#[test]
fn nothing_in_the_pod_is_more_than_the_restricted_standard_lets_in() -> Result<()> {
    let chart = monitored()?;
    for options in [&[][..], &["--values", "deploy/chart/ci/everything-values.yaml"]] {
        let objects = rendered(chart.path(), HOME, options)?;
        let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        assert!(pod["securityContext"]["runAsUser"].as_u64().is_some_and(|user| user > 0));
        assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
        for host in ["hostNetwork", "hostPID", "hostIPC", "volumes"] {
            assert!(pod[host].is_null(), "{host}");
        }
        let [container] = pod["containers"].as_array().unwrap().as_slice() else { panic!("{pod}") };
        let security = &container["securityContext"];
        assert_eq!(security["allowPrivilegeEscalation"], false);
        assert_eq!(security["readOnlyRootFilesystem"], true);
        assert_eq!(security["capabilities"], json!({"drop": ["ALL"]}));
        for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
            assert_eq!(container[probe]["httpGet"]["path"], path);
        }
    }
    Ok(())
}

#[test]
fn everything_that_can_be_turned_on_comes_and_nothing_of_it_by_itself() -> Result<()> {
    let chart = monitored()?;
    let optional = ["ServiceMonitor", "PrometheusRule", "ConfigMap", "PodDisruptionBudget"];
    let plain = rendered(chart.path(), HOME, &[])?;
    let everything = rendered(chart.path(), HOME, &["--values", "deploy/chart/ci/everything-values.yaml"])?;
    for kind in optional {
        assert_eq!(of_kind(&plain, kind).len(), 0, "{kind}");
        assert_eq!(of_kind(&everything, kind).len(), 1, "{kind}");
    }
    let rules = &of_kind(&everything, "PrometheusRule")[0]["spec"]["groups"];
    assert!(rules.as_array().is_some_and(|groups| !groups.is_empty()), "{rules}");
    let dashboards = &of_kind(&everything, "ConfigMap")[0]["data"];
    let dashboard: Value =
        serde_json::from_str(dashboards["countersign-of-the-test.json"].as_str().unwrap())?;
    assert_eq!(dashboard["title"], "{{ not a template }}", "taken as it is");
    let off = [
        "crds.install=false",
        "admission.install=false",
        "roles.install=false",
        "networkPolicy.enabled=false",
    ];
    let options: Vec<&str> = off.iter().flat_map(|value| ["--set", value]).collect();
    let little = rendered(chart.path(), HOME, &options)?;
    let kinds: BTreeSet<_> = little.iter().map(|object| word(object, "/kind")).collect();
    let left = [
        "ClusterRole",
        "ClusterRoleBinding",
        "Deployment",
        "Role",
        "RoleBinding",
        "Service",
        "ServiceAccount",
    ];
    assert_eq!(kinds, BTreeSet::from(left));
    Ok(())
}

#[test]
fn with_namespaces_named_no_right_is_cluster_wide_that_need_not_be() -> Result<()> {
    let values = ["--values", "deploy/chart/ci/two-namespaces-values.yaml"];
    let (all, two) = (rendered(&chart(), HOME, &[])?, rendered(&chart(), HOME, &values)?);
    let rules = |objects: &[Value], name: &str| -> BTreeSet<(String, String)> {
        let role = of_kind(objects, "ClusterRole").into_iter().find(|role| role["metadata"]["name"] == name);
        let rules = role.unwrap()["rules"].as_array().unwrap().clone();
        let pairs = rules.iter().flat_map(|rule| {
            let resources = rule["resources"].as_array().unwrap().iter();
            resources.map(|resource| (format!("{} {resource}", rule["apiGroups"]), rule["verbs"].to_string()))
        });
        pairs.collect()
    };
    let (wide, narrow) =
        (rules(&two, "countersign-operator"), rules(&two, "countersign-operator-namespaced"));
    assert!(wide.is_disjoint(&narrow));
    assert_eq!(&wide | &narrow, rules(&all, "countersign-operator"), "none more, none fewer");
    let wide: BTreeSet<_> = wide.iter().filter_map(|(what, _)| what.split('"').nth(3)).collect();
    let in_no_namespace = [
        "standardterms",
        "delegationpolicies",
        "namespaces",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
    ];
    assert_eq!(wide, BTreeSet::from(in_no_namespace));
    let bound: BTreeSet<_> = of_kind(&two, "RoleBinding")
        .into_iter()
        .filter(|binding| binding["roleRef"]["name"] == "countersign-operator-namespaced")
        .map(|binding| word(binding, "/metadata/namespace"))
        .collect();
    assert_eq!(bound, BTreeSet::from(["customers-north", "customers-south", HOME]));
    Ok(())
}

#[test]
fn values_that_cannot_be_meant_are_refused_by_name() -> Result<()> {
    for (value, said) in [
        ("replicas=9", "'/replicas'"),
        ("replica=2", "'replica' not allowed"),
        ("image.digest=latest", "'/image/digest'"),
        ("image.tagg=v1", "'tagg' not allowed"),
        ("log.format=xml", "'/log/format'"),
        ("namespaces={Customers}", "'/namespaces/0'"),
        ("serviceAccount.name=", "'/serviceAccount/name'"),
        ("networkPolicy.apiServerPorts={0}", "'/networkPolicy/apiServerPorts/0'"),
        ("serviceMonitor.interval=often", "'/serviceMonitor/interval'"),
        ("podLabels.team=1", "'/podLabels/team'"),
    ] {
        let error = rendered(&chart(), HOME, &["--set", value]).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said), "{value}: {error}");
    }
    Ok(())
}

#[test]
fn what_was_not_packed_cannot_be_turned_on() -> Result<()> {
    let chart = monitored()?;
    std::fs::remove_dir_all(chart.path().join("files/monitoring"))?;
    for part in ["prometheusRule", "dashboards"] {
        let value = format!("{part}.enabled=true");
        let error = rendered(chart.path(), HOME, &["--set", &value]).unwrap_err().to_string();
        assert!(
            error.contains(&format!("{part}.enabled must not be true: this chart was packed without")),
            "{error}"
        );
    }
    Ok(())
}

/// Every value is described, and every object in the schema refuses what it does not know.
#[test]
fn the_schema_knows_every_value_and_says_what_it_means() -> Result<()> {
    fn walk(place: &str, value: &Value, schema: &Value) {
        assert!(schema["description"].is_string(), "{place} has no description");
        let Some(properties) = schema["properties"].as_object() else { return };
        assert_eq!(schema["additionalProperties"], false, "{place}");
        for (name, value) in value.as_object().into_iter().flatten() {
            let place = format!("{place}/{name}");
            walk(
                &place,
                value,
                properties.get(name).unwrap_or_else(|| panic!("{place} is not in the schema")),
            );
        }
        for name in properties.keys().filter(|name| *name != "global") {
            assert!(!value[name].is_null(), "{place}/{name} has no default");
        }
    }
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(chart().join("values.schema.json"))?)?;
    let values: Value = serde_saphyr::from_str(&std::fs::read_to_string(chart().join("values.yaml"))?)?;
    walk("", &values, &schema);
    Ok(())
}
