//! The generated code, for those who review the generator.

use crate::generate;

#[test]
fn emitted_code() {
    let packages = generate(include_str!("library.proto")).expect("the proto is translated");
    let [package] = packages.as_slice() else {
        panic!("only the library is generated, not what it imports");
    };
    assert_eq!(package.name, "library.v1");
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("library", package.source);
    });
}

#[test]
fn the_same_protos_give_the_same_code() {
    let generate = || generate(include_str!("library.proto")).expect("the proto is translated");
    assert_eq!(generate()[0].source, generate()[0].source);
}

#[test]
fn a_package_without_services_needs_no_tonic() {
    let proto = "syntax = \"proto3\"; package t; message M { optional string a = 1; }";
    let packages = generate(proto).expect("the proto is translated");
    assert!(
        !packages[0].source.contains("tonic"),
        "{}",
        packages[0].source
    );
}

#[test]
fn a_proto_that_does_not_compile_is_named_with_its_place() {
    let error = generate("syntax = \"proto3\"; package t; message M { Nope a = 1; }");
    let error = error.expect_err("the proto does not compile").to_string();
    assert!(error.contains("Nope"), "{error}");
}

#[test]
fn the_table_of_names_grows_with_the_fields_and_no_faster() {
    let fields = (1..=3000).map(|number| format!("optional bool field_{number} = {number};"));
    let fields: Vec<_> = fields.collect();
    let proto = format!(
        "syntax = \"proto3\"; package t; message M {{ {} }}",
        fields.join(" ")
    );
    let packages = generate(&proto).expect("nothing is wrong");
    let (_, table) = packages[0]
        .source
        .split_once("NameTable(")
        .expect("a table");
    let (table, _) = table.split_once(']').expect("its end");
    let places: Vec<_> = table
        .split(',')
        .filter(|place| !place.trim().is_empty())
        .collect();
    assert_eq!(places.len(), 8192);
    let taken = places.iter().filter(|place| !place.contains("65535"));
    assert_eq!(taken.count(), 3000);
}
