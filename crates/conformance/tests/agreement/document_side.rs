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
                move |it: &mut Value| {
                    change(&mut it["components"]["schemas"][&of]);
                },
            ));
        }
        let of = name.clone();
        mutants.push(Mutant::new(
            slice,
            "type dropped",
            name,
            move |it: &mut Value| {
                members(&mut it["components"]["schemas"]).shift_remove(&of);
            },
        ));
        let copy = schema.clone();
        let to = format!("Shoe{name}");
        mutants.push(Mutant::new(
            slice,
            "type added",
            to.clone(),
            move |it: &mut Value| {
                it["components"]["schemas"][&to] = copy.clone();
            },
        ));
        let (of, to) = (name.clone(), format!("Shoe{name}"));
        mutants.push(Mutant::new(
            slice,
            "type renamed",
            name,
            move |it: &mut Value| {
                rename(&mut it["components"]["schemas"], &of, &to);
                replace(it, &reference(&of), &reference(&to));
            },
        ));
    }
}

fn of_operation(slice: usize, path: &str, method: &str, operation: &Value, mutants: &mut Changes) {
    let mut add = |kind, place: &str, change: Change<Value>| {
        let (path, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {path} {place}");
        mutants.push(Mutant::new(slice, kind, place, move |it: &mut Value| {
            change(&mut it["paths"][&path][&method]);
        }));
    };
    add(
        "operation renamed",
        "",
        Box::new(|it| it["operationId"] = "shoe".into()),
    );
    for member in [
        "operationId",
        "tags",
        "responses",
        "requestBody",
        "parameters",
    ] {
        let drop = move |it: &mut Value| {
            members(it).shift_remove(member);
        };
        add("part of operation dropped", member, Box::new(drop));
    }
    add(
        "operation deprecated",
        "",
        Box::new(|it| flip(it, "deprecated")),
    );
    add(
        "tag changed",
        "",
        Box::new(|it| it["tags"] = json!(["Bots", "Users"])),
    );
    add(
        "tag changed",
        "Shoes",
        Box::new(|it| it["tags"] = json!(["Shoes"])),
    );
    add(
        "tag changed",
        "other",
        Box::new(|it| {
            it["tags"][0] = if it["tags"][0] == "Bots" {
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
            Box::new(move |it| {
                // Said of the whole already, unless it says otherwise.
                it["security"] = security.clone();
            }),
        );
    }
    add(
        "security default",
        "",
        Box::new(|it| {
            members(it).shift_remove("security");
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
                Box::new(move |it| change(&mut it["parameters"][number])),
            );
        };
        change("parameter renamed", |it| it["name"] = "shoeSize".into());
        change("parameter moved", |it| it["in"] = "header".into());
        change("parameter moved", |it| it["in"] = "query".into());
        change("parameter moved", |it| it["in"] = "path".into());
        change("parameter required flipped", |it| {
            it["required"] = (it["required"] != true).into();
        });
        change("parameter deprecated", |it| flip(it, "deprecated"));
        change("parameter style", |it| {
            it["style"] = "spaceDelimited".into();
        });
        change("parameter explode", |it| it["explode"] = true.into());
        add(
            "parameter dropped",
            &name,
            Box::new(move |it| {
                it["parameters"]
                    .as_array_mut()
                    .expect("a list")
                    .remove(number);
            }),
        );
        add(
            "parameter repeated",
            &name,
            Box::new(move |it| {
                let again = it["parameters"][number].clone();
                it["parameters"].as_array_mut().expect("a list").push(again);
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
                Box::new(move |it| {
                    change(&mut it["parameters"][number]["schema"]);
                }),
            );
        }
    }
    add(
        "parameter added",
        "",
        Box::new(|it| {
            let added = json!({"name": "shoeSize", "in": "query", "schema": {"type": "string"}});
            match it["parameters"].as_array_mut() {
                Some(parameters) => parameters.push(added),
                None => it["parameters"] = json!([added]),
            }
        }),
    );
    of_body(operation, &mut add);
    of_responses(operation, &mut add);
    for (kind, to) in of_path(path) {
        let (from, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {from} to {to}");
        mutants.push(Mutant::new(slice, kind, place, move |it: &mut Value| {
            let operation = members(&mut it["paths"][&from]).shift_remove(&method);
            it["paths"][&to][&method] = operation.expect("it is there");
        }));
    }
    for to in ["get", "put", "post", "patch", "delete", "head", "query"] {
        let (path, method) = (path.to_owned(), method.to_owned());
        let place = format!("{method} {path} to {to}");
        mutants.push(Mutant::new(
            slice,
            "verb changed",
            place,
            move |it: &mut Value| {
                let operation = members(&mut it["paths"][&path]).shift_remove(&method);
                it["paths"][&path][to] = operation.expect("it is there");
            },
        ));
    }
    let (of, name) = (path.to_owned(), method.to_owned());
    let place = format!("{method} {path}");
    mutants.push(Mutant::new(
        slice,
        "operation dropped",
        &place,
        move |it: &mut Value| {
            members(&mut it["paths"][&of]).shift_remove(&name);
        },
    ));
    for id in ["", "Again"] {
        let (of, name) = (path.to_owned(), method.to_owned());
        mutants.push(Mutant::new(
            slice,
            "operation added",
            &place,
            move |it: &mut Value| {
                let mut again = it["paths"][&of][&name].clone();
                let renamed = format!("{}{id}", again["operationId"].as_str().expect("an id"));
                again["operationId"] = renamed.into();
                it["paths"][format!("{of}/again")] = json!({ &name: again });
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
            Box::new(move |it| it["requestBody"] = body.clone()),
        );
    }
    add(
        "body required flipped",
        "",
        Box::new(|it| {
            it["requestBody"]["required"] = false.into();
        }),
    );
    let content = operation["requestBody"]["content"].as_object();
    for (media, value) in content.expect("content") {
        let of = media.clone();
        add(
            "body of other media type",
            media,
            Box::new(move |it| {
                rename(&mut it["requestBody"]["content"], &of, "application/xml");
            }),
        );
        add(
            "body of two media types",
            media,
            Box::new(move |it| {
                it["requestBody"]["content"]["application/xml"] = json!({});
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
                    Box::new(move |it| {
                        change(&mut it["requestBody"]["content"][&of]["schema"]);
                    }),
                );
            }
        }
        for part in value["encoding"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(it, _)| it)
        {
            let (of, part) = (media.clone(), part.clone());
            add(
                "types of a file changed",
                &part.clone(),
                Box::new(move |it| {
                    it["requestBody"]["content"][&of]["encoding"][&part]["contentType"] =
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
                Box::new(move |it| {
                    rename(&mut it["responses"], &of, to);
                }),
            );
        }
        let of = status.clone();
        add(
            "response dropped",
            status,
            Box::new(move |it| {
                members(&mut it["responses"]).shift_remove(&of);
            }),
        );
        for name in response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(it, _)| it)
        {
            let (of, header) = (status.clone(), name.clone());
            add(
                "header dropped",
                &format!("{status} {name}"),
                Box::new(move |it| {
                    members(&mut it["responses"][&of]["headers"]).shift_remove(&header);
                }),
            );
        }
        let success = status.starts_with('2');
        for header in ["Link", "Location"].into_iter().filter(|_| success) {
            let of = status.clone();
            add(
                "header added",
                header,
                Box::new(move |it| {
                    it["responses"][&of]["headers"][header] = json!({"schema": {"type": "string"}});
                }),
            );
        }
        let Some(content) = response["content"].as_object() else {
            if success {
                let of = status.clone();
                add(
                    "reply added",
                    status,
                    Box::new(move |it| {
                        it["responses"][&of]["content"] =
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
            Box::new(move |it| {
                members(&mut it["responses"][&of]).shift_remove("content");
            }),
        );
        for (media, value) in content {
            let (of, from) = (status.clone(), media.clone());
            add(
                "reply of other media type",
                status,
                Box::new(move |it| {
                    rename(&mut it["responses"][&of]["content"], &from, "text/plain");
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
                        Box::new(move |it| {
                            change(&mut it["responses"][&of]["content"][&media]["schema"]);
                        }),
                    );
                }
            }
        }
    }
    add(
        "response added",
        "",
        Box::new(|it| {
            it["responses"]["418"] = json!({"description": "A teapot."});
        }),
    );
}

fn of_the_whole(slice: usize, document: &Value, mutants: &mut Changes) {
    let mut add = |kind, place: &str, change: fn(&mut Value)| {
        mutants.push(Mutant::new(slice, kind, place, change));
    };
    add("version", "3.0", |it| it["openapi"] = "3.0.3".into());
    add("server", "/v3", |it| it["servers"][0]["url"] = "/v3".into());
    add("server", "none", |it| {
        drop(members(it).shift_remove("servers"));
    });
    add("server", "two", |it| {
        it["servers"] = json!([{"url": "/v2"}, {"url": "/v3"}]);
    });
    add("security", "none", |it| {
        drop(members(it).shift_remove("security"));
    });
    add("security", "other", |it| {
        it["security"] = json!([{"key": []}]);
    });
    add("security", "optional", |it| {
        it["security"] = json!([{"bearer": []}, {}]);
    });
    add("scheme", "basic", |it| {
        it["components"]["securitySchemes"]["bearer"]["scheme"] = "basic".into();
    });
    add("scheme", "key", |it| {
        it["components"]["securitySchemes"]["bearer"]["type"] = "apiKey".into();
    });
    add("scheme", "dropped", |it| {
        members(&mut it["components"]).shift_remove("securitySchemes");
    });
    add("scheme", "added", |it| {
        it["components"]["securitySchemes"]["key"] = json!({"type": "apiKey"});
    });
    add("tag", "added", |it| {
        let tags = it["tags"].as_array_mut();
        tags.expect("tags").push(json!({"name": "Shoes"}));
    });
    add("components", "dropped", |it| {
        drop(members(it).shift_remove("components"));
    });
    add("paths", "dropped", |it| {
        drop(members(it).shift_remove("paths"));
    });
    for number in 0..document["tags"].as_array().map_or(0, Vec::len) {
        mutants.push(Mutant::new(
            slice,
            "tag dropped",
            number.to_string(),
            move |it: &mut Value| {
                it["tags"].as_array_mut().expect("tags").remove(number);
            },
        ));
        mutants.push(Mutant::new(
            slice,
            "tag renamed",
            number.to_string(),
            move |it: &mut Value| {
                it["tags"][number]["name"] = "Shoes".into();
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
                move |it: &mut Value| {
                    members(&mut it["components"][section]).shift_remove(&of);
                },
            ));
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                "component emptied",
                name,
                move |it: &mut Value| {
                    it["components"][section][&of] = json!({"description": "Nothing."});
                },
            ));
            let of = name.clone();
            mutants.push(Mutant::new(
                slice,
                "component added",
                name,
                move |it: &mut Value| {
                    let copy = it["components"][section][&of].clone();
                    it["components"][section][format!("Shoe{of}")] = copy;
                },
            ));
        }
    }
    for path in document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(it, _)| it)
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
                move |it: &mut Value| {
                    it["paths"][&of][key] = value.clone();
                },
            ));
        }
    }
}
