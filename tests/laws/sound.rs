//! The backend as it is keeps every law.

use conformance::verify::Laws;

use crate::faulty::{Fault, Faulty, serious};

#[tokio::test]
async fn the_backend_keeps_every_law() {
    let backend = Faulty::start(Fault::none()).await;
    let report = backend.verify(Laws::default(), true).await;
    if std::env::var_os("SHOW").is_some() {
        for finding in &report.findings {
            println!(
                "{:?} {} {:?} {} {}",
                finding.level,
                finding.id,
                finding.operation,
                finding.also.len(),
                finding.message
            );
        }
        println!("{}", report.title);
    }
    let found = serious(&report);
    assert!(found.is_empty(), "{found:#?}");
}
