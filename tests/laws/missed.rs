//! Faults that are seen only by who looks at what is missing, or at requests that nobody
//! makes by accident.

use conformance::verify::Law;
use http::StatusCode;

use crate::faults::{check, each};
use crate::faulty::Fault;

/// Takes a property from the elements of a list.
fn lacks(path: &'static str, name: &'static str) -> Fault {
    Fault::in_replies(move |asked, answered| {
        let is_selected = asked.has("select");
        if asked.is("GET", path) && answered.status == StatusCode::OK && !is_selected {
            each(asked, answered, path, |thing| {
                drop(thing.as_object_mut().map(|thing| thing.remove(name)));
            });
        }
    })
}

#[tokio::test]
async fn a_list_that_lacks_a_property_that_a_read_has() {
    let fault = lacks("/users", "settings");
    check(Law::ReadIsWhatIsListed, "/users", false, fault).await;
}

#[tokio::test]
async fn a_list_that_lacks_a_property_that_was_written() {
    let fault = lacks("/forms", "pointsByBot");
    check(Law::ListShowsWhatWasWritten, "/forms", true, fault).await;
}
