//! What is wrong with how an rpc is bound to HTTP.

use crate::api::{Api, Place};
use crate::aspects::STATEMENT;

/// What is found of one rpc, in the order in which it is read.
#[derive(Default)]
pub(super) struct Faults {
    found: Vec<Fault>,
}

struct Fault {
    aspect: &'static str,
    message: String,
    is_convention: bool,
}

impl Faults {
    /// Notes what no comparison could be made of.
    pub(super) fn push(&mut self, message: String) {
        self.push_of(STATEMENT, message);
    }

    /// Notes what is about a fact that has a name of its own.
    pub(super) fn push_of(&mut self, aspect: &'static str, message: String) {
        self.found.push(Fault {
            aspect,
            message,
            is_convention: false,
        });
    }

    /// Notes what is against a convention of this project alone.
    pub(super) fn push_convention(&mut self, message: String) {
        self.found.push(Fault {
            aspect: STATEMENT,
            message,
            is_convention: true,
        });
    }

    /// Adds them to the API, as those of an rpc.
    pub(super) fn note(self, api: &mut Api, id: &str, place: &Place) {
        for fault in self.found {
            if fault.is_convention {
                api.convention(id, fault.message, place.clone());
            } else {
                api.problem_of(fault.aspect, id, fault.message, place.clone());
            }
        }
    }
}
