//! Makes a request of the bytes of a message, typed and in one pass: both make the same
//! path, query and body, or name the same violations, or refuse the bytes.
//!
//! The first byte says of which rpc, and whether the others are the message itself or
//! the choices of which one is made.

#![no_main]

use kitchen_sink::arbitrary::{self, Choices};
use kitchen_sink::kitchen::{
    KitchenServiceAmendBook, KitchenServiceEcho, KitchenServiceGetNested, KitchenServiceGetTyped,
    KitchenServiceReplaceBook, KitchenServiceSearch, KitchenServiceSetMeta, KitchenServiceSetNotes,
    KitchenServiceSetSubtitle, KitchenServiceSetTags, KitchenServiceUpdateBook,
    KitchenServiceUploadCover,
};
use libfuzzer_sys::fuzz_target;
use prost::Message as _;
use transcode::{Refused, RestCall, wire};

fn check<C: RestCall>(input: &[u8], is_message: bool) {
    let made;
    let message = if is_message {
        input
    } else {
        made = arbitrary::message((C::request().message)(), &mut Choices::new(input));
        &made
    };
    let typed = C::Request::decode(message).ok();
    let typed = typed.map(transcode::request_parts::<C>);
    let one_pass = match wire::request_parts(&C::PATH, C::request(), message) {
        Ok(parts) => Some(Ok(parts)),
        Err(Refused::Violations(violations)) => Some(Err(violations)),
        Err(Refused::Malformed(_)) => None,
    };
    assert_eq!(one_pass, typed, "of {message:02x?}");
}

const CHECKS: [fn(&[u8], bool); 12] = [
    check::<KitchenServiceAmendBook>,
    check::<KitchenServiceEcho>,
    check::<KitchenServiceGetNested>,
    check::<KitchenServiceGetTyped>,
    check::<KitchenServiceReplaceBook>,
    check::<KitchenServiceSearch>,
    check::<KitchenServiceSetMeta>,
    check::<KitchenServiceSetNotes>,
    check::<KitchenServiceSetSubtitle>,
    check::<KitchenServiceSetTags>,
    check::<KitchenServiceUpdateBook>,
    check::<KitchenServiceUploadCover>,
];

fuzz_target!(|input: &[u8]| {
    if let Some((first, rest)) = input.split_first() {
        let check = CHECKS[usize::from(*first >> 1) % CHECKS.len()];
        check(rest, first & 1 == 1);
    }
});
