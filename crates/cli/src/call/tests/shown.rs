//! What is shown without a call, and how replies are.

use insta::assert_snapshot;

use super::{Screen, call, call_on, run, usage};
use crate::call::{describe, request, template, text};

#[tokio::test]
async fn list_shows_each_method_with_its_first_sentence() {
    assert_snapshot!(run(&["--list"]).await.out, @r"
    ShelfService/FindBook     Finds a book.
    ShelfService/ListBooks    Lists books.
    ShelfService/ChangeBook   Changes a book.
    ShelfService/AddBooks     Adds books.
    ShelfService/WatchBooks   Reports books as they arrive.
    ShelfService/UploadCover  Uploads a cover.
    LoanService/FindBook
    ");
}

#[tokio::test]
async fn list_can_be_narrowed_to_a_service() {
    assert_snapshot!(run(&["--list", "LoanService"]).await.out, @"LoanService/FindBook");
}

#[tokio::test]
async fn list_of_an_unknown_service_is_a_usage_error() {
    assert_snapshot!(usage(&["--list", "LoansService"]).await, @"error: there is no service LoansService; did you mean LoanService?");
}

#[tokio::test]
async fn describe_shows_the_method_and_all_it_is_made_of() {
    let outcome = run(&["--describe", "ShelfService/FindBook"]).await;
    assert_snapshot!("describe", outcome.out);
}

#[tokio::test]
async fn describe_marks_streams_and_alternatives() {
    let outcome = run(&["--describe", "ShelfService/UploadCover"]).await;
    assert_snapshot!("describe_upload", outcome.out);
}

#[tokio::test]
async fn describe_shows_a_service_and_a_type() {
    let service = run(&["--describe", "LoanService"]).await;
    assert_snapshot!("describe_service", service.out);
    let values = run(&["--describe", "Genre"]).await;
    assert_snapshot!("describe_enum", values.out);
    let message = run(&["--describe", "Book"]).await;
    assert_snapshot!("describe_type", message.out);
}

#[tokio::test]
async fn describe_of_something_unknown_suggests_what_there_is() {
    assert_snapshot!(usage(&["--describe", "Boook"]).await, @r#"error: there is no "Boook"; did you mean Book?"#);
}

#[tokio::test]
async fn a_template_has_every_field_and_says_what_it_is() {
    let outcome = run(&["ShelfService/ChangeBook", "--template"]).await;
    assert_eq!(outcome.code, 0);
    assert_snapshot!("template", outcome.out);
    assert_snapshot!("template_notes", outcome.err);
}

/// Every method of the API of this system.
fn methods() -> (
    prost_reflect::DescriptorPool,
    Vec<prost_reflect::MethodDescriptor>,
) {
    let pool = prost_reflect::DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET);
    let pool = pool.expect("the descriptors decode");
    let services = pool.services();
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let methods = methods.collect();
    (pool, methods)
}

#[test]
fn every_template_of_the_api_is_a_request() {
    for method in methods().1 {
        let template = template::of(&method, 80);
        let read = request::parse_messages(&method.input(), &template.request);
        let read = read.unwrap_or_else(|error| panic!("{}: {error}", method.full_name()));
        assert_eq!(read.len(), 1, "{} has one request", method.full_name());
    }
}

/// How many lines fit on a large screen. Most methods have half as many.
const SCREENFUL: usize = 72;

#[test]
fn every_method_of_the_api_is_described_on_a_screen() {
    let (pool, methods) = methods();
    for method in methods {
        let described = describe::anything(&pool, method.full_name(), 100);
        let described = described.expect("it is there");
        let lines = described.lines().count();
        assert!(lines <= SCREENFUL, "{lines} lines:\n{described}");
        // Neither the route nor a command is cut.
        let mut shown = described
            .lines()
            .skip(1)
            .take_while(|line| !line.starts_with("All of"));
        let wide = shown.find(|line| text::width(line) > 100);
        assert_eq!(wide, None, "in {}", method.full_name());
    }
}

async fn select(path: &str) -> String {
    let outcome = call(&["ShelfService/ListBooks", "--select", path]).await;
    assert_eq!(outcome.code, 0, "{path}: {}", outcome.err);
    outcome.out
}

#[tokio::test]
async fn select_prints_each_value_on_a_line() {
    assert_eq!(select("books.*.isbn").await, "9780141439587\n\n2\n");
    assert_eq!(
        select("books[].authors[].name").await,
        "Jane Austen\nAnna\n"
    );
    assert_eq!(select("books.0.addedAt").await, "2019-01-01T00:00:00Z\n");
    assert_eq!(select("books.0.added_at").await, "2019-01-01T00:00:00Z\n");
    assert_eq!(select("books.2.notes.shelf").await, "3.0\n");
    assert_eq!(select("books.2.authors").await, "[]\n");
    assert_eq!(select("books.7.*").await, "");
    assert_eq!(select("next").await, "3\n");
}

#[tokio::test]
async fn a_part_that_is_not_set_fails() {
    let outcome = call(&["ShelfService/FindBook", "--select", "title"]).await;
    assert_eq!((outcome.code, outcome.out.as_str()), (1, ""));
    assert_snapshot!(outcome.err, @"error: the reply has no title, which --select asks for: it is not set");
}

#[tokio::test]
async fn compact_is_one_line() {
    let find = [
        "ShelfService/FindBook",
        "-d",
        r#"{"title": "Emma"}"#,
        "--compact",
    ];
    assert_eq!(
        call(&find).await.out,
        "{\"title\":\"Emma\",\"genre\":\"GENRE_NOVEL\"}\n"
    );
}

fn terminal(width: usize) -> Screen {
    Screen {
        out: Some(width),
        err: Some(width),
    }
}

#[tokio::test]
async fn a_list_on_a_terminal_is_a_table_that_fits() {
    let list = ["ShelfService/ListBooks"];
    assert_snapshot!("table", call_on(&list, terminal(100)).await.out);
    assert_snapshot!("table_narrow", call_on(&list, terminal(46)).await.out);
    for width in [1, 20, 60] {
        let table = call_on(&list, terminal(width)).await.out;
        let wide = table.lines().find(|line| text::width(line) > width.max(8));
        assert_eq!(wide, None, "in {width} columns");
    }
}

#[tokio::test]
async fn json_is_printed_where_it_is_asked_for_or_nobody_watches() {
    let list = ["ShelfService/ListBooks"];
    let plain = call(&list).await.out;
    assert!(plain.starts_with("{\n"), "{plain}");
    let asked = call_on(&[list[0], "--json"], terminal(80)).await.out;
    assert_eq!(asked, plain);
    let compact = call_on(&[list[0], "--compact"], terminal(80)).await.out;
    assert_eq!(compact.lines().count(), 1, "{compact}");
}
