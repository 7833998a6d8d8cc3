//! Which workflows run for an organization.

use super::*;

/// Two organizations below the owner's: one with the tag `automotive`, one
/// without.
const TAGGED: &str = "56467a06d9b082b0059151dc";
const PLAIN: &str = "56467a06d9b082b0059151dd";

/// Seeds a workflow of the tagged organization, and checks for which of the two
/// it runs.
async fn check(workflow: Value, tagged: bool, plain: bool) {
    let api = Api::start().await;
    let mut one = organization("Tagged");
    one["id"] = TAGGED.into();
    one["tags"] = json!(["automotive"]);
    let mut other = organization("Plain");
    other["id"] = PLAIN.into();
    let mut seeded = json!({"id": "58bc9aecd906223dcec36495", "name": "Sales"});
    for (property, value) in workflow.as_object().into_iter().flatten() {
        seeded[property] = value.clone();
    }
    let seed = json!({"organizations": [one, other], "workflows": [seeded]});
    api.backend
        .seed(seed.to_string().as_bytes())
        .await
        .expect("is valid");
    for (id, runs) in [(TAGGED, tagged), (PLAIN, plain)] {
        let path = format!("organizations/{id}/workflows");
        let expected: &[&str] = if runs { &["Sales"] } else { &[] };
        assert_eq!(api.names(&path).await, expected, "{workflow} for {id}");
    }
}

#[tokio::test]
async fn a_workflow_runs_for_the_organization_that_it_belongs_to() {
    check(json!({"organization": PLAIN}), false, true).await;
    check(json!({}), false, false).await;
}

#[tokio::test]
async fn a_workflow_runs_for_those_that_it_lists_below_its_own() {
    check(json!({"organizations": [PLAIN]}), false, true).await;
}

#[tokio::test]
async fn nobody_reaches_the_workflow_of_an_organization_beside_it() {
    for workflow in [
        json!({"organization": PLAIN, "organizationTags": ["automotive"]}),
        json!({"organization": PLAIN, "organizations": [TAGGED]}),
    ] {
        check(workflow, false, true).await;
    }
}

#[tokio::test]
async fn a_workflow_runs_for_those_with_one_of_its_tags() {
    check(
        json!({"organizationTags": ["insurance", "automotive"]}),
        true,
        false,
    )
    .await;
}

#[tokio::test]
async fn a_workflow_that_is_not_enabled_runs_for_nobody() {
    let workflow = json!({"enabled": false, "organizations": [TAGGED, PLAIN]});
    check(workflow, false, false).await;
}

#[tokio::test]
async fn workflows_of_another_tree_stay_there() {
    let api = Api::start().await;
    let (elsewhere, stranger) = api.stranger().await;
    let workflow = json!({"id": PLAIN, "name": "Sales", "organizations": [elsewhere]});
    let seed = json!({"workflows": [workflow]}).to_string();
    api.backend.seed(seed.as_bytes()).await.expect("is valid");
    let path = format!("/v2/organizations/{elsewhere}/workflows");
    assert_eq!(api.get(&stranger.token, &path).await.ok(), json!([]));
}
