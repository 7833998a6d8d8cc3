//! Which method a name stands for, and what a wrong one may have meant.

use insta::assert_snapshot;

use super::{find, pool, usage};

#[track_caller]
fn check_found(name: &str, expected: &str) {
    let method = find::method(&pool(), name).expect("the method is found");
    assert_eq!(method.full_name(), expected);
}

#[test]
fn full_service_name_is_found() {
    check_found(
        "shelf.v1.ShelfService/FindBook",
        "shelf.v1.ShelfService.FindBook",
    );
}

#[test]
fn short_service_name_is_found() {
    check_found("LoanService/FindBook", "shelf.v1.LoanService.FindBook");
}

#[test]
fn dot_separates_the_method_too() {
    check_found(
        "shelf.v1.ShelfService.AddBooks",
        "shelf.v1.ShelfService.AddBooks",
    );
}

#[test]
fn path_of_a_request_is_found() {
    check_found(
        "/shelf.v1.ShelfService/AddBooks",
        "shelf.v1.ShelfService.AddBooks",
    );
}

#[tokio::test]
async fn mistyped_method_suggests_the_near_ones() {
    assert_snapshot!(usage(&["ShelfService/findbooks"]).await, @"error: ShelfService has no method findbooks; did you mean ShelfService/FindBook?");
}

#[tokio::test]
async fn unknown_method_lists_those_of_the_service() {
    assert_snapshot!(usage(&["LoanService/Zap"]).await, @r"
    error: LoanService has no method Zap; it has
      LoanService/FindBook
    ");
}

#[tokio::test]
async fn mistyped_service_suggests_the_near_ones() {
    assert_snapshot!(usage(&["shelf.v1.ShelvService/AddBooks"]).await, @"error: there is no service shelf.v1.ShelvService; did you mean ShelfService/AddBooks?");
}

#[tokio::test]
async fn method_without_a_service_suggests_full_names() {
    assert_snapshot!(usage(&["UploadCover"]).await, @r#"error: "UploadCover" does not say SERVICE/METHOD; did you mean ShelfService/UploadCover?"#);
}

#[tokio::test]
async fn a_name_that_resembles_none_is_told_where_names_are() {
    assert_snapshot!(usage(&["Zap"]).await, @r#"error: "Zap" does not say SERVICE/METHOD; --list shows what there is"#);
}

/// Checks what is said of a name in the API of this system.
#[track_caller]
fn check_of_api(name: &str, expected: &str) {
    let pool = prost_reflect::DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET);
    let error = find::method(&pool.expect("the descriptors decode"), name).expect_err(name);
    assert_eq!(error.to_string().lines().next(), Some(expected), "{name}");
}

#[test]
fn a_service_is_no_method_and_shows_those_that_it_has() {
    for name in ["UserService", "userservice", "web1on1.v2.UserService"] {
        let expected = format!("{name} is a service, and not a method; it has");
        check_of_api(name, &expected);
    }
}

#[test]
fn case_alone_leads_to_one_suggestion() {
    let expected = "there is no service userservice; did you mean UserService/GetUser?";
    check_of_api("userservice/getuser", expected);
    let expected = "UserService has no method getuser; did you mean UserService/GetUser?";
    check_of_api("UserService/getuser", expected);
}

#[test]
fn the_word_that_all_services_end_in_makes_none_alike() {
    let expected = "there is no service UsersService; did you mean UserService/GetUser?";
    check_of_api("UsersService/GetUser", expected);
    let expected = "there is no service User; did you mean UserService/GetUser?";
    check_of_api("User/GetUser", expected);
    let expected = "there is no service CategoriService; did you mean \
                    CategoryService/ListCategories?";
    check_of_api("CategoriService/ListCategories", expected);
}

#[test]
fn a_method_of_another_service_is_found_there() {
    let expected = "FormService has no method GetUser; did you mean UserService/GetUser?";
    check_of_api("FormService/GetUser", expected);
}

#[test]
fn a_beginning_suggests_what_begins_so() {
    let expected = "UserService has no method Get; did you mean UserService/GetUser?";
    check_of_api("UserService/Get", expected);
}

#[test]
fn what_resembles_nothing_shows_where_to_look() {
    check_of_api(
        "Xyzzy/Plugh",
        "there is no service Xyzzy; --list shows what there is",
    );
    check_of_api(
        "UserService/Plugh",
        "UserService has no method Plugh; it has",
    );
}
