//! The sample of a configuration file, which has every key as a comment.

use std::fmt::Write as _;

use clap::Command;

use super::argument::{Argument, of_servers};
use super::schema::description;

const WIDTH: usize = 88;

const HEAD: &str = "\
#:schema ./config.schema.json

# A configuration of `web1on1 serve`, `gateway` and `backend`, for `--config` or the variable
# WEB1ON1_CONFIG. Each key is the long name of an argument, and stands here with its default,
# or with what its value is where it is not set by default. Take the `#` away from what you
# change. docs/configuration.md says more.
";

/// Returns the sample.
pub(super) fn sample(root: &Command) -> String {
    let arguments = of_servers(root, &[]);
    let mut headings: Vec<Option<&str>> = Vec::new();
    for argument in &arguments {
        if !headings.contains(&argument.heading()) {
            headings.push(argument.heading());
        }
    }
    let mut text = HEAD.to_owned();
    for heading in headings {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "\n## {}", heading.unwrap_or("Places and addresses"));
        let below = arguments
            .iter()
            .filter(|argument| argument.heading() == heading);
        for argument in below {
            let _ = write!(text, "\n{}", entry(root, argument));
        }
    }
    text
}

fn entry(root: &Command, argument: &Argument) -> String {
    let mut text = String::new();
    let mut line = String::from("#");
    for word in description(root, argument).split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let period = if line.ends_with('.') { "" } else { "." };
    let (name, value) = (&argument.name, argument.example(None));
    let _ = writeln!(text, "{line}{period}\n# {name} = {value}");
    text
}
