//! The samples that the contract publishes are those that are made of what it records.

use std::path::Path;

#[test]
fn the_samples_of_the_contract_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../contract/src/samples.json");
    let made = samples::file().expect("there are samples of every exchange");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == made,
        "{} is not what is made of the recorded exchanges; run `UPDATE=1 cargo test -p \
         web1on1-samples --test fresh`, then `cargo run -- contract export`",
        path.display()
    );
}
