//! The page of the permission table.

use std::path::Path;

#[test]
fn the_page_of_permissions_is_that_of_the_contract() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/permissions.md");
    let table = contract::permission_table();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &table).expect("the page can be written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == table,
        "docs/permissions.md is not that of the contract; run\n\n    \
         UPDATE=1 cargo test -p web1on1-contract --test permissions\n"
    );
}
