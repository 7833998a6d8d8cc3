//! Changes of rpcs and of what is annotated to them.

use std::sync::Arc;

use prost_reflect::{DynamicMessage, Value};

use super::descriptors::{
    change_option, child, flip, list, message, message_mut, option_text, set, text,
};
use super::{Add, Changes, Files};
use crate::json::of_path;
use crate::mutation::{Change, Mutant};

const STREAMED: &str = "transcode.v1.streamed_list";

pub(super) fn of_method(
    slice: usize,
    messages: &[String],
    file: usize,
    service: usize,
    index: usize,
    descriptor: &DynamicMessage,
    mutants: &mut Changes,
) {
    let name = text(descriptor, "name");
    let methods = move |files: &mut Files, change: &dyn Fn(&mut Vec<Value>)| {
        let file = Arc::make_mut(&mut files[file]);
        let service = message_mut(&mut list(file, "service")[service]);
        change(list(service, "method"));
    };
    let mut add = |kind, place: &str, change: Change<DynamicMessage>| {
        let place = format!("{name} {place}");
        mutants.push(Mutant::new(slice, kind, place, move |files: &mut Files| {
            methods(files, &|methods| change(message_mut(&mut methods[index])));
        }));
    };
    add(
        "rpc renamed",
        "",
        Box::new(|method| {
            let name = format!("{}Again", text(method, "name"));
            set(method, "name", name.as_str());
        }),
    );
    add(
        "rpc deprecated",
        "",
        Box::new(|method| flip(child(method, "options"), "deprecated")),
    );
    for side in ["client_streaming", "server_streaming"] {
        add(
            "streaming flipped",
            side,
            Box::new(move |method| flip(method, side)),
        );
    }
    for field in ["input_type", "output_type"] {
        // Enough to meet each kind of message.
        for to in messages.iter().step_by(7) {
            let to = to.clone();
            let place = format!("{field} {to}");
            add(
                "rpc of other message",
                &place,
                Box::new(move |method| set(method, field, to.as_str())),
            );
        }
    }
    of_annotation(descriptor, &mut add);
    if option_text(descriptor, "transcode.v1.upload", "part").is_some() {
        for (field, values) in [
            ("part", ["picture", ""]),
            ("file_name", ["header.shoe", ""]),
            ("content_type", ["header.shoe", ""]),
            ("content", ["shoe", ""]),
        ] {
            for value in values {
                add(
                    "upload changed",
                    field,
                    Box::new(move |method| {
                        change_option(method, "transcode.v1.upload", |options, extension| {
                            let upload = options.get_extension_mut(extension);
                            set(message_mut(upload), field, value);
                        });
                    }),
                );
            }
        }
        add(
            "upload swapped",
            "",
            Box::new(|method| {
                change_option(method, "transcode.v1.upload", |options, extension| {
                    let upload = message_mut(options.get_extension_mut(extension));
                    set(&mut *upload, "file_name", "header.content_type");
                    set(upload, "content_type", "header.file_name");
                });
            }),
        );
        add(
            "upload dropped",
            "",
            Box::new(|method| {
                change_option(method, "transcode.v1.upload", |options, extension| {
                    options.clear_extension(extension);
                });
            }),
        );
    }
    if option_text(descriptor, STREAMED, "list").is_some() {
        for (field, value) in [
            ("list", "ListShoes"),
            ("list", ""),
            ("page_size", "offset"),
            ("page_size", "shoe_size"),
            ("page_size", ""),
        ] {
            add(
                "streamed list changed",
                &format!("{field} {value:?}"),
                Box::new(move |method| {
                    change_option(method, STREAMED, |options, extension| {
                        let streamed = options.get_extension_mut(extension);
                        set(message_mut(streamed), field, value);
                    });
                }),
            );
        }
        add(
            "streamed list dropped",
            "",
            Box::new(|method| {
                change_option(method, STREAMED, |options, extension| {
                    options.clear_extension(extension);
                });
            }),
        );
    }
    mutants.push(Mutant::new(
        slice,
        "rpc dropped",
        &name,
        move |files: &mut Files| {
            methods(files, &|methods| drop(methods.remove(index)));
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "rpc added",
        &name,
        move |files: &mut Files| {
            methods(files, &|methods| {
                let mut again = message(&methods[index]).clone();
                let name = format!("{}Again", text(&again, "name"));
                set(&mut again, "name", name.as_str());
                methods.push(Value::Message(again));
            });
        },
    ));
    mutants.push(Mutant::new(
        slice,
        "rpc moved to another service",
        &name,
        move |files: &mut Files| {
            let file = Arc::make_mut(&mut files[file]);
            let services = list(file, "service");
            let mut other = message(&services[service]).clone();
            set(&mut other, "name", "ShoeService");
            let own = list(message_mut(&mut services[service]), "method");
            let moved = own.remove(index);
            let was_alone = own.is_empty();
            *list(&mut other, "method") = vec![moved];
            if was_alone {
                // Alone in its service, it would only be in a service of another name.
                let own = list(message_mut(&mut services[service]), "method");
                own.append(list(&mut other, "method"));
            } else {
                services.push(Value::Message(other));
            }
        },
    ));
}

fn of_annotation(descriptor: &DynamicMessage, add: &mut Add<'_>) {
    const VERBS: [&str; 5] = ["get", "put", "post", "delete", "patch"];
    const HTTP: &str = "google.api.http";
    fn with_rule(method: &mut DynamicMessage, change: impl FnOnce(&mut DynamicMessage)) {
        change_option(method, HTTP, |options, extension| {
            change(message_mut(options.get_extension_mut(extension)));
        });
    }
    let verb = VERBS.into_iter().find(|verb| {
        let path = option_text(descriptor, HTTP, verb);
        path.is_some_and(|path| !path.is_empty())
    });
    let verb = verb.expect("every rpc has a verb");
    let path = option_text(descriptor, HTTP, verb).expect("every rpc has a path");
    for other in VERBS {
        let to = path.clone();
        add(
            "verb changed",
            other,
            Box::new(move |method| {
                with_rule(method, |rule| set(rule, other, to.as_str()));
            }),
        );
    }
    for (kind, to) in of_path(&path) {
        let place = to.clone();
        add(
            kind,
            &place,
            Box::new(move |method| with_rule(method, |rule| set(rule, verb, to.as_str()))),
        );
    }
    if path.contains('}') {
        for pattern in ["=*}", "=**}", "=shoes/*}"] {
            let to = path.replacen('}', pattern, 1);
            add(
                "path variable with a pattern",
                pattern,
                Box::new(move |method| {
                    with_rule(method, |rule| set(rule, verb, to.as_str()));
                }),
            );
        }
    }
    let to = format!("{path}:shoe");
    add(
        "custom verb added",
        "",
        Box::new(move |method| {
            with_rule(method, |rule| set(rule, verb, to.as_str()));
        }),
    );
    for field in ["body", "response_body"] {
        for to in ["", "*", "shoe_size", "user", "user_id", "next_offset"] {
            add(
                "annotation changed",
                &format!("{field} {to:?}"),
                Box::new(move |method| {
                    with_rule(method, |rule| match to {
                        "" => rule.clear_field_by_name(field),
                        to => set(rule, field, to),
                    });
                }),
            );
        }
    }
    add(
        "binding added",
        "",
        Box::new(|method| {
            with_rule(method, |rule| {
                let again = rule.clone();
                list(rule, "additional_bindings").push(Value::Message(again));
            });
        }),
    );
    add(
        "annotation dropped",
        "",
        Box::new(|method| {
            change_option(method, HTTP, |options, extension| {
                options.clear_extension(extension);
            });
        }),
    );
}
