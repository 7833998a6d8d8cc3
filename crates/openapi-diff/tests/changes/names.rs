//! References by `$id`, anchors and `$self`.

use openapi_diff::diff;

use crate::TODAY;
use crate::files::{COMPONENT, PET, api, loaded, refused, same};

#[test]
fn schemas_are_found_by_id_and_anchor() {
    let components = "components:\n  schemas:\n    A:\n      $id: https://schemas.example/pets/a\n      $defs:\n        Inner: {$anchor: in, type: integer}\n      type: object\n      properties:\n        x: {$ref: '#in'}\n        y: {$ref: '#/$defs/Inner'}\n        z: {$ref: b}\n        w: {$ref: '/pets/b#top'}\n    B: {$id: 'https://schemas.example/pets/b', $anchor: top, type: string}\n";
    let plain = "components:\n  schemas:\n    A:\n      type: object\n      properties:\n        x: {type: integer}\n        y: {type: integer}\n        z: {type: string}\n        w: {type: string}\n    B: {type: string}\n";
    let bundled = api("{$ref: '#/components/schemas/A'}", plain);
    for reference in ["#/components/schemas/A", "https://schemas.example/pets/a"] {
        let text = api(&format!("{{$ref: '{reference}'}}"), components);
        same(&[("api.yaml", &text)], &bundled);
    }
}

#[test]
fn an_id_of_another_file_changes_what_is_relative() {
    same(
        &[
            ("api.yaml", &api("{$ref: 'a.json#/$defs/A'}", "")),
            (
                "a.json",
                r#"{"$id": "schemas/", "$defs": {"A": {"items": {"$ref": "b.json#b"}}}}"#,
            ),
            (
                "schemas/b.json",
                r#"{"$defs": {"B": {"$anchor": "b", "type": "string"}}}"#,
            ),
        ],
        &api(
            "{$ref: '#/components/schemas/A'}",
            "components: {schemas: {A: {items: {$ref: '#/components/schemas/B'}}, B: {type: string}}}\n",
        ),
    );
}

#[test]
fn an_urn_is_an_id() {
    same(
        &[(
            "api.yaml",
            &api(
                "{$ref: 'urn:example:a'}",
                "components: {schemas: {A: {$id: 'urn:example:a', items: {$ref: '#/$defs/B'}, $defs: {B: {type: string}}}}}\n",
            ),
        )],
        &api(
            "{items: {type: string}}",
            "components: {schemas: {A: {items: {type: string}}}}\n",
        ),
    );
}

#[test]
fn a_pointer_below_an_id_may_mean_the_file() {
    same(
        &[(
            "api.yaml",
            &api(
                "{$ref: '#/components/schemas/A'}",
                "components: {schemas: {A: {$id: a, items: {$ref: '#/components/schemas/B'}}, B: {type: string}}}\n",
            ),
        )],
        &api(
            "{items: {type: string}}",
            "components: {schemas: {A: {items: {type: string}}, B: {type: string}}}\n",
        ),
    );
}

#[test]
fn a_name_that_two_schemas_have_is_refused() {
    refused(
        &[(
            "api.yaml",
            &api(
                "{}",
                "components: {schemas: {A: {$anchor: a}, B: {$anchor: a, type: string}}}\n",
            ),
        )],
        "`$anchor` also stands at",
    );
    refused(
        &[(
            "api.yaml",
            &api(
                "{}",
                "components: {schemas: {A: {$id: a}, B: {$id: a, type: string}}}\n",
            ),
        )],
        "`$id` also stands at",
    );
}

const TREE: &str = "{type: object, $dynamicAnchor: node, properties: {data: {}, children: {type: array, items: {$dynamicRef: '#node'}}}}";

#[test]
fn a_dynamic_reference_with_one_anchor_is_a_reference() {
    same(
        &[(
            "api.yaml",
            &api(
                "{$ref: '#/components/schemas/Tree'}",
                &format!("components: {{schemas: {{Tree: {TREE}}}}}\n"),
            ),
        )],
        &api(
            "{$ref: '#/components/schemas/Tree'}",
            "components: {schemas: {Tree: {type: object, properties: {data: {}, children: {type: array, items: {$ref: '#/components/schemas/Tree'}}}}}}\n",
        ),
    );
}

#[test]
fn a_dynamic_reference_with_several_anchors_is_compared_as_text() {
    let strict = "{$id: strict, $dynamicAnchor: node, $ref: tree, unevaluatedProperties: false}";
    let tree = TREE.replacen('{', "{$id: tree, ", 1);
    let api = |reference: &str| {
        let tree = tree.replace("'#node'", reference);
        api(
            "{$ref: strict}",
            &format!("components: {{schemas: {{Tree: {tree}, Strict: {strict}}}}}\n"),
        )
    };
    let old = loaded(&[("api.yaml", &api("'#node'"))]);
    let new = loaded(&[("api.yaml", &api("'tree#node'"))]);
    let findings = diff(&old, &new, TODAY);
    let rules: Vec<String> = findings
        .iter()
        .map(|finding| finding.rule.to_string())
        .collect();
    assert!(
        rules
            .iter()
            .any(|rule| rule.ends_with("dynamic-ref-changed")),
        "{rules:?}"
    );
}

#[test]
fn a_document_may_say_where_it_is() {
    same(
        &[
            (
                "api.yaml",
                &api("{$ref: Pet.yaml}", "")
                    .replace("3.1.0", "3.2.0\n$self: https://api.example/v1/"),
            ),
            ("https://api.example/v1/Pet.yaml", PET),
        ],
        &api("{$ref: '#/components/schemas/Pet'}", COMPONENT),
    );
}
