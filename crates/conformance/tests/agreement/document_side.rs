//! Changes of the OpenAPI document.

use std::collections::BTreeSet;

use conformance::from_openapi;
use serde_json::{Value, json};

use crate::contract_side::replace;
use crate::json::{flip, members, of_path, of_schema, of_value, references, rename, without_prose};
use crate::mutation::{Change, Mutant, all_are_noticed};
use crate::{CONTRACT, DOCUMENT, OPENAPI, PROTOS, differences, only};

type Changes = Vec<Mutant<Value>>;

#[test]
fn every_change_of_the_document_is_noticed() {
    let mut document = OPENAPI.clone();
    without_prose(&mut document["components"]);
    without_prose(&mut document["paths"]);
    let mut slices = slices(&document);
    let mut mutants = Changes::new();
    let mut done = BTreeSet::new();
    for (number, slice) in slices.iter().enumerate() {
        of_schemas(number, slice, &mut done, &mut mutants);
        for (path, item) in slice["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                of_operation(number, path, method, operation, &mut mutants);
            }
        }
    }
    of_the_whole(slices.len(), &document, &mut mutants);
    slices.push(document);
    let others: Vec<_> = slices
        .iter()
        .map(|slice| {
            let read = from_openapi(slice, DOCUMENT).expect("a slice is a document");
            let ids = read.operations.into_keys().collect();
            (only(&PROTOS, &ids), only(&CONTRACT, &ids))
        })
        .collect();
    all_are_noticed("the document", &slices, &mutants, |slice, changed| {
        let (protos, contract) = &others[slice];
        let read = from_openapi(changed, DOCUMENT)?;
        Ok::<_, conformance::OpenApiError>(differences(protos, contract, &read))
    });
}

/// The operations of each tag, and the components that they need.
fn slices(document: &Value) -> Vec<Value> {
    let tags = document["tags"].as_array().expect("tags");
    let slices = tags.iter().map(|tag| {
        let mut slice = document.clone();
        slice["tags"] = json!([tag]);
        let paths = members(&mut slice["paths"]);
        for item in paths.values_mut() {
            members(item).retain(|_, operation| operation["tags"][0] == tag["name"]);
        }
        paths.retain(|_, item| !members(item).is_empty());
        let mut todo = Vec::new();
        references(&slice["paths"], &mut todo);
        let mut needed = BTreeSet::new();
        while let Some(target) = todo.pop() {
            let pointer = target.trim_start_matches('#').to_owned();
            if needed.insert(pointer.clone()) {
                let value = document.pointer(&pointer).expect("references resolve");
                references(value, &mut todo);
            }
        }
        for (section, named) in members(&mut slice["components"]) {
            members(named).retain(|name, _| {
                let pointer = format!("/components/{section}/{name}");
                section == "securitySchemes" || needed.contains(&pointer)
            });
        }
        slice
    });
    slices.collect()
}

fn reference(name: &str) -> String {
    format!("#/components/schemas/{name}")
}

/// Changes every schema of the slice that is not done already.
fn of_schemas(slice: usize, document: &Value, done: &mut BTreeSet<String>, mutants: &mut Changes) {
    let others = ["UserStatus", "Alias", "Nothing"].map(reference);
    let schemas = document["components"]["schemas"].as_object();
    for (name, schema) in schemas.expect("schemas") {
        if !done.insert(name.clone()) {
            continue;
        }
        for (kind, place, change) in of_schema(schema, &others) {
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                kind,
                format!("{name}{place}"),
                move |document: &mut Value| {
                    change(&mut document["components"]["schemas"][&of]);
                },
            ));
        }
        let of = name.clone();
        mutants.push(Mutant::new(
            slice,
            "type dropped",
            name,
            move |document: &mut Value| {
                members(&mut document["components"]["schemas"]).shift_remove(&of);
            },
        ));
        let copy = schema.clone();
        let to = format!("Shoe{name}");
        mutants.push(Mutant::new(
            slice,
            "type added",
            to.clone(),
            move |document: &mut Value| {
                document["components"]["schemas"][&to] = copy.clone();
            },
        ));
        let (of, to) = (name.clone(), format!("Shoe{name}"));
        mutants.push(Mutant::new(
            slice,
            "type renamed",
            name,
            move |document: &mut Value| {
                rename(&mut document["components"]["schemas"], &of, &to);
                replace(document, &reference(&of), &reference(&to));
            },
        ));
    }
}

fn of_operation(slice: usize, path: &str, method: &str, operation: &Value, mutants: &mut Changes) {
    let mut add = |kind, place: &str, change: Change<Value>| {
        let (path, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {path} {place}");
        mutants.push(Mutant::new(
            slice,
            kind,
            place,
            move |document: &mut Value| {
                change(&mut document["paths"][&path][&method]);
            },
        ));
    };
    add(
        "operation renamed",
        "",
        Box::new(|operation| operation["operationId"] = "shoe".into()),
    );
    for member in [
        "operationId",
        "tags",
        "responses",
        "requestBody",
        "parameters",
    ] {
        let drop = move |operation: &mut Value| {
            members(operation).shift_remove(member);
        };
        add("part of operation dropped", member, Box::new(drop));
    }
    add(
        "operation deprecated",
        "",
        Box::new(|operation| flip(operation, "deprecated")),
    );
    add(
        "tag changed",
        "",
        Box::new(|operation| operation["tags"] = json!(["Bots", "Users"])),
    );
    add(
        "tag changed",
        "Shoes",
        Box::new(|operation| operation["tags"] = json!(["Shoes"])),
    );
    add(
        "tag changed",
        "other",
        Box::new(|operation| {
            operation["tags"][0] = if operation["tags"][0] == "Bots" {
                "Users"
            } else {
                "Bots"
            }
            .into();
        }),
    );
    for security in [
        json!([]),
        json!([{"bearer": []}, {}]),
        json!([{"key": []}]),
        json!([{}]),
    ] {
        let place = security.to_string();
        add(
            "security changed",
            &place,
            Box::new(move |operation| {
                // Said of the whole already, unless it says otherwise.
                operation["security"] = security.clone();
            }),
        );
    }
    add(
        "security default",
        "",
        Box::new(|operation| {
            members(operation).shift_remove("security");
        }),
    );
    let parameters = operation["parameters"].as_array().map_or(0, Vec::len);
    for number in 0..parameters {
        let parameter = &operation["parameters"][number];
        let name = parameter["name"].to_string();
        let mut change = |kind, change: fn(&mut Value)| {
            add(
                kind,
                &name,
                Box::new(move |operation| change(&mut operation["parameters"][number])),
            );
        };
        change("parameter renamed", |parameter| {
            parameter["name"] = "shoeSize".into();
        });
        change("parameter moved", |parameter| {
            parameter["in"] = "header".into();
        });
        change("parameter moved", |parameter| {
            parameter["in"] = "query".into();
        });
        change("parameter moved", |parameter| {
            parameter["in"] = "path".into();
        });
        change("parameter required flipped", |parameter| {
            parameter["required"] = (parameter["required"] != true).into();
        });
        change("parameter deprecated", |parameter| {
            flip(parameter, "deprecated");
        });
        change("parameter style", |parameter| {
            parameter["style"] = "spaceDelimited".into();
        });
        change("parameter explode", |parameter| {
            parameter["explode"] = true.into();
        });
        add(
            "parameter dropped",
            &name,
            Box::new(move |operation| {
                operation["parameters"]
                    .as_array_mut()
                    .expect("a list")
                    .remove(number);
            }),
        );
        add(
            "parameter repeated",
            &name,
            Box::new(move |operation| {
                let again = operation["parameters"][number].clone();
                operation["parameters"]
                    .as_array_mut()
                    .expect("a list")
                    .push(again);
            }),
        );
        for (kind, place, change) in of_value(
            &parameter["schema"],
            &[reference("Role"), reference("UserStatus")],
        ) {
            let place = format!("{name}{place}");
            add(
                kind,
                &place,
                Box::new(move |operation| {
                    change(&mut operation["parameters"][number]["schema"]);
                }),
            );
        }
    }
    add(
        "parameter added",
        "",
        Box::new(|operation| {
            let added = json!({"name": "shoeSize", "in": "query", "schema": {"type": "string"}});
            match operation["parameters"].as_array_mut() {
                Some(parameters) => parameters.push(added),
                None => operation["parameters"] = json!([added]),
            }
        }),
    );
    of_body(operation, &mut add);
    of_responses(operation, &mut add);
    for (kind, to) in of_path(path) {
        let (from, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {from} to {to}");
        mutants.push(Mutant::new(
            slice,
            kind,
            place,
            move |document: &mut Value| {
                let operation = members(&mut document["paths"][&from]).shift_remove(&method);
                document["paths"][&to][&method] = operation.expect("it is there");
            },
        ));
    }
    for to in ["get", "put", "post", "patch", "delete", "head", "query"] {
        let (path, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {path} to {to}");
        mutants.push(Mutant::new(
            slice,
            "verb changed",
            place,
            move |document: &mut Value| {
                let operation = members(&mut document["paths"][&path]).shift_remove(&method);
                document["paths"][&path][to] = operation.expect("it is there");
            },
        ));
    }
    let (of, name) = (path.to_owned(), method.to_owned());
    let place = format!("{method} {path}");
    mutants.push(Mutant::new(
        slice,
        "operation dropped",
        &place,
        move |document: &mut Value| {
            members(&mut document["paths"][&of]).shift_remove(&name);
        },
    ));
    for id in ["", "Again"] {
        let (of, name) = (path.to_owned(), method.to_owned());
        mutants.push(Mutant::new(
            slice,
            "operation added",
            &place,
            move |document: &mut Value| {
                let mut again = document["paths"][&of][&name].clone();
                let renamed = format!("{}{id}", again["operationId"].as_str().expect("an id"));
                again["operationId"] = renamed.into();
                document["paths"][format!("{of}/again")] = json!({ &name: again });
            },
        ));
    }
}

type Add<'a> = dyn FnMut(&'static str, &str, Change<Value>) + 'a;

fn of_body(operation: &Value, add: &mut Add<'_>) {
    if operation.get("requestBody").is_none() {
        let body = json!({"required": true, "content": {"application/json": {"schema": {}}}});
        return add(
            "body added",
            "",
            Box::new(move |operation| operation["requestBody"] = body.clone()),
        );
    }
    add(
        "body required flipped",
        "",
        Box::new(|operation| {
            operation["requestBody"]["required"] = false.into();
        }),
    );
    let content = operation["requestBody"]["content"].as_object();
    for (media, value) in content.expect("content") {
        let of = media.clone();
        add(
            "body of other media type",
            media,
            Box::new(move |operation| {
                rename(
                    &mut operation["requestBody"]["content"],
                    &of,
                    "application/xml",
                );
            }),
        );
        add(
            "body of two media types",
            media,
            Box::new(move |operation| {
                operation["requestBody"]["content"]["application/xml"] = json!({});
            }),
        );
        let mut changes = of_value(
            &value["schema"],
            &[reference("AliasCreate"), reference("Nothing")],
        );
        changes.extend(of_schema(&value["schema"], &[]));
        for (kind, place, change) in changes {
            // Of a body that is a reference, only the target means something.
            let means_nothing = matches!(
                kind,
                "readOnly flipped"
                    | "writeOnly flipped"
                    | "property deprecated"
                    | "type deprecated"
            );
            if !means_nothing {
                let of = media.clone();
                let place = format!("body{place}");
                add(
                    kind,
                    &place,
                    Box::new(move |operation| {
                        change(&mut operation["requestBody"]["content"][&of]["schema"]);
                    }),
                );
            }
        }
        for part in value["encoding"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            let (of, part) = (media.clone(), part.clone());
            add(
                "types of a file changed",
                &part.clone(),
                Box::new(move |operation| {
                    operation["requestBody"]["content"][&of]["encoding"][&part]["contentType"] =
                        "image/png".into();
                }),
            );
        }
    }
}

fn of_responses(operation: &Value, add: &mut Add<'_>) {
    for (status, response) in operation["responses"].as_object().expect("responses") {
        for to in ["200", "201", "204", "299", "404", "499", "5XX"] {
            let of = status.clone();
            add(
                "status changed",
                &format!("{status} to {to}"),
                Box::new(move |operation| {
                    rename(&mut operation["responses"], &of, to);
                }),
            );
        }
        let of = status.clone();
        add(
            "response dropped",
            status,
            Box::new(move |operation| {
                members(&mut operation["responses"]).shift_remove(&of);
            }),
        );
        for name in response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name)
        {
            let (of, header) = (status.clone(), name.clone());
            add(
                "header dropped",
                &format!("{status} {name}"),
                Box::new(move |operation| {
                    members(&mut operation["responses"][&of]["headers"]).shift_remove(&header);
                }),
            );
        }
        let success = status.starts_with('2');
        let is_new = |header: &&str| success && response["headers"].get(*header).is_none();
        for header in ["Link", "Location"].into_iter().filter(is_new) {
            let of = status.clone();
            add(
                "header added",
                header,
                Box::new(move |operation| {
                    operation["responses"][&of]["headers"][header] =
                        json!({"schema": {"type": "string"}});
                }),
            );
        }
        let Some(content) = response["content"].as_object() else {
            if success {
                let of = status.clone();
                add(
                    "reply added",
                    status,
                    Box::new(move |operation| {
                        operation["responses"][&of]["content"] =
                            json!({"application/json": {"schema": {}}});
                    }),
                );
            }
            continue;
        };
        let of = status.clone();
        add(
            "content dropped",
            status,
            Box::new(move |operation| {
                members(&mut operation["responses"][&of]).shift_remove("content");
            }),
        );
        for (media, value) in content {
            let (of, from) = (status.clone(), media.clone());
            add(
                "reply of other media type",
                status,
                Box::new(move |operation| {
                    rename(
                        &mut operation["responses"][&of]["content"],
                        &from,
                        "text/plain",
                    );
                }),
            );
            for (kind, place, change) in of_value(
                &value["schema"],
                &[reference("Alias"), reference("Nothing")],
            ) {
                let means_nothing = matches!(
                    kind,
                    "readOnly flipped" | "writeOnly flipped" | "property deprecated"
                );
                if !means_nothing {
                    let (of, media) = (status.clone(), media.clone());
                    add(
                        kind,
                        &format!("{status}{place}"),
                        Box::new(move |operation| {
                            change(&mut operation["responses"][&of]["content"][&media]["schema"]);
                        }),
                    );
                }
            }
        }
    }
    add(
        "response added",
        "",
        Box::new(|operation| {
            operation["responses"]["418"] = json!({"description": "A teapot."});
        }),
    );
}

fn of_the_whole(slice: usize, document: &Value, mutants: &mut Changes) {
    let mut add = |kind, place: &str, change: fn(&mut Value)| {
        mutants.push(Mutant::new(slice, kind, place, change));
    };
    add("version", "3.0", |document| {
        document["openapi"] = "3.0.3".into();
    });
    add("server", "/v3", |document| {
        document["servers"][0]["url"] = "/v3".into();
    });
    add("server", "none", |document| {
        drop(members(document).shift_remove("servers"));
    });
    add("server", "two", |document| {
        document["servers"] = json!([{"url": "/v2"}, {"url": "/v3"}]);
    });
    add("security", "none", |document| {
        drop(members(document).shift_remove("security"));
    });
    add("security", "other", |document| {
        document["security"] = json!([{"key": []}]);
    });
    add("security", "optional", |document| {
        document["security"] = json!([{"bearer": []}, {}]);
    });
    add("scheme", "basic", |document| {
        document["components"]["securitySchemes"]["bearer"]["scheme"] = "basic".into();
    });
    add("scheme", "key", |document| {
        document["components"]["securitySchemes"]["bearer"]["type"] = "apiKey".into();
    });
    add("scheme", "dropped", |document| {
        members(&mut document["components"]).shift_remove("securitySchemes");
    });
    add("scheme", "added", |document| {
        document["components"]["securitySchemes"]["key"] = json!({"type": "apiKey"});
    });
    add("tag", "added", |document| {
        let tags = document["tags"].as_array_mut();
        tags.expect("tags").push(json!({"name": "Shoes"}));
    });
    add("components", "dropped", |document| {
        drop(members(document).shift_remove("components"));
    });
    add("paths", "dropped", |document| {
        drop(members(document).shift_remove("paths"));
    });
    for number in 0..document["tags"].as_array().map_or(0, Vec::len) {
        mutants.push(Mutant::new(
            slice,
            "tag dropped",
            number.to_string(),
            move |document: &mut Value| {
                document["tags"]
                    .as_array_mut()
                    .expect("tags")
                    .remove(number);
            },
        ));
        mutants.push(Mutant::new(
            slice,
            "tag renamed",
            number.to_string(),
            move |document: &mut Value| {
                document["tags"][number]["name"] = "Shoes".into();
            },
        ));
    }
    for section in ["responses", "headers"] {
        let named = document["components"][section].as_object();
        for name in named.into_iter().flatten().map(|(name, _)| name) {
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                "component dropped",
                name,
                move |document: &mut Value| {
                    members(&mut document["components"][section]).shift_remove(&of);
                },
            ));
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                "component emptied",
                name,
                move |document: &mut Value| {
                    document["components"][section][&of] = json!({"description": "Nothing."});
                },
            ));
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                "component added",
                name,
                move |document: &mut Value| {
                    let copy = document["components"][section][&of].clone();
                    document["components"][section][format!("Shoe{of}")] = copy;
                },
            ));
        }
    }
    for path in document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name)
    {
        for (key, value) in [
            (
                "parameters",
                json!([{"name": "shoe", "in": "query", "schema": {}}]),
            ),
            ("servers", json!([{"url": "/v3"}])),
        ] {
            let of = path.clone();
            mutants.push(Mutant::new(
                slice,
                "path-wide part added",
                path,
                move |document: &mut Value| {
                    document["paths"][&of][key] = value.clone();
                },
            ));
        }
    }
}
