//! Writes pairs of large documents into a directory, to measure how they are compared:
//! `large DIRECTORY`. Each pair differs in the bound of something.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use serde_json::{Map, Value, json};

/// Makes a document with a bound.
type Make = fn(u32) -> Value;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(directory) = env::args().nth(1) else {
        return Err("say where to write them: large DIRECTORY".into());
    };
    let directory = Path::new(&directory);
    fs::create_dir_all(directory)?;
    let pairs: [(&str, Make); 7] = [
        ("all-of-50000", all_of),
        ("extended-1500-times", extended),
        ("inline-4500-operations", inline),
        ("one-of-1000", one_of),
        ("any-of-next-two", next_two),
        ("one-of-next-two", exactly_one_of_next_two),
        ("findings-125000", findings),
    ];
    for (name, make) in pairs {
        for (version, bound) in [("old", 9), ("new", 8)] {
            let path = directory.join(format!("{name}.{version}.json"));
            fs::write(path, make(bound).to_string())?;
        }
    }
    for (version, bound) in [("old", 9), ("new", 8)] {
        let path = directory.join(format!("aliases-100000.{version}.yaml"));
        fs::write(path, aliases(bound))?;
    }
    Ok(())
}

fn document(paths: &Map<String, Value>, schemas: &Map<String, Value>) -> Value {
    let info = json!({ "title": "Large", "version": "1" });
    let components = json!({ "schemas": schemas });
    json!({ "openapi": "3.1.0", "info": info, "paths": paths, "components": components })
}

fn post(schema: &Value) -> Value {
    let content = json!({ "application/json": { "schema": schema } });
    json!({ "post": { "requestBody": { "content": content }, "responses": {} } })
}

fn reference(number: usize) -> Value {
    json!({ "$ref": format!("#/components/schemas/S{number}") })
}

/// Schemas by number, of which so many are each sent by an operation.
fn schemas(count: usize, sent: usize, make: impl Fn(usize) -> Value) -> Value {
    let paths = (0..sent).map(|number| (format!("/s{number}"), post(&reference(number))));
    let schemas = (0..count).map(|number| (format!("S{number}"), make(number)));
    document(&paths.collect(), &schemas.collect())
}

fn integer(name: &str, maximum: u32) -> Value {
    json!({ "properties": { name: { "type": "integer", "maximum": maximum } } })
}

/// Of which one is changed.
fn bound_of(number: usize, changed: usize, bound: u32) -> u32 {
    if number == changed { bound } else { 5 }
}

fn all_of(bound: u32) -> Value {
    let part = |number: usize| integer(&format!("p{number}"), bound_of(number, 25_000, bound));
    schemas(
        1,
        1,
        |_| json!({ "allOf": (0..50_000).map(part).collect::<Vec<_>>() }),
    )
}

fn extended(bound: u32) -> Value {
    schemas(1_500, 1_500, |number| match number {
        1_499 => integer("last", bound),
        number => json!({ "allOf": [reference(number + 1), integer(&format!("n{number}"), 5)] }),
    })
}

fn inline(bound: u32) -> Value {
    let operations = (0..4_500).map(|number| {
        let schema = json!({
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": { "type": "string" },
                "name": { "type": "string", "maxLength": bound },
                "tags": { "type": "array", "items": { "type": "string", "enum": ["a", "b", "c"] } },
                "owner": { "type": "object", "properties": {
                    "id": { "type": "integer" }, "mail": { "type": "string", "format": "email" },
                } },
                format!("x{number}"): { "type": "integer", "maximum": bound },
            },
        });
        let mut item = post(&schema);
        let content = json!({ "application/json": { "schema": schema } });
        item["get"] = json!({ "responses": { "200": { "description": "", "content": content } } });
        (format!("/things{number}"), item)
    });
    document(&operations.collect(), &Map::new())
}

fn one_of(bound: u32) -> Value {
    let alternative = |number: usize| {
        let name = format!("k{number}");
        let mut one = integer("n", bound_of(number, 500, bound));
        one["required"] = json!([name]);
        one["properties"][name] = json!({ "type": "string" });
        one
    };
    schemas(
        1,
        1,
        |_| json!({ "oneOf": (0..1_000).map(alternative).collect::<Vec<_>>() }),
    )
}

/// Fifty unions, each of the next two.
fn next_two(bound: u32) -> Value {
    schemas(52, 50, |number| match number {
        50 => integer("a", bound),
        51 => json!({ "required": ["b"], "properties": { "b": { "type": "integer" } } }),
        number => json!({ "anyOf": [reference(number + 1), reference(number + 2)] }),
    })
}

fn exactly_one_of_next_two(bound: u32) -> Value {
    let mut document = next_two(bound);
    let schemas = &mut document["components"]["schemas"];
    for number in 0..50 {
        let own = format!("x{number}");
        let mut one = integer(&own, 5);
        one["required"] = json!([own]);
        let alternatives = [reference(number + 1), reference(number + 2), one];
        schemas[format!("S{number}")] = json!({ "oneOf": alternatives });
    }
    document
}

fn findings(bound: u32) -> Value {
    let property = |number: usize| {
        let schema = json!({ "type": "integer", "maximum": bound });
        (format!("p{number}"), schema)
    };
    schemas(
        1,
        1,
        |_| json!({ "properties": (0..125_000).map(property).collect::<Map<_, _>>() }),
    )
}

/// Properties that are all written once, and all change.
fn aliases(bound: u32) -> String {
    let mut text = format!(
        "openapi: 3.1.0
info: {{title: Large, version: '1'}}
x-size: &size {{type: integer, maximum: {bound}}}
paths:
  /a:
    post:
      responses: {{}}
      requestBody:
        content:
          application/json:
            schema:
              properties:
"
    );
    for number in 0..100_000 {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "                p{number}: *size");
    }
    text
}
