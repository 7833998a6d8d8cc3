//! Services: the handlers, and the rules they follow.
//!
//! - What `params` needs depends on `type`: what the API's documentation says
//!   that a provider cannot do without must be there, and what it says of the
//!   form of a parameter must hold. Other parameters are kept as they come. The
//!   port of Smartsupp has a default.
//! - At `startDate` a disabled service becomes active, and at `endDate` an active
//!   one becomes disabled. Nothing has to run at that time: the status that is
//!   shown is worked out from the one that was kept and the dates that have
//!   passed since. A date has its effect once, so a service can be disabled
//!   again after its start. A date that has passed already has its effect when
//!   it is set.
//! - Deleting a service archives it: it leaves lists.
//! - Parameters whose name says that they are secret are shown to admins and owners,
//!   and so is a URL that has more than a host and a path.

use contract::error::FieldViolation;
use contract::operation::{Create, Created, NoContent, Operation, Update};
use contract::services::{
    CreateService, DeleteService, GetService, ListServices, ListServicesQuery, Service,
    ServiceParams, ServiceProvider, ServiceStatus, UpdateService, is_secret,
};
use contract::timestamp::Timestamp;
use contract::validate::Violations;
use serde_json::{Map, Value};

use super::change::change;
use super::conditions::Conditions;
use super::create::{insert, new, with_defaults};
use super::filter::Filter;
use super::list::{self, Asked, Listing};
use super::request::Request;
use super::stamps::{Stamped, Stamps};
use crate::access::{Act, Caller, find, new_owner};
use crate::app::App;
use crate::error::Error;

impl Stamped for Service {
    fn stamps(&mut self) -> Stamps<'_> {
        Stamps {
            id: &mut self.id,
            organization: Some(&mut self.organization),
            created_at: &mut self.created_at,
            updated_at: &mut self.updated_at,
            authors: None,
        }
    }
}

/// Lists services.
pub(crate) async fn list(request: Request<ListServices>) -> Result<Listing<Service>, Error> {
    let (caller, now) = (request.caller, request.app.now()?);
    let ListServicesQuery {
        list,
        id,
        organization,
        name,
        provider,
        status,
        created_at,
    } = request.query;
    let filters = [
        Filter::is("id", id),
        Filter::is("organization", organization),
        Filter::is("type", provider),
        Filter::text("name", name),
        Filter::status(status, ServiceStatus::Archived),
        Filter::time("createdAt", created_at),
    ];
    let asked = Asked {
        app: request.app,
        caller: request.caller,
        query: list,
        cursor: request.cursor,
    };
    list::list(asked, filters, move |service| shown(caller, &service, now)).await
}

/// Creates a service.
pub(crate) async fn create(request: Request<CreateService>) -> Result<Created<Service>, Error> {
    let Request {
        app,
        caller,
        body: Create(service),
        ..
    } = request;
    let (id, mut service) = new(&app, caller, &service).await?;
    fill_in_port(&mut service);
    Violations::check(violations(&service))?;
    let passed = |date: &Timestamp| service.created_at.is_some_and(|now| *date <= now);
    service.status = Some(after(
        service.status.unwrap_or_default(),
        service.start_date.filter(passed),
        service.end_date.filter(passed),
    ));
    insert(&app, caller, &service, Conditions::default()).await?;
    Ok(Created {
        location: format!("{}/{id}", CreateService::PATH),
        reply: service,
    })
}

/// Gets a service.
pub(crate) async fn get(request: Request<GetService>) -> Result<Service, Error> {
    let found = find(&request.app, request.caller, request.path.service_id).await?;
    Ok(shown(request.caller, &found.row, request.app.now()?))
}

/// Changes a service.
pub(crate) async fn update(request: Request<UpdateService>) -> Result<Service, Error> {
    let Request {
        app,
        caller,
        path,
        body: patch,
        ..
    } = request;
    let now = app.now()?;
    let service = change(&app, caller, path.service_id, |service| {
        patched(&app, caller, service, &patch, now)
    })
    .await?;
    Ok(shown(caller, &service, now))
}

/// Archives a service.
pub(crate) async fn delete(request: Request<DeleteService>) -> Result<NoContent, Error> {
    let id = request.path.service_id;
    change(
        &request.app,
        request.caller,
        id,
        |before: Service| async move {
            Ok(Service {
                status: Some(ServiceStatus::Archived),
                ..before
            })
        },
    )
    .await?;
    Ok(NoContent)
}

/// What `caller` is shown of a service.
fn shown(caller: Caller, service: &Service, now: Timestamp) -> Service {
    let mut service = at(service, now);
    if !caller.may(Act::SeeSecrets) {
        service.params = without_secrets(&service.params);
    }
    service
}

/// Parameters without what only those see who manage the service.
fn without_secrets(params: &ServiceParams) -> ServiceParams {
    let ServiceParams {
        advanced,
        url,
        other,
        ..
    } = params.clone();
    let is_plain = |url: &String| !url.contains(['@', '?', '#']);
    ServiceParams {
        password: None,
        intercom_access_token: None,
        secret: None,
        advanced: advanced.map(harmless),
        url: url.filter(is_plain),
        other: harmless(other),
        ..params.clone()
    }
}

/// An object without the entries, at whatever depth, that are secret by their name, and
/// without URLs with a password.
fn harmless(object: Map<String, Value>) -> Map<String, Value> {
    fn of_value(value: Value) -> Value {
        match value {
            Value::Object(object) => Value::Object(harmless(object)),
            Value::Array(items) => items.into_iter().map(of_value).collect(),
            value => value,
        }
    }
    // The user and the password of a URL stand before an @.
    let has_password = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.contains("://") && text.contains('@'))
    };
    object
        .into_iter()
        .filter(|(name, value)| !is_secret(name) && !has_password(value))
        .map(|(name, value)| (name, of_value(value)))
        .collect()
}

/// A service as it is now. What is kept is as it was at `updatedAt`, and the
/// dates before that have had their effect.
fn at(service: &Service, now: Timestamp) -> Service {
    let passed =
        |date: &Timestamp| *date <= now && service.updated_at.is_none_or(|kept| kept < *date);
    let status = after(
        service.status.unwrap_or_default(),
        service.start_date.filter(passed),
        service.end_date.filter(passed),
    );
    Service {
        status: Some(status),
        ..service.clone()
    }
}

/// The status after these dates, as far as there are any. Of two at one instant
/// the start is the first.
fn after(status: ServiceStatus, start: Option<Timestamp>, end: Option<Timestamp>) -> ServiceStatus {
    let begin = |status| match (status, start) {
        (ServiceStatus::Disabled, Some(_)) => ServiceStatus::Active,
        (status, _) => status,
    };
    let finish = |status| match (status, end) {
        (ServiceStatus::Active, Some(_)) => ServiceStatus::Disabled,
        (status, _) => status,
    };
    if start.zip(end).is_some_and(|(start, end)| end < start) {
        begin(finish(status))
    } else {
        finish(begin(status))
    }
}

/// The port of XMPP, where the parameters for Smartsupp name none.
pub(crate) fn fill_in_port(service: &mut Service) {
    if service.provider == Some(ServiceProvider::Smartsupp) {
        let port = &mut service.params.port;
        port.get_or_insert_with(|| "5222".to_owned());
    }
}

/// What is wrong with a new service.
pub(crate) fn violations(service: &Service) -> Vec<FieldViolation> {
    let mut violations = params_violations(service);
    violations.extend(dates_violation(service));
    violations
}

/// What is wrong with the dates of a service. They may be one instant: the
/// documentation shows that.
fn dates_violation(service: &Service) -> Option<FieldViolation> {
    let (start, end) = service.start_date.zip(service.end_date)?;
    (end < start).then(|| FieldViolation::new("endDate", "must not be before `startDate`"))
}

/// What is wrong with the parameters of a service, considering its provider.
fn params_violations(service: &Service) -> Vec<FieldViolation> {
    let ServiceParams {
        jid,
        password,
        host,
        port,
        intercom_app_id,
        intercom_access_token,
        intercom_assignee_id,
        app_id,
        location,
        welcome_message,
        starter,
        start_time,
        end_time,
        start_day,
        end_day,
        url,
        ..
    } = &service.params;
    let provider = service.provider.unwrap_or_default();
    let required: &[(&str, &Option<String>)] = match provider {
        ServiceProvider::Smartsupp => &[("jid", jid), ("password", password), ("host", host)],
        ServiceProvider::Intercom => &[
            ("app_id", intercom_app_id),
            ("access_token", intercom_access_token),
            ("assignee_id", intercom_assignee_id),
        ],
        ServiceProvider::Smooch => &[("appId", app_id)],
        ServiceProvider::Gbm => &[
            ("location", location),
            ("welcomeMessage", welcome_message),
            ("starter", starter),
        ],
        ServiceProvider::Webhook => &[("url", url)],
        ServiceProvider::Twilio
        | ServiceProvider::Mailgun
        | ServiceProvider::Messenger
        | ServiceProvider::Api => &[],
    };
    let missing = required
        .iter()
        .filter(|(_, value)| value.as_deref().is_none_or(str::is_empty))
        .map(|(name, _)| {
            (
                *name,
                format!("is required for services of type {provider}"),
            )
        });

    let mut malformed = Vec::new();
    let mut check = |name, value: &Option<String>, is_right: fn(&str) -> bool, form: &str| {
        if value.as_deref().is_some_and(|value| !is_right(value)) {
            malformed.push((name, form.to_owned()));
        }
    };
    match provider {
        ServiceProvider::Smartsupp => {
            check("port", port, is_port, "must be a port: digits, up to 65535");
        }
        ServiceProvider::Gbm => {
            const TIME: &str = "must be a time as HH:MM, from 00:00 to 23:59";
            const DAY: &str = "must be a day of the week, from MONDAY to SUNDAY";
            check("startTime", start_time, is_time, TIME);
            check("endTime", end_time, is_time, TIME);
            check("startDay", start_day, is_day, DAY);
            check("endDay", end_day, is_day, DAY);
        }
        ServiceProvider::Intercom
        | ServiceProvider::Smooch
        | ServiceProvider::Twilio
        | ServiceProvider::Mailgun
        | ServiceProvider::Messenger
        | ServiceProvider::Webhook
        | ServiceProvider::Api => {}
    }
    missing
        .chain(malformed)
        .map(|(name, description)| FieldViolation::new(format!("params.{name}"), description))
        .collect()
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_time(text: &str) -> bool {
    let number = |text: &str, limit: u8| {
        text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u8>().is_ok_and(|number| number < limit)
    };
    text.split_once(':')
        .is_some_and(|(hours, minutes)| number(hours, 24) && number(minutes, 60))
}

fn is_day(text: &str) -> bool {
    const DAYS: [&str; 7] = [
        "MONDAY",
        "TUESDAY",
        "WEDNESDAY",
        "THURSDAY",
        "FRIDAY",
        "SATURDAY",
        "SUNDAY",
    ];
    DAYS.contains(&text)
}

async fn patched(
    app: &App,
    caller: Caller,
    kept: Service,
    patch: &Update<Service>,
    now: Timestamp,
) -> Result<Service, Error> {
    let before = at(&kept, now);
    let mut service = with_defaults(&patch.apply(&before)?)?;
    fill_in_port(&mut service);
    if service == before {
        return Ok(kept);
    }
    let organization = new_owner(app, caller, before.organization, service.organization).await?;
    let mut wrong = params_violations(&service);
    // Dates that stay may be older than the rule.
    if (service.start_date, service.end_date) != (before.start_date, before.end_date) {
        wrong.extend(dates_violation(&service));
    }
    Violations::check(wrong)?;
    let passed = |before: Option<Timestamp>, after: Option<Timestamp>| {
        after.filter(|date| Some(*date) != before && *date <= now)
    };
    let status = after(
        service.status.unwrap_or_default(),
        passed(before.start_date, service.start_date),
        passed(before.end_date, service.end_date),
    );
    Ok(Service {
        organization: Some(organization),
        status: Some(status),
        // The status that was shown may be changed back to the one that was kept.
        // Then nothing differs but that the dates before have had their effect.
        updated_at: Some(now),
        ..service
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_hours_and_minutes() {
        assert!(["00:00", "23:59", "09:05"].into_iter().all(is_time));
        assert!(
            !["24:00", "12:60", "9:05", "0905", "+9:05", ""]
                .into_iter()
                .any(is_time)
        );
    }

    #[test]
    fn ports_are_digits() {
        assert!(["1", "5222", "65535"].into_iter().all(is_port));
        assert!(!["0", "65536", "+80", "", "http"].into_iter().any(is_port));
    }

    /// Checks the status after dates, in seconds.
    #[track_caller]
    fn check(status: ServiceStatus, start: Option<i64>, end: Option<i64>, expected: ServiceStatus) {
        let date = |second: Option<i64>| {
            let instant = jiff::Timestamp::from_second(second?).ok()?;
            Timestamp::try_from(instant).ok()
        };
        assert_eq!(after(status, date(start), date(end)), expected);
    }

    #[test]
    fn dates_take_effect_in_their_order() {
        use ServiceStatus::{Active, Disabled, Queued};
        check(Disabled, Some(1), None, Active);
        check(Active, None, Some(1), Disabled);
        check(Disabled, Some(1), Some(2), Disabled);
        check(Disabled, Some(1), Some(1), Disabled);
        check(Active, Some(2), Some(1), Active);
        check(Queued, Some(1), Some(2), Queued);
        check(Active, None, None, Active);
    }
}
