//! The form of the upstream's errors as arguments.

use clap::Args;
use transcode::{ErrorShape, Pointer};

/// Where the parts of an error are, if it is neither a `google.rpc.Status` nor problem
/// details.
#[derive(Args, Debug)]
#[command(next_help_heading = "Errors of the upstream")]
#[expect(
    clippy::struct_field_names,
    reason = "clap names the arguments after the fields"
)]
pub(crate) struct ErrorShapeArgs {
    /// Where the code of an error is in its JSON body, such as /error/code
    ///
    /// The name of a code of gRPC, such as `NOT_FOUND`, is the code of the call; any other
    /// is the reason. A `google.rpc.Status` and problem details are read without this.
    #[arg(long, value_name = "POINTER")]
    upstream_error_code: Option<Pointer>,

    /// Where its message is, which may be a text or a list of texts, such as /error/message
    #[arg(long, value_name = "POINTER")]
    upstream_error_message: Option<Pointer>,

    /// Where it says what is wrong with which field, such as /errors: a list of objects, or
    /// an object with a member for each field
    #[arg(long, value_name = "POINTER")]
    upstream_error_violations: Option<Pointer>,

    /// Where the name of the field is in an element of that list
    #[arg(long, value_name = "POINTER", default_value = "/field")]
    upstream_error_field: Pointer,

    /// Where the text is in an element of that list that says what is wrong
    #[arg(long, value_name = "POINTER", default_value = "/message")]
    upstream_error_description: Pointer,
}

impl ErrorShapeArgs {
    /// The form of the errors.
    pub(super) fn shape(&self) -> ErrorShape {
        ErrorShape {
            code: self.upstream_error_code.clone(),
            message: self.upstream_error_message.clone(),
            violations: self.upstream_error_violations.clone(),
            field: self.upstream_error_field.clone(),
            description: self.upstream_error_description.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        errors: ErrorShapeArgs,
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_translation() {
        let arguments = <Arguments as clap::Parser>::parse_from(["web1on1"]);
        let found = format!("{:?}", arguments.errors.shape());
        assert_eq!(found, format!("{:?}", ErrorShape::default()));
    }

    #[test]
    fn what_is_no_pointer_is_told_at_the_start() {
        let given = ["web1on1", "--upstream-error-code", "error.code"];
        let error = <Arguments as clap::Parser>::try_parse_from(given).map(|_| ());
        let error = error.expect_err("it has no slash").to_string();
        assert!(error.contains("begins with a slash"), "{error}");
    }
}
