//! Laws of what must be refused.

use std::collections::BTreeMap;

use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::callers::hidden;
use super::error_body::{reason_of, unnamed_cause};
use super::exchange::{Ask, Credentials, Exchange, Raw};
use super::law::Law;
use super::lists::List;
use super::model::Resource;
use super::operation::{Operation, RequestBody, required_query};
use super::probes::{self, Probe, UNDECLARED};
use super::sample::{self, Extent};
use super::schema;
use super::session::Session;
use super::writes::{Made, not_declared};
use crate::reference::escape;
use crate::report::{Direction, Level};

/// A body that breaks off.
const MALFORMED: &str = "{\"";

/// Verifies that wrong parameters of an operation that reads are refused.
pub(crate) async fn parameters<'m>(session: &mut Session<'m>, operation: &'m Operation) {
    if operation.method != Method::GET || operation.query.iter().any(|parameter| parameter.required)
    {
        return;
    }
    let path = match session.fill(&operation.path, false) {
        Ok(path) => path,
        Err(reason) => return session.untried(Law::UndeclaredParameterRefused, operation, reason),
    };
    let ask = |name: &str, value: &str| Ask::new(path.clone()).with(name, value);
    if session.laws.strict_parameters {
        let what = format!("the undeclared parameter `{UNDECLARED}`");
        let law = Law::UndeclaredParameterRefused;
        refused(
            session,
            operation,
            &ask(UNDECLARED, "1"),
            (law, UNDECLARED, &what),
        )
        .await;
    } else {
        let reason = "OpenAPI has no word for it; --strict-parameters says that it holds";
        session.untried(Law::UndeclaredParameterRefused, operation, reason);
    }
    let root = session.root();
    let mut left = session.laws.bounds.probes;
    for parameter in &operation.query {
        let schema = schema::resolve(root, &parameter.schema);
        let is = |name: &str| schema::has_type(root, schema, name);
        let mut wrong: Vec<(Law, String, String)> = Vec::new();
        if is("integer") || is("number") {
            wrong.push((
                Law::WrongTypeRefused,
                "seven".to_owned(),
                "a text instead of a number".to_owned(),
            ));
            let beyond = probes::beyond(schema).into_iter();
            wrong.extend(
                beyond.map(|(value, what)| (Law::BeyondLimitRefused, value.to_string(), what)),
            );
        } else if is("boolean") {
            wrong.push((
                Law::WrongTypeRefused,
                "perhaps".to_owned(),
                "a text instead of a boolean".to_owned(),
            ));
        } else if !schema::options(root, schema).is_empty() {
            let what = "a value that is not in the enumeration".to_owned();
            wrong.push((Law::BeyondLimitRefused, "no-such-value".to_owned(), what));
        } else if let Some(items) = schema.get("items")
            && !schema::options(root, items).is_empty()
        {
            let what = "a value that is not in the enumeration".to_owned();
            wrong.push((Law::BeyondLimitRefused, "no-such-value".to_owned(), what));
        } else if schema.get("pattern").is_some() {
            let what = "a text that does not match the pattern".to_owned();
            wrong.push((Law::BeyondLimitRefused, "!! ".to_owned(), what));
        } else if schema["minLength"].as_u64().is_some_and(|least| least > 0) {
            let what = "no text, where some is needed,".to_owned();
            wrong.push((Law::BeyondLimitRefused, String::new(), what));
        }
        for (law, value, what) in wrong {
            if left == 0 {
                return;
            }
            left -= 1;
            let name = &parameter.name;
            let what = format!("{what} in `{name}`");
            refused(session, operation, &ask(name, &value), (law, name, &what)).await;
        }
    }
}

/// Makes a request that has to be refused, and verifies that the refusal names the
/// cause. What comes back was accepted.
async fn refused<'m>(
    session: &mut Session<'m>,
    operation: &'m Operation,
    ask: &Ask,
    (law, cause, what): (Law, &str, &str),
) -> Option<Exchange> {
    let exchange = session.ask(operation, ask).await?;
    judged(session, operation, exchange, (law, cause, what))
}

/// Verifies that a request was refused, and that the refusal names the cause. What comes
/// back was accepted.
fn judged<'m>(
    session: &mut Session<'m>,
    operation: &'m Operation,
    exchange: Exchange,
    (law, cause, what): (Law, &str, &str),
) -> Option<Exchange> {
    if exchange.status == 409 {
        let reason = format!(
            "a request with {what} is answered with 409, which tells of what is there and not of \
             the request"
        );
        session.untried(law, operation, reason);
        return None;
    }
    session.held(law, operation);
    if exchange.is_refusal() {
        if let Some(problem) = undeclared(operation, exchange.status, &[400, 422]) {
            let message = format!("a request with {what} {problem}");
            session.breach(law, operation, &[&exchange.shown], &message);
        }
        named(session, operation, &exchange, cause);
        return None;
    }
    let message = format!("a request with {what} is answered with {}", exchange.status);
    session.breach(law, operation, &[&exchange.shown], &message);
    Some(exchange)
}

/// Verifies that a refusal names its cause.
pub(super) fn named(
    session: &mut Session<'_>,
    operation: &Operation,
    exchange: &Exchange,
    cause: &str,
) {
    let law = Law::ErrorNamesTheCause;
    session.held(law, operation);
    let problem = unnamed_cause(operation, exchange.status, exchange.value.as_ref(), cause);
    if let Some(problem) = problem {
        session.breach(law, operation, &[&exchange.shown], &problem);
    }
}

/// What is wrong with the status of a refusal where the document declares another one of
/// `fitting` for the case, and not this.
pub(crate) fn undeclared(operation: &Operation, status: u16, fitting: &[u16]) -> Option<String> {
    if operation.reply(status).is_some() {
        return None;
    }
    let declared = fitting
        .iter()
        .filter(|fitting| operation.declares(**fitting));
    let declared: Vec<_> = declared.map(u16::to_string).collect();
    (!declared.is_empty()).then(|| {
        let declared = declared.join(" or ");
        format!("is answered with {status}, and declared for that is {declared}")
    })
}

/// Verifies that a body that is no JSON is refused.
pub(crate) async fn malformed<'m>(session: &mut Session<'m>, operation: &'m Operation) {
    let law = Law::MalformedBodyRefused;
    let Some(body) = operation.body.as_ref().filter(|_| session.allow_writes) else {
        return;
    };
    let Ok(content_type) = HeaderValue::try_from(&body.media_type) else {
        return;
    };
    // What this run has not created is not its own to risk.
    let path = match session.fill(&operation.path, true) {
        Ok(path) => path,
        Err(reason) => return session.untried(law, operation, reason),
    };
    let mut ask = Ask::new(path);
    ask.query = match required_query(operation) {
        Ok(query) => query,
        Err(reason) => return session.untried(law, operation, reason),
    };
    ask.raw = Some(Raw {
        content_type,
        content: MALFORMED.into(),
    });
    let Some(exchange) = session.ask(operation, &ask).await else {
        return;
    };
    session.held(law, operation);
    let problem = if exchange.is_refusal() {
        undeclared(operation, exchange.status, &[400, 422])
    } else {
        Some(format!("is answered with {}", exchange.status))
    };
    if let Some(problem) = problem {
        let message = format!("a body that is no JSON {problem}");
        session.breach(law, operation, &[&exchange.shown], &message);
        session.learn_created(operation, &exchange);
    }
}

/// Verifies that wrong bodies of creates and changes are refused.
pub(crate) async fn bodies<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    made: Option<&Made>,
) {
    let creates = session.model.operation(resource.create);
    if let Some(operation) = creates.filter(|_| made.is_some())
        && let Ok(path) = session.fill(&resource.collection, true)
    {
        spoiled(session, resource, operation, &path).await;
    }
    let model = session.model;
    for number in [resource.patch, resource.put] {
        let (Some(operation), Some(made)) = (model.operation(number), made) else {
            continue;
        };
        if session.laws.strict_parameters {
            let ask = Ask::new(made.path.clone())
                .with(UNDECLARED, "1")
                .body(json!({}));
            let what = format!("the undeclared parameter `{UNDECLARED}`");
            let law = Law::UndeclaredParameterRefused;
            refused(session, operation, &ask, (law, UNDECLARED, &what)).await;
        }
        spoiled(session, resource, operation, &made.path).await;
    }
}

/// A body that the document describes, to be spoiled.
fn sound(session: &mut Session<'_>, operation: &Operation) -> Option<Value> {
    let sample = sample::make(session, operation, Extent::Example, 0, "refused").ok()?;
    for secret in &sample.secrets {
        session.keep_secret(secret);
    }
    Some(sample.body)
}

/// Verifies that a body with one thing wrong is refused, for each thing that can be.
async fn spoiled<'m>(
    session: &mut Session<'m>,
    resource: &'m Resource,
    operation: &'m Operation,
    path: &str,
) {
    let root = session.root();
    let Some(RequestBody {
        schema: stated,
        schema_at,
        ..
    }) = &operation.body
    else {
        return;
    };
    let Some(mut body) = sound(session, operation) else {
        return;
    };
    let is_patch = operation.method == Method::PATCH;
    let mut left: BTreeMap<Law, usize> = BTreeMap::new();
    let mut all = probes::all(root, stated, &body);
    // A server may know what it sets itself, and take it from a caller.
    let known = not_declared(session, operation).into_iter();
    all.extend(known.map(|(name, value)| Probe {
        law: Law::UndeclaredPropertyRefused,
        place: format!("/{}", escape(&name)),
        value: Some(value),
        what: "a property that only the server sets, which is not declared,".to_owned(),
    }));
    for probe in all {
        let tried = left.entry(probe.law).or_default();
        if *tried >= session.laws.bounds.probes {
            continue;
        }
        let Some(wrong) = probe.spoil(&body) else {
            continue;
        };
        // A PATCH names nothing but what is wrong.
        let wrong = if is_patch { top(&wrong, &probe) } else { wrong };
        // Only what the document itself refuses must be refused; formats are told apart
        // by servers alone.
        let is_format = probe.what == "a text of another format";
        let schemas = &mut session.judge.replies.schemas;
        match schemas.problems(Direction::Request, schema_at, &wrong) {
            Ok(problems) if problems.is_empty() && !is_format => continue,
            Ok(_) => {}
            Err(reason) => {
                let message = format!(
                    "its body is not spoiled, because the schema is not understood: {reason}"
                );
                session.note("schema-not-understood", Level::Warning, operation, message);
                return;
            }
        }
        *tried += 1;
        let mut ask = Ask::new(path).body(wrong);
        let what = format!("{} at {}", probe.what, probe.place);
        let told = (probe.law, probe.place.as_str(), what.as_str());
        let Some(mut exchange) = session.ask(operation, &ask).await else {
            continue;
        };
        // What is there already has something that the body has too.
        if exchange.status == 409
            && session.unique.insert(resource.item.clone())
            && let Some(other) = sound(session, operation)
            && let Some(wrong) = probe.spoil(&other)
        {
            body = other;
            let wrong = if is_patch { top(&wrong, &probe) } else { wrong };
            ask = ask.body(wrong);
            let Some(again) = session.ask(operation, &ask).await else {
                continue;
            };
            exchange = again;
        }
        if let Some(accepted) = judged(session, operation, exchange, told)
            && operation.method == Method::POST
            && accepted.is_success()
            && let Some(id) = accepted.id(resource)
        {
            // It is there now, and has to go in the end.
            session.learn(resource, &id, true);
        }
    }
}

/// The property of a body that a probe is about, alone.
fn top(body: &Value, probe: &Probe) -> Value {
    let name = probe.place.split('/').nth(1).unwrap_or_default();
    let name = name.replace("~1", "/").replace("~0", "~");
    match body.get(&name) {
        Some(value) => json!({ (name.as_str()): value }),
        None => json!({}),
    }
}

/// Verifies that an operation that needs a token refuses none, a forged one and an
/// expired one.
pub(crate) async fn tokens<'m>(session: &mut Session<'m>, operation: &'m Operation) {
    if !operation.authenticated || operation.query.iter().any(|parameter| parameter.required) {
        return;
    }
    let reads = operation.method == Method::GET;
    if !reads && !session.allow_writes {
        return;
    }
    let expired = session.laws.expired_token.is_some();
    let kinds = [
        (Law::NoTokenRefused, Credentials::None, None, "no token"),
        (
            Law::ForgedTokenRefused,
            Credentials::Forged,
            Some("there is no token to forge").filter(|_| !session.has_token()),
            "a forged token",
        ),
        (
            Law::ExpiredTokenRefused,
            Credentials::Expired,
            Some("--expired-token gives none").filter(|_| !expired),
            "an expired token",
        ),
    ];
    // What this run has not created is not its own to risk.
    let path = match session.fill(&operation.path, !reads) {
        Ok(path) => path,
        Err(reason) => {
            for (law, ..) in kinds {
                session.untried(law, operation, reason.clone());
            }
            return;
        }
    };
    for (law, credentials, why_not, what) in kinds {
        if let Some(reason) = why_not {
            session.untried(law, operation, reason);
            continue;
        }
        let mut ask = Ask::new(path.clone()).sent_by(credentials);
        if operation.body.is_some() {
            ask = ask.body(json!({}));
        }
        let Some(exchange) = session.ask(operation, &ask).await else {
            continue;
        };
        session.held(law, operation);
        let problem = match exchange.status {
            401 | 403 => undeclared(operation, exchange.status, &[401, 403]),
            status => Some(format!("is answered with {status}")),
        };
        if let Some(problem) = problem {
            let message = format!("a request with {what} {problem}");
            session.breach(law, operation, &[&exchange.shown], &message);
        }
        for_its_reason(session, operation, &exchange, (credentials, what));
    }
}

/// Verifies that the refusal of a token has the reason that the table has for it.
fn for_its_reason(
    session: &mut Session<'_>,
    operation: &Operation,
    exchange: &Exchange,
    (credentials, what): (Credentials, &str),
) {
    let reasons = session.hints.reasons.as_ref();
    let Some(expected) = reasons.and_then(|reasons| reasons.of_token(credentials)) else {
        return;
    };
    let given = exchange.value.as_ref().and_then(reason_of);
    let Some(given) = given.filter(|_| exchange.status == 401) else {
        return;
    };
    let law = Law::ErrorReasonInTable;
    session.held(law, operation);
    if given != expected {
        let message = format!("a request with {what} is refused for `{given}`, not `{expected}`");
        session.breach(law, operation, &[&exchange.shown], &message);
    }
}

/// Verifies that a caller of another organization does not see, change or delete
/// what this run has created.
pub(crate) async fn foreign<'m>(session: &mut Session<'m>, resource: &'m Resource, made: &Made) {
    let law = Law::ForeignIsHidden;
    if session.laws.foreign_token.is_some() {
        referred_by_foreign(session, resource).await;
    }
    let all = [
        resource.read,
        resource.list,
        resource.patch,
        resource.put,
        resource.delete,
    ];
    for operation in all
        .into_iter()
        .filter_map(|number| session.model.operation(number))
    {
        if session.laws.foreign_token.is_none() {
            session.untried(law, operation, "--foreign-token gives none");
            continue;
        }
        if Some(operation.title()) == session.model.operation(resource.list).map(Operation::title) {
            listed_to_foreign(session, resource, made).await;
            continue;
        }
        let mut ask = Ask::new(made.path.clone()).sent_by(Credentials::Foreign);
        if [Method::PATCH, Method::PUT].contains(&operation.method) {
            ask = ask.body(json!({}));
        }
        let Some(exchange) = session.ask(operation, &ask).await else {
            continue;
        };
        hidden(session, operation, &[&made.shown], &exchange);
    }
}

/// Verifies that a foreign caller cannot refer to what this run has created.
async fn referred_by_foreign<'m>(session: &mut Session<'m>, resource: &'m Resource) {
    let law = Law::ForeignIsHidden;
    let Some(operation) = session.model.operation(resource.create) else {
        return;
    };
    let Ok(sample) = sample::make(session, operation, Extent::Example, 0, "foreign") else {
        return;
    };
    for secret in &sample.secrets {
        session.keep_secret(secret);
    }
    let text = sample.body.to_string();
    let own = session
        .created
        .values()
        .flatten()
        .find(|id| text.contains(&format!("\"{id}\"")));
    let Some(own) = own.cloned() else {
        return;
    };
    let Ok(path) = session.fill(&resource.collection, true) else {
        return;
    };
    let ask = Ask::new(path)
        .body(sample.body)
        .sent_by(Credentials::Foreign);
    let Some(exchange) = session.ask(operation, &ask).await else {
        return;
    };
    if exchange.status == 401 {
        return session.untried(law, operation, "the token of the foreign caller is refused");
    }
    session.held(law, operation);
    if !exchange.is_refusal() {
        let message = format!(
            "a foreign caller may refer to {own}, which is not theirs: the reply is {}",
            exchange.status
        );
        session.breach(law, operation, &[&exchange.shown], &message);
        if let Some(id) = exchange.id(resource) {
            session.learn(resource, &id, true);
        }
    }
}

async fn listed_to_foreign<'m>(session: &mut Session<'m>, resource: &'m Resource, made: &Made) {
    let law = Law::ForeignIsHidden;
    let Some(Ok(list)) = List::of(session, resource) else {
        return;
    };
    let ask = list.ask(&[]).sent_by(Credentials::Foreign);
    let Some(exchange) = session.ask(list.operation, &ask).await else {
        return;
    };
    if exchange.status == 401 {
        return session.untried(
            law,
            list.operation,
            "the token of the foreign caller is refused",
        );
    }
    session.held(law, list.operation);
    let items = list.items(&exchange).unwrap_or_default();
    if items
        .iter()
        .any(|item| list.id(item).as_ref() == Some(&made.id))
    {
        let requests = [made.shown.as_str(), &exchange.shown];
        session.breach(
            law,
            list.operation,
            &requests,
            "a foreign caller is shown it in the list",
        );
    }
}
