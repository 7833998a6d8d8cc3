#[allow(clippy::all, clippy::pedantic, dead_code, unused_imports, mismatched_lifetime_syntaxes)]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}
fn main(){}
