//! The contract watch as arguments, and what it holds replies against.

use clap::Args;

use ::contract::operation::ReplyBody;
use ::contract::validate::Violations;
use http::StatusCode;
use serde_json::Value;

/// How closely the upstream is watched.
#[derive(Args, Debug)]
pub(crate) struct WatchArgs {
    /// The share of the replies, from 0 to 1, that are also validated against the JSON
    /// Schema of the contract; whatever is found, no call fails for it
    #[arg(long, value_name = "RATIO", default_value_t = 0.0, value_parser = ratio)]
    pub(super) watch_sample: f64,
}

fn ratio(text: &str) -> Result<f64, String> {
    let ratio = text.parse().ok();
    ratio
        .filter(|ratio| (0.0..=1.0).contains(ratio))
        .ok_or_else(|| "is not a number from 0 to 1".to_owned())
}

/// The places where a reply differs from the JSON Schema of its operation.
pub(super) fn judge(
    rpc: &str,
    status: StatusCode,
    reply: &[u8],
) -> Option<Result<(), Vec<String>>> {
    let operation = ::contract::find(&operation_id(rpc)?)?;
    if operation.status != status {
        return None;
    }
    let document = operation.reply.body.document()?;
    let Ok(value) = serde_json::from_slice::<Value>(reply) else {
        return Some(Err(vec![String::new()]));
    };
    let places = |violations: Violations, before: &str| -> Vec<String> {
        let violations = violations.into_vec().into_iter();
        violations
            .map(|violation| match violation.field {
                field if field.is_empty() || field.starts_with('[') => before.to_owned() + &field,
                field => format!("{before}.{field}"),
            })
            .collect()
    };
    let found: Vec<String> = match (operation.reply.body, &value) {
        (ReplyBody::List(_), Value::Array(elements)) => elements
            .iter()
            .filter_map(|element| document.validate(element).err())
            .flat_map(|violations| places(violations, "[]"))
            .collect(),
        (ReplyBody::List(_), _) => vec![String::new()],
        _ => {
            let violations = document.validate(&value).err();
            violations.map_or_else(Vec::new, |violations| places(violations, ""))
        }
    };
    Some(if found.is_empty() { Ok(()) } else { Err(found) })
}

/// The operation that an rpc is for. Lists have two rpcs, one of which streams.
fn operation_id(rpc: &str) -> Option<String> {
    let (_, method) = rpc.rsplit_once('/')?;
    let method = method
        .strip_prefix("Stream")
        .map_or_else(|| method.to_owned(), |of| format!("List{of}"));
    let (first, rest) = method.split_at_checked(1)?;
    Some(first.to_ascii_lowercase() + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(rpc: &str, reply: &str, expected: Option<Result<(), &[&str]>>) {
        let found = judge(rpc, StatusCode::OK, reply.as_bytes());
        let expected = expected.map(|expected| {
            expected.map_err(|places| places.iter().map(ToString::to_string).collect())
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn every_rpc_is_that_of_an_operation() {
        let descriptors = prost_reflect::DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET);
        let descriptors = descriptors.expect("they are embedded");
        let services = descriptors.services();
        let services =
            services.filter(|service| proto::v2::SERVICES.contains(&service.full_name()));
        for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
            let rpc = format!("{}/{}", method.parent_service().full_name(), method.name());
            let id = operation_id(&rpc).expect("it is an rpc");
            assert!(
                ::contract::find(&id).is_some(),
                "{rpc} is for no operation {id}"
            );
        }
    }

    #[test]
    fn a_reply_is_held_against_its_schema() {
        let rpc = "web1on1.v2.UserService/ListUsers";
        check(rpc, "[]", Some(Ok(())));
        check(rpc, r#"[{"email": "jan@example.com"}]"#, Some(Ok(())));
        check(rpc, r#"[{}, {"email": 3}]"#, Some(Err(&["[].email"])));
        check(rpc, "{}", Some(Err(&[""])));
        check(rpc, "no JSON", Some(Err(&[""])));
        check("web1on1.v2.UserService/DeleteUser", "", None);
        check("grpc.health.v1.Health/Check", "{}", None);
    }
}
