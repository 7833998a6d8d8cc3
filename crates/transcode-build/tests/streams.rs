//! What a streamed list can be declared to be, and what it cannot.

use transcode_build::Error;

use crate::generate;

/// A list and an rpc that streams it. Each part can be changed.
struct Service {
    list_rule: &'static str,
    list_request: &'static str,
    stream: &'static str,
    rule: &'static str,
    option: &'static str,
    request: &'static str,
}

const SERVICE: Service = Service {
    list_rule: r#"get: "/items" response_body: "items""#,
    list_request: "optional int32 limit = 1; optional string sort = 2;",
    stream: "returns (stream Item)",
    rule: r#"get: "/items""#,
    option: r#"list: "List" page_size: "limit""#,
    request: "optional int32 page_size = 1; optional string sort = 2;",
};

impl Service {
    fn proto(&self) -> String {
        let Self {
            list_rule,
            list_request,
            stream,
            rule,
            option,
            request,
        } = self;
        format!(
            "syntax = \"proto3\"; package t;
             import \"google/api/annotations.proto\";
             import \"transcode/v1/options.proto\";
             service S {{
                 rpc List(ListRequest) returns (ListResponse) {{
                     option (google.api.http) = {{ {list_rule} }};
                 }}
                 rpc Watch(ListRequest) returns (stream Item) {{
                     option (google.api.http) = {{ get: \"/items\" }};
                     option (transcode.v1.streamed_list) = {{ list: \"Plain\" }};
                 }}
                 rpc Plain(ListRequest) returns (PlainResponse) {{
                     option (google.api.http) = {{ get: \"/items\" response_body: \"items\" }};
                 }}
                 rpc Do(Request) {stream} {{
                     option (google.api.http) = {{ {rule} }};
                     option (transcode.v1.streamed_list) = {{ {option} }};
                 }}
             }}
             message Item {{ optional string id = 1; }}
             message Other {{ optional string id = 1; repeated Item items = 2; }}
             message ListRequest {{ {list_request} }}
             message ListResponse {{
                 repeated Item items = 1;
                 optional int32 next = 2 [(transcode.v1.next_link) = \"offset\"];
             }}
             message PlainResponse {{ repeated Item items = 1; }}
             message Request {{ {request} }}"
        )
    }

    /// The rpc has these problems.
    #[track_caller]
    fn check(&self, expected: &[&str]) {
        let proto = self.proto();
        let problems = match generate(&proto) {
            Err(Error::Problems(problems)) => problems,
            Err(error) => panic!("the proto should compile: {error}\n{proto}"),
            Ok(_) => Vec::new(),
        };
        let problems: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.subject, problem.reason))
            .collect();
        let expected = expected
            .iter()
            .map(|reason| format!("rpc t.S.Do: {reason}"));
        assert_eq!(problems, expected.collect::<Vec<_>>(), "with\n{proto}");
    }
}

#[test]
fn a_list_can_be_streamed_by_pages_and_whole() {
    SERVICE.check(&[]);
    let service = Service {
        option: r#"list: "Plain""#,
        request: SERVICE.list_request,
        ..SERVICE
    };
    service.check(&[]);
}

#[test]
fn a_streamed_list_streams_its_responses() {
    let service = Service {
        stream: "returns (Item)",
        ..SERVICE
    };
    service.check(&["is a streamed list, so it has to stream its responses"]);
}

#[test]
fn a_streamed_list_has_no_body() {
    let service = Service {
        list_rule: r#"post: "/items" body: "*" response_body: "items""#,
        rule: r#"post: "/items" body: "*""#,
        ..SERVICE
    };
    service.check(&["is a streamed list, whose request has no body"]);
}

#[test]
fn the_list_is_an_rpc_of_the_service() {
    let service = Service {
        option: r#"list: "Lost""#,
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "Lost", which is no rpc of its service with a google.api.http annotation"#,
    ]);
}

#[test]
fn the_list_is_unary() {
    let service = Service {
        option: r#"list: "Watch""#,
        request: SERVICE.list_request,
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "Watch", which is not unary"#,
        r#"streams the list "Watch", whose response_body is no repeated field"#,
    ]);
}

#[test]
fn both_ask_for_the_same() {
    let service = Service {
        rule: r#"get: "/things""#,
        ..SERVICE
    };
    service.check(&[r#"streams the list "List", but asks for GET /things and not for GET /items"#]);
}

#[test]
fn the_messages_are_the_elements() {
    let service = Service {
        stream: "returns (stream Other)",
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "List", but t.Other does not hold an element of t.ListResponse.items"#,
    ]);
    let service = Service {
        stream: "returns (stream Other)",
        rule: r#"get: "/items" response_body: "items""#,
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "List", but t.Other.items does not hold an element of t.ListResponse.items"#,
    ]);
}

#[test]
fn both_requests_have_the_same_fields() {
    let service = Service {
        request: "optional int32 page_size = 1; string sort = 2;",
        ..SERVICE
    };
    service.check(&[r#"streams the list "List", but has no "sort" like t.ListRequest"#]);
    let service = Service {
        request: "optional int32 page_size = 1; optional string sort = 2; optional string name = \
            3;",
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "List", but has a "name" that t.ListRequest has not or that page_size stands for"#,
    ]);
}

#[test]
fn pages_have_a_size() {
    let service = Service {
        request: "optional string sort = 2;",
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "List" by pages, but has no "page_size" of the type of t.ListRequest.limit"#,
    ]);
    let service = Service {
        option: r#"list: "List" page_size: "sort""#,
        request: "optional int32 limit = 1; optional string page_size = 2;",
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "List" with the page_size "sort", which is no integer of t.ListRequest"#,
    ]);
}

#[test]
fn pages_are_linked() {
    let service = Service {
        option: r#"list: "Plain" page_size: "limit""#,
        ..SERVICE
    };
    service.check(&[
        r#"streams the list "Plain" by pages, but t.PlainResponse has no field from the Link header"#,
    ]);
}
