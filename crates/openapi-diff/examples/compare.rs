//! Prints what a new OpenAPI document breaks: `compare OLD NEW`.

use std::{env, fs};

use openapi_diff::{BoxError, Date, Document, diff, on_deep_stack};

fn main() -> Result<(), BoxError> {
    on_deep_stack(compare)
}

fn compare() -> Result<(), BoxError> {
    let mut documents = env::args().skip(1).map(|path| -> Result<_, BoxError> {
        let text = fs::read_to_string(&path)?;
        Ok(Document::parse(&path, &text)?)
    });
    let (Some(old), Some(new)) = (documents.next(), documents.next()) else {
        return Err("say which documents to compare: compare OLD NEW".into());
    };
    for finding in diff(&old?, &new?, Date::constant(2030, 1, 31)) {
        println!("{finding}");
    }
    Ok(())
}
