//! What comes back: replies that have their declared shape, and replies that
//! do not.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use kitchen_sink::kitchen::{
    Book, EchoRequest, KitchenServiceAskBook, KitchenServiceCreateBook, KitchenServiceDeleteBook,
    KitchenServiceEcho, KitchenServiceGetOpen, KitchenServiceListBooks, KitchenServiceListTexts,
    KitchenServicePing, KitchenServiceProbeBook, KitchenServiceReplaceBook, KitchenServiceSearch,
    KitchenServiceSetCount, KitchenServiceSetMeta, KitchenServiceSetNotes,
    KitchenServiceSetSubtitle, KitchenServiceSetTags, KitchenServiceSetTitle, ListBooksRequest,
    ListBooksResponse, ListTextsResponse, MaybeText, NameRequest, Open, Place, ProbeBookResponse,
    ReplaceBookRequest, SearchRequest, SearchResponse, SetCountRequest, SetCountResponse,
    SetMetaRequest, SetMetaResponse, SetNotesRequest, SetNotesResponse, SetSubtitleRequest,
    SetSubtitleResponse, SetTagsRequest, SetTagsResponse, SetTitleRequest, SetTitleResponse,
};
use prost_types::value::Kind;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use transcode::json::{Drift, DriftKind};
use transcode::{CallRecord, RestCall};

use crate::stub::{gateway, noted_in, response, run};

fn answered<C: RestCall>(
    request: C::Request,
    answer: Response<Full<Bytes>>,
) -> Result<C::Reply, Status> {
    let (gateway, _) = gateway(move |_| answer.clone());
    let mut request = tonic::Request::new(request);
    let record = CallRecord::default();
    request.extensions_mut().insert(noted_in(&record));
    let answer = run(gateway.call::<C>(request));
    let drifts = record.upstream().drifts;
    let is_expected = |drift: &Drift| answer.is_err() && drift.kind == DriftKind::Undecodable;
    assert!(
        drifts.iter().all(is_expected),
        "the reply drifts: {drifts:?}"
    );
    answer.map(tonic::Response::into_inner)
}

/// The call answers with this message where the upstream answers so.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "cases read better without ampersands"
)]
fn check<C: RestCall>(request: C::Request, answer: Response<Full<Bytes>>, expected: C::Reply)
where
    C::Reply: PartialEq + Debug,
{
    let description = format!("{answer:?}");
    let reply = answered::<C>(request, answer);
    let reply = reply.unwrap_or_else(|status| panic!("{description} should be read: {status}"));
    assert_eq!(reply, expected, "from {description}");
}

/// The call fails, because the reply does not fit for this reason.
#[track_caller]
fn does_not_fit<C: RestCall>(
    request: C::Request,
    answer: Response<Full<Bytes>>,
    path: &str,
    reason: &str,
) {
    let description = format!("{answer:?}");
    let Err(status) = answered::<C>(request, answer) else {
        panic!("{description} is not OK");
    };
    let message = format!("the upstream's reply does not fit: {path}: {reason}");
    assert_eq!(
        (status.code(), status.message()),
        (Code::Internal, message.as_str()),
        "for {description}"
    );
    let details = status.get_error_details();
    let info = details.error_info().expect("there is always a reason");
    assert_eq!(info.reason, "UPSTREAM_CONTRACT_VIOLATION");
    assert_eq!(info.domain, "gateway");
    assert_eq!(info.metadata.get("path").map(String::as_str), Some(path));
}

fn name() -> NameRequest {
    NameRequest {
        name: "b".to_owned(),
    }
}

fn replace() -> ReplaceBookRequest {
    ReplaceBookRequest {
        book_id: "b".to_owned(),
        place: Some(Place {
            room: Some("r".to_owned()),
            floor: None,
        }),
        title: None,
    }
}

fn titled(title: &str) -> Book {
    Book {
        title: Some(title.to_owned()),
        ..Book::default()
    }
}

// Where the reply is the response message.

#[test]
fn a_reply_can_be_the_response() {
    check::<KitchenServiceReplaceBook>(replace(), response(200, r#"{"title":"T"}"#), titled("T"));
    check::<KitchenServiceReplaceBook>(replace(), response(201, " {} \n"), Book::default());
}

#[test]
fn a_byte_order_mark_before_a_reply_is_ignored() {
    let answer = response(200, "\u{feff}{\"title\":\"T\"}");
    check::<KitchenServiceReplaceBook>(replace(), answer, titled("T"));
}

#[test]
fn what_is_no_reply_is_never_ok() {
    let html = "<!DOCTYPE html><html>secret</html>";
    let empty = "expected a value, found an empty body";
    for (status, body, path, reason) in [
        (200, html, "$", "expected value at line 1 column 1"),
        (200, "", "$", empty),
        (204, "", "$", empty),
        (200, " \r\n", "$", empty),
        (200, "\u{feff}", "$", empty),
        (
            200,
            "\u{feff}\u{feff}{}",
            "$",
            "expected value at line 1 column 1",
        ),
        (
            200,
            "{\"title\":\"secre",
            "$.title",
            "EOF while parsing a string at line 1 column 15",
        ),
        (
            200,
            "{} secret",
            "$",
            "trailing characters at line 1 column 4",
        ),
        (200, "null", "$", "expected an object, found null"),
        (200, "[]", "$", "expected an object, found a list"),
        (203, "\"secret\"", "$", "expected an object, found a string"),
    ] {
        does_not_fit::<KitchenServiceReplaceBook>(replace(), response(status, body), path, reason);
    }
}

#[test]
fn bytes_that_are_no_text_do_not_fit() {
    let answer = response(200, Bytes::from_static(b"{\"title\":\"\xff\"}"));
    let reason = "invalid unicode code point at line 1 column 11";
    does_not_fit::<KitchenServiceReplaceBook>(replace(), answer, "$.title", reason);
}

#[test]
fn a_value_that_does_not_fit_is_named_by_its_path() {
    let answer = response(200, r#"{"title":"T","sequel":{"tags":["a",7]}}"#);
    let reason = "expected a string, found a number";
    does_not_fit::<KitchenServiceReplaceBook>(replace(), answer, "$.sequel.tags[1]", reason);
}

#[test]
fn undeclared_properties_come_back_where_they_are_collected() {
    let extra = prost_types::Struct {
        fields: BTreeMap::from([(
            "new".to_owned(),
            prost_types::Value {
                kind: Some(Kind::BoolValue(true)),
            },
        )]),
    };
    let open = Open {
        extra: Some(extra),
        ..Open::default()
    };
    check::<KitchenServiceGetOpen>((), response(200, r#"{"new":true}"#), open);
}

// Where the reply is a field of the response message.

#[test]
fn a_reply_can_be_a_message_of_the_response() {
    let request = kitchen_sink::kitchen::CreateBookRequest::default();
    let expected = kitchen_sink::kitchen::CreateBookResponse {
        book: Some(titled("T")),
    };
    check::<KitchenServiceCreateBook>(request, response(201, r#"{"title":"T"}"#), expected);
}

#[test]
fn a_reply_can_be_a_list() {
    let request = || SetTagsRequest {
        book_id: "b".to_owned(),
        tags: Vec::new(),
    };
    let reply = |tags: &[&str]| SetTagsResponse {
        tags: tags.iter().map(ToString::to_string).collect(),
    };
    check::<KitchenServiceSetTags>(request(), response(200, r#"["a","b"]"#), reply(&["a", "b"]));
    check::<KitchenServiceSetTags>(request(), response(200, "[]"), reply(&[]));
    let reason = "expected a string, found null";
    does_not_fit::<KitchenServiceSetTags>(
        request(),
        response(200, r#"["a",null]"#),
        "$[1]",
        reason,
    );
    let reason = "expected a list, found an object";
    does_not_fit::<KitchenServiceSetTags>(request(), response(200, "{}"), "$", reason);
    let reason = "expected a list, found null";
    does_not_fit::<KitchenServiceSetTags>(request(), response(200, "null"), "$", reason);
}

#[test]
fn null_elements_of_a_list_are_kept() {
    let maybe = |text: Option<&str>| MaybeText {
        text: text.map(ToOwned::to_owned),
    };
    let expected = ListTextsResponse {
        texts: vec![maybe(None), maybe(Some("a")), maybe(None)],
    };
    check::<KitchenServiceListTexts>((), response(200, r#"[null,"a",null]"#), expected);
}

#[test]
fn a_reply_can_be_a_scalar() {
    let request = || SetTitleRequest {
        book_id: "b".to_owned(),
        title: Some(String::new()),
    };
    let expected = SetTitleResponse {
        title: Some("T".to_owned()),
    };
    check::<KitchenServiceSetTitle>(request(), response(200, r#""T""#), expected);
    let reason = "expected a string, found null";
    does_not_fit::<KitchenServiceSetTitle>(request(), response(200, "null"), "$", reason);
    let request = SetCountRequest {
        book_id: "b".to_owned(),
        count: 1,
    };
    check::<KitchenServiceSetCount>(request, response(200, "2"), SetCountResponse { count: 2 });
}

#[test]
fn a_reply_can_be_a_map() {
    let request = SetNotesRequest {
        book_id: "b".to_owned(),
        ..SetNotesRequest::default()
    };
    let expected = SetNotesResponse {
        notes: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
    };
    check::<KitchenServiceSetNotes>(request, response(200, r#"{"k":"v"}"#), expected);
}

#[test]
fn a_reply_can_be_any_value() {
    let request = || SetMetaRequest {
        book_id: "b".to_owned(),
        meta: Some(prost_types::Struct::default()),
    };
    let reply = |kind| SetMetaResponse {
        meta: Some(prost_types::Value { kind: Some(kind) }),
    };
    check::<KitchenServiceSetMeta>(request(), response(200, "null"), reply(Kind::NullValue(0)));
    check::<KitchenServiceSetMeta>(
        request(),
        response(200, "true"),
        reply(Kind::BoolValue(true)),
    );
}

#[test]
fn a_reply_can_be_null_where_it_is_transparent() {
    let request = || SetSubtitleRequest {
        book_id: "b".to_owned(),
        subtitle: Some(MaybeText::default()),
    };
    let reply = |text: Option<&str>| SetSubtitleResponse {
        subtitle: Some(MaybeText {
            text: text.map(ToOwned::to_owned),
        }),
    };
    check::<KitchenServiceSetSubtitle>(request(), response(200, "null"), reply(None));
    check::<KitchenServiceSetSubtitle>(request(), response(200, r#""s""#), reply(Some("s")));
}

// Where no reply is declared.

#[test]
fn an_answer_without_a_declared_body_may_have_one_of_json() {
    check::<KitchenServiceDeleteBook>(name(), response(204, ""), ());
    check::<KitchenServiceDeleteBook>(name(), response(200, ""), ());
    check::<KitchenServiceDeleteBook>(name(), response(200, r#"{"id":"b"}"#), ());
    check::<KitchenServiceDeleteBook>(name(), response(200, "null"), ());
    check::<KitchenServicePing>((), response(200, "{}"), ());
    check::<KitchenServiceAskBook>(name(), response(200, ""), ());
}

#[test]
fn an_answer_without_a_declared_body_may_have_no_other() {
    let reason = "expected value at line 1 column 1";
    for html in ["<html></html>", "secret"] {
        does_not_fit::<KitchenServiceDeleteBook>(name(), response(200, html), "$", reason);
    }
    let reason = "trailing characters at line 1 column 4";
    does_not_fit::<KitchenServicePing>((), response(200, "{} x"), "$", reason);
}

// Links.

fn linked(body: &'static str, link: &str) -> Response<Full<Bytes>> {
    let mut answer = response(200, body);
    answer
        .headers_mut()
        .insert("link", link.parse().expect("a header value"));
    answer
}

#[test]
fn the_next_page_is_read_from_the_link() {
    let link = r#"</v1/books?limit=2&offset=4&cursor=a%2Fb>; rel="next""#;
    let expected = ListBooksResponse {
        books: vec![titled("T")],
        next_offset: Some(4),
        next_cursor: "a/b".to_owned(),
    };
    let request = ListBooksRequest::default();
    check::<KitchenServiceListBooks>(request, linked(r#"[{"title":"T"}]"#, link), expected);
}

#[test]
fn the_last_page_has_no_next() {
    let request = ListBooksRequest::default();
    check::<KitchenServiceListBooks>(request, response(200, "[]"), ListBooksResponse::default());
    let link = r#"</v1/books?offset=0>; rel="prev""#;
    check::<KitchenServiceListBooks>(request, linked("[]", link), ListBooksResponse::default());
}

#[test]
fn a_link_goes_with_a_reply_that_is_the_response_or_none() {
    let link = r#"</x?cursor=c&offset=1&page=p>; rel="next""#;
    let expected = SearchResponse {
        titles: vec!["T".to_owned()],
        next_cursor: Some("c".to_owned()),
        next_offset: 1,
    };
    let answer = linked(r#"{"titles":["T"]}"#, link);
    check::<KitchenServiceSearch>(SearchRequest::default(), answer, expected);
    let expected = ProbeBookResponse {
        next: Some("p".to_owned()),
    };
    check::<KitchenServiceProbeBook>(name(), linked("", link), expected);
}

#[test]
fn a_link_that_cannot_be_read_is_not_the_end() {
    let refused = |link: &str, reason: &str| {
        let request = ListBooksRequest::default();
        does_not_fit::<KitchenServiceListBooks>(request, linked("[]", link), "Link", reason);
    };
    refused(
        "/v1/books?offset=4; rel=next",
        "expected a link, which begins with \"<\"",
    );
    refused(
        r#"</v1/books?limit=2>; rel="next""#,
        "the next page has no parameter \"offset\"",
    );
    refused(
        r#"</v1/books?offset=4>; rel="next""#,
        "the next page has no parameter \"cursor\"",
    );
    // The empty text says that there is no next page.
    refused(
        r#"</v1/books?offset=4&cursor=>; rel="next""#,
        "the parameter \"cursor\" of the next page does not fit",
    );
}

#[test]
fn a_link_that_does_not_fit_is_refused() {
    let answer = linked("[]", r#"</v1/books?offset=secret>; rel="next""#);
    let reason = "the parameter \"offset\" of the next page does not fit";
    does_not_fit::<KitchenServiceListBooks>(ListBooksRequest::default(), answer, "Link", reason);
}

/// Whoever follows it would never come to the end of the list.
#[test]
fn a_link_to_a_page_that_is_not_behind_this_one_is_refused() {
    // The request is for the first page.
    let answer = linked("[]", r#"</v1/books?offset=0&cursor=c>; rel="next""#);
    let reason = r#"the next page is not behind this one, by its "offset""#;
    does_not_fit::<KitchenServiceListBooks>(ListBooksRequest::default(), answer, "Link", reason);
}

// Size.

#[test]
fn a_large_reply_is_read_as_a_small_one_is() {
    let body = format!("[{}]", vec![r#"{"title":"T"}"#; 10_000].join(","));
    let expected = ListBooksResponse {
        books: vec![titled("T"); 10_000],
        ..ListBooksResponse::default()
    };
    check::<KitchenServiceListBooks>(ListBooksRequest::default(), response(200, body), expected);
    let body = format!("[{},1]", vec!["{}"; 20_000].join(","));
    let reason = "expected an object, found a number";
    let request = ListBooksRequest::default();
    does_not_fit::<KitchenServiceListBooks>(request, response(200, body), "$[20000]", reason);
}

#[test]
fn everything_comes_back_as_it_went() {
    let everything = kitchen_sink::kitchen::Everything {
        texts: vec!["\u{0}\u{1f}\"\\/ü😀\u{2028}".to_owned()],
        renamed: Some(String::new()),
        ..Default::default()
    };
    let (gateway, _) = gateway(|seen| response(200, seen.body.clone()));
    let request = tonic::Request::new(EchoRequest {
        everything: Some(everything.clone()),
    });
    let reply = run(gateway.call::<KitchenServiceEcho>(request)).expect("it is read");
    assert_eq!(reply.into_inner().everything, Some(everything));
}
