//! Loading a document of resources into the store; see [`crate::Backend::seed`].
//!
//! The schemas of the contract check what is in the document, and what its
//! resources refer to must be in the document or in the store. Who sees what
//! plays no part: whoever starts a backend may do everything.

use std::collections::{HashMap, HashSet};
use std::error::Error as StdError;

use contract::bot_instances::BotInstance;
use contract::bots::Bot;
use contract::error::FieldViolation;
use contract::forms::Form;
use contract::id::ObjectId;
use contract::organization_groups::OrganizationGroup;
use contract::organizations::Organization;
use contract::schema::Described;
use contract::services::Service;
use contract::timestamp::Timestamp;
use contract::validate::Violations;
use contract::workflows::Workflow;
use serde_json::{Map, Value};
use sqlx::AnyConnection;

use crate::App;
use crate::ids::random_secret;
use crate::resource::{added, with_defaults};
use crate::services;
use crate::store::organizations::{Tenant, first, lock};
use crate::store::resources::Instance;
use crate::store::{self, Row};

type Source = Box<dyn StdError + Send + Sync>;

/// What came of a seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seeded {
    /// How many resources were created.
    pub created: usize,
    /// How many workflows were there and were replaced.
    pub replaced: usize,
    /// How many resources were there and were left as they were.
    pub kept: usize,
}

/// Why a seed cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The document is not JSON.
    #[error("the seed is not JSON")]
    Json(#[from] serde_json::Error),
    /// The document is not one of resources that can be kept.
    #[error("the seed cannot be loaded: {0}")]
    Invalid(#[from] Violations),
    /// The database fails.
    #[error("the seed cannot be kept in the database")]
    Store(#[source] Source),
}

/// Tables, and IDs of rows that are in them.
type Existing = HashSet<(&'static str, String)>;

fn store(error: impl Into<Source>) -> SeedError {
    SeedError::Store(error.into())
}

/// The kinds of resources in a document.
const KINDS: [&str; 7] = [
    "organizations",
    "forms",
    "organizationGroups",
    "bots",
    "botInstances",
    "services",
    "workflows",
];

pub(crate) async fn load(app: &App, document: &[u8]) -> Result<Seeded, SeedError> {
    let Value::Object(document) = serde_json::from_slice(document)? else {
        return Err(Violations::one("", "must be an object with lists of resources").into());
    };
    let mut seed = Seed::read(document)?;

    let mut transaction = app.store.write().await.map_err(store)?;
    let root = first(&mut transaction).await.map_err(store)?;
    let root = root.ok_or_else(|| store("there is no organization to put the seed under"))?;
    // Of two backends that load the same seed, the second finds it loaded.
    lock(&mut transaction, &root).await.map_err(store)?;
    seed.complete(app, root.parse().map_err(store)?)
        .map_err(store)?;
    let existing = seed.check(&mut transaction).await?;

    let mut done = Seeded::default();
    let bots: HashMap<_, _> = seed
        .bots
        .iter()
        .map(|(_, it)| (it.id, it.clone()))
        .collect();
    for tenant in seed.tenants()? {
        let id = tenant.organization.id;
        keep(&mut transaction, &existing, id, &tenant, &mut done).await?;
    }
    for (_, form) in &seed.forms {
        keep(&mut transaction, &existing, form.id, form, &mut done).await?;
    }
    for (_, group) in &seed.groups {
        keep(&mut transaction, &existing, group.id, group, &mut done).await?;
    }
    for (_, bot) in &seed.bots {
        keep(&mut transaction, &existing, bot.id, bot, &mut done).await?;
    }
    for (_, own) in seed.instances {
        // Only its own part is written, so it does not matter that a bot which is
        // in the store already is not at hand.
        let bot = bots.get(&Some(own.bot)).cloned().unwrap_or_default();
        let instance = Instance { own, bot };
        keep(
            &mut transaction,
            &existing,
            instance.own.id,
            &instance,
            &mut done,
        )
        .await?;
    }
    for (_, service) in &seed.services {
        keep(&mut transaction, &existing, service.id, service, &mut done).await?;
    }
    for (_, workflow) in &seed.workflows {
        let found = store::get(&mut transaction, &text(workflow.id)).await;
        let Some(found) = found.map_err(store)? else {
            keep(
                &mut transaction,
                &existing,
                workflow.id,
                workflow,
                &mut done,
            )
            .await?;
            continue;
        };
        store::replace(&mut transaction, &found, workflow)
            .await
            .map_err(store)?;
        done.replaced += 1;
    }
    store::commit(transaction).await.map_err(store)?;
    Ok(done)
}

/// The resources of a document, each with its path.
struct Seed {
    organizations: Vec<(String, Organization)>,
    /// The organization that each one of them names as the one above it.
    parents: Vec<Option<ObjectId>>,
    forms: Vec<(String, Form)>,
    groups: Vec<(String, OrganizationGroup)>,
    bots: Vec<(String, Bot)>,
    instances: Vec<(String, BotInstance)>,
    services: Vec<(String, Service)>,
    workflows: Vec<(String, Workflow)>,
}

impl Seed {
    fn read(mut document: Map<String, Value>) -> Result<Self, Violations> {
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
                .and_then(|it| it.shift_remove("parent"));
            let parent = parent.map(serde_json::from_value).transpose();
            parents.push(parent.unwrap_or_else(|_| {
                let field = format!("organizations[{index}].parent");
                violations.push(FieldViolation::new(field, "must be 24 hexadecimal digits"));
                None
            }));
        }
        let [
            organizations,
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
            forms: resources(&mut document, forms, &mut violations),
            groups: resources(&mut document, groups, &mut violations),
            bots: resources(&mut document, bots, &mut violations),
            instances: resources(&mut document, instances, &mut violations),
            services: resources(&mut document, services, &mut violations),
            workflows: resources(&mut document, workflows, &mut violations),
        };
        for (path, service) in &seed.services {
            violations.extend(within(path, services::violations(service)));
        }
        Violations::check(violations)?;
        Ok(seed)
    }

    /// Fills in what a resource that is created would get: defaults, dates, and
    /// `root` where it names no organization.
    fn complete(&mut self, app: &App, root: ObjectId) -> Result<(), crate::error::Error> {
        let now = Some(app.now()?);
        let date = |created: &mut Option<Timestamp>, updated: &mut Option<Timestamp>| {
            *created = created.or(now);
            *updated = updated.or(*created);
        };
        let next = || Some(app.ids.next(app.clock.now()));
        for ((_, it), parent) in self.organizations.iter_mut().zip(&mut self.parents) {
            *it = with_defaults(it)?;
            it.display_name.get_or_insert_with(|| it.name.clone());
            for category in it.categories.iter_mut().flatten().flatten() {
                category.id = category.id.or_else(next);
            }
            date(&mut it.created_at, &mut it.updated_at);
            // The first organization itself has none above it.
            *parent = parent
                .or(Some(root))
                .filter(|parent| Some(*parent) != it.id);
        }
        for (_, it) in &mut self.forms {
            *it = with_defaults(it)?;
            it.organization.get_or_insert(root);
            date(&mut it.created_at, &mut it.updated_at);
            for field in it.fields.iter_mut().flatten() {
                *field = with_defaults(field)?;
                field.id = field.id.or_else(next);
                date(&mut field.created_at, &mut field.updated_at);
            }
        }
        for (_, it) in &mut self.groups {
            *it = with_defaults(it)?;
            it.organization.get_or_insert(root);
            date(&mut it.created_at, &mut it.updated_at);
        }
        for (_, it) in &mut self.bots {
            *it = with_defaults(it)?;
            it.organization.get_or_insert(root);
            if it.secret.is_none() {
                it.secret = Some(random_secret().map_err(crate::error::Error::internal)?);
            }
            date(&mut it.created_at, &mut it.updated_at);
        }
        for (_, it) in &mut self.instances {
            *it = with_defaults(it)?;
            it.organization.get_or_insert(root);
            date(&mut it.created_at, &mut it.updated_at);
        }
        for (_, it) in &mut self.services {
            *it = with_defaults(it)?;
            it.organization.get_or_insert(root);
            date(&mut it.created_at, &mut it.updated_at);
        }
        for (_, it) in &mut self.workflows {
            it.organization.get_or_insert(root);
            date(&mut it.created_at, &mut it.updated_at);
        }
        Ok(())
    }

    /// Checks that whatever is referred to is there. What the document has that
    /// is in the store already.
    async fn check(&self, connection: &mut AnyConnection) -> Result<Existing, SeedError> {
        let mut organizations = Vec::new();
        let mut forms = Vec::new();
        let mut bots = Vec::new();
        let owned =
            |path: &str, id: Option<ObjectId>| id.map(|id| (format!("{path}.organization"), id));
        for (path, it) in &self.forms {
            organizations.extend(owned(path, it.organization));
            forms.extend(it.template.map(|id| (format!("{path}.template"), id)));
        }
        for (path, it) in &self.groups {
            organizations.extend(owned(path, it.organization));
        }
        for (path, it) in &self.bots {
            organizations.extend(owned(path, it.organization));
        }
        for (path, it) in &self.instances {
            organizations.extend(owned(path, it.organization));
            bots.push((format!("{path}.bot"), it.bot));
        }
        for (path, it) in &self.services {
            organizations.extend(owned(path, it.organization));
        }
        for (path, it) in &self.workflows {
            organizations.extend(owned(path, it.organization));
            let path = format!("{path}.organizations");
            organizations.extend(added(&path, None, it.organizations.as_ref()));
        }
        for (path, it) in &self.groups {
            let path = format!("{path}.members");
            organizations.extend(added(&path, None, it.members.as_ref()));
        }
        for ((path, it), parent) in self.organizations.iter().zip(&self.parents) {
            organizations.extend(parent.map(|id| (format!("{path}.parent"), id)));
            for (index, slot) in it.categories.iter().flatten().enumerate() {
                let path = format!("{path}.categories[{index}].forms");
                let ids = slot.as_ref().and_then(|category| category.forms.as_ref());
                forms.extend(added(&path, None, ids));
            }
        }

        let mut found = Found::default();
        let ids = self.organizations.iter().map(|(_, it)| it.id).collect();
        found.look::<Tenant>(connection, ids, organizations).await?;
        let ids = self.forms.iter().map(|(_, it)| it.id).collect();
        found.look::<Form>(connection, ids, forms).await?;
        let ids = self.bots.iter().map(|(_, it)| it.id).collect();
        found.look::<Bot>(connection, ids, bots).await?;
        let ids = self.groups.iter().map(|(_, it)| it.id).collect();
        found
            .look::<OrganizationGroup>(connection, ids, Vec::new())
            .await?;
        let ids = self.instances.iter().map(|(_, it)| it.id).collect();
        found.look::<Instance>(connection, ids, Vec::new()).await?;
        let ids = self.services.iter().map(|(_, it)| it.id).collect();
        found.look::<Service>(connection, ids, Vec::new()).await?;
        Violations::check(found.violations)?;
        Ok(found.existing)
    }

    /// The organizations of the document, each behind the one above it.
    fn tenants(&self) -> Result<Vec<Tenant>, Violations> {
        let mut rest: Vec<_> = self.organizations.iter().zip(&self.parents).collect();
        let mut tenants = Vec::new();
        while !rest.is_empty() {
            let waiting: HashSet<_> = rest.iter().map(|((_, it), _)| it.id).collect();
            let (blocked, ready): (Vec<_>, Vec<_>) = rest
                .into_iter()
                .partition(|(_, parent)| parent.is_some() && waiting.contains(*parent));
            if ready.is_empty() {
                let violations = blocked.iter().map(|((path, _), _)| {
                    let field = format!("{path}.parent");
                    FieldViolation::new(field, "leads back to the organization itself")
                });
                Violations::check(violations.collect())?;
            }
            tenants.extend(ready.into_iter().map(|((_, it), parent)| Tenant {
                parent: *parent,
                organization: it.clone(),
            }));
            rest = blocked;
        }
        Ok(tenants)
    }
}

/// What the store has of a document.
#[derive(Default)]
struct Found {
    /// The resources of the document that exist.
    existing: Existing,
    violations: Vec<FieldViolation>,
}

impl Found {
    /// Looks for the resources of one kind, and for those that are referred to.
    async fn look<R: Row>(
        &mut self,
        connection: &mut AnyConnection,
        of_document: Vec<Option<ObjectId>>,
        references: Vec<(String, ObjectId)>,
    ) -> Result<(), SeedError> {
        let of_document: HashSet<_> = of_document.into_iter().map(text).collect();
        let mut wanted = of_document.clone();
        wanted.extend(references.iter().map(|(_, id)| id.to_string()));
        let wanted: Vec<_> = wanted.into_iter().collect();
        let existing = store::existing_ids::<R>(connection, &wanted)
            .await
            .map_err(store)?;
        for (path, id) in references {
            if !of_document.contains(&id.to_string()) && !existing.contains(&id.to_string()) {
                let noun = R::NOUN;
                let description = format!("names no {noun} of the seed or the database: {id}");
                self.violations.push(FieldViolation::new(path, description));
            }
        }
        let existing = existing.into_iter().filter(|id| of_document.contains(id));
        self.existing.extend(existing.map(|id| (R::TABLE, id)));
        Ok(())
    }
}

/// The resources of one kind in a document, as far as they are valid.
fn resources<T: Described>(
    document: &mut Map<String, Value>,
    kind: &str,
    violations: &mut Vec<FieldViolation>,
) -> Vec<(String, T)> {
    let values = match document.shift_remove(kind) {
        Some(Value::Array(values)) => values,
        None => return Vec::new(),
        Some(_) => {
            violations.push(FieldViolation::new(kind, "must be a list of resources"));
            return Vec::new();
        }
    };
    let mut ids = HashSet::new();
    let mut resources = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        let path = format!("{kind}[{index}]");
        if let Err(wrong) = T::views().create.validate(&value) {
            violations.extend(within(&path, wrong.into_vec()));
            continue;
        }
        let id = value["id"].as_str().map(str::to_lowercase);
        let Some(id) = id else {
            let description = "is required: loading the seed again must not add it again";
            violations.push(FieldViolation::new(format!("{path}.id"), description));
            continue;
        };
        if !ids.insert(id) {
            let description = "is that of a resource that stands before it";
            violations.push(FieldViolation::new(format!("{path}.id"), description));
        }
        match serde_json::from_value(value) {
            Ok(resource) => resources.push((path, resource)),
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

/// Keeps a resource unless it is there.
async fn keep<R: Row>(
    connection: &mut AnyConnection,
    existing: &Existing,
    id: Option<ObjectId>,
    row: &R,
    done: &mut Seeded,
) -> Result<(), SeedError> {
    if existing.contains(&(R::TABLE, text(id))) {
        done.kept += 1;
        return Ok(());
    }
    store::insert(connection, row).await.map_err(store)?;
    done.created += 1;
    Ok(())
}

fn text(id: Option<ObjectId>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
