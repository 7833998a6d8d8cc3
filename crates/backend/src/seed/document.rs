//! Reading a document of resources.

use std::collections::HashSet;

use contract::bot_instances::BotInstance;
use contract::bots::Bot;
use contract::error::FieldViolation;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::organization_groups::OrganizationGroup;
use contract::organizations::Organization;
use contract::schema::Described;
use contract::services::Service;
use contract::users::User;
use contract::validate::Violations;
use contract::workflows::Workflow;
use serde_json::{Map, Value};

use crate::resources::services;
use crate::store::users::address;

/// The kinds of resources in a document.
const KINDS: [&str; 8] = [
    "organizations",
    "users",
    "forms",
    "organizationGroups",
    "bots",
    "botInstances",
    "services",
    "workflows",
];

/// A resource of a document.
pub(super) struct Item<T> {
    /// Where it stands in the document.
    pub(super) path: String,
    pub(super) id: ObjectId,
    pub(super) resource: T,
}

/// The resources of a document.
pub(super) struct Seed {
    pub(super) organizations: Vec<Item<Organization>>,
    /// The organization that each one of them names as the one above it.
    pub(super) parents: Vec<Option<ObjectId>>,
    pub(super) users: Vec<Item<User>>,
    pub(super) forms: Vec<Item<Form>>,
    pub(super) groups: Vec<Item<OrganizationGroup>>,
    pub(super) bots: Vec<Item<Bot>>,
    pub(super) instances: Vec<Item<BotInstance>>,
    pub(super) services: Vec<Item<Service>>,
    pub(super) workflows: Vec<Item<Workflow>>,
}

impl Seed {
    /// Reads a document, and tells everything that is wrong with it.
    pub(super) fn read(mut document: Map<String, Value>) -> Result<Self, Violations> {
        let mut violations = Vec::new();
        for kind in document
            .keys()
            .filter(|kind| !KINDS.contains(&kind.as_str()))
        {
            let kinds = KINDS.join(", ");
            let description = format!("is not a kind of resource; there are {kinds}");
            violations.push(FieldViolation::new(kind, description));
        }
        // The contract has no place for it, so it is taken out first.
        let mut parents = Vec::new();
        let organizations = document
            .get_mut("organizations")
            .and_then(Value::as_array_mut);
        for (index, organization) in organizations.into_iter().flatten().enumerate() {
            let parent = organization
                .as_object_mut()
                .and_then(|members| members.shift_remove("parent"));
            let parent = parent.map(serde_json::from_value).transpose();
            parents.push(parent.unwrap_or_else(|_| {
                let field = format!("organizations[{index}].parent");
                violations.push(FieldViolation::new(field, "must be 24 hexadecimal digits"));
                None
            }));
        }
        let [
            organizations,
            users,
            forms,
            groups,
            bots,
            instances,
            services,
            workflows,
        ] = KINDS;
        let seed = Self {
            organizations: resources(&mut document, organizations, &mut violations),
            parents,
            users: resources(&mut document, users, &mut violations),
            forms: resources(&mut document, forms, &mut violations),
            groups: resources(&mut document, groups, &mut violations),
            bots: resources(&mut document, bots, &mut violations),
            instances: resources(&mut document, instances, &mut violations),
            services: resources(&mut document, services, &mut violations),
            workflows: resources(&mut document, workflows, &mut violations),
        };
        for service in &seed.services {
            let wrong = services::violations(&service.resource);
            violations.extend(within(&service.path, wrong));
        }
        let mut emails = HashSet::new();
        for Item { path, resource, .. } in &seed.users {
            if !emails.insert(address(&resource.email)) {
                let description = "is that of a user who stands before this one";
                violations.push(FieldViolation::new(format!("{path}.email"), description));
            }
        }
        Violations::check(violations)?;
        Ok(seed)
    }
}

/// The resources of one kind in a document, as far as they are valid.
fn resources<T: Described>(
    document: &mut Map<String, Value>,
    kind: &str,
    violations: &mut Vec<FieldViolation>,
) -> Vec<Item<T>> {
    let values = match document.shift_remove(kind) {
        Some(Value::Array(values)) => values,
        None => return Vec::new(),
        Some(_) => {
            violations.push(FieldViolation::new(kind, "must be a list of resources"));
            return Vec::new();
        }
    };
    let mut ids: HashSet<ObjectId> = HashSet::new();
    let mut resources = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let path = format!("{kind}[{index}]");
        if let Err(wrong) = T::views().create.validate(&value) {
            violations.extend(within(&path, wrong.into_vec()));
            continue;
        }
        let Some(id) = value["id"].as_str().and_then(|id| id.parse().ok()) else {
            let description = "is required: loading the seed again must not add it again";
            violations.push(FieldViolation::new(format!("{path}.id"), description));
            continue;
        };
        if !ids.insert(id) {
            let description = "is that of a resource that stands before it";
            violations.push(FieldViolation::new(format!("{path}.id"), description));
        }
        match serde_json::from_value(value) {
            Ok(resource) => resources.push(Item { path, id, resource }),
            Err(error) => violations.push(FieldViolation::new(path, error.to_string())),
        }
    }
    resources
}

/// Violations in a part of the document, with their paths in the whole.
fn within(path: &str, violations: Vec<FieldViolation>) -> impl Iterator<Item = FieldViolation> {
    violations.into_iter().map(move |mut violation| {
        let field = violation.field;
        violation.field = if field.is_empty() {
            path.to_owned()
        } else {
            format!("{path}.{field}")
        };
        violation
    })
}
