//! A gateway with credentials in front of the backend, for callers whom it knows.

use proto::v2::auth_service_client::AuthServiceClient;
use proto::v2::user_service_client::UserServiceClient;
use proto::v2::{CreateTokenRequest, GetUserRequest};
use tonic::transport::Channel;
use tonic::{Code, Request};

use super::program::{Running, check, program};

const ADMITTED: &str = "Bearer canary0admittedtoken";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_are_admitted_act_as_the_user_of_the_gateway() {
    let data = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(data.path().join(name), text).unwrap();
    };
    file("password", "canary0ownerpassword\n");
    file("admit", "canary0admittedtoken\n");
    let mut command = program();
    command.args(["backend", "--http", "127.0.0.1:0", "--data", "data"]);
    command.args(["--owner-email", "owner@example.com"]);
    command.current_dir(data.path());
    let mut backend = Running::start(command.env("WEB1ON1_OWNER_PASSWORD", "canary0ownerpassword"));
    let mut command = program();
    command.args(["gateway", "--grpc", "127.0.0.1:0", "--upstream"]);
    command.arg(format!("http://{}", backend.told("http ")));
    command.args(["--credentials-email", "owner@example.com"]);
    command.args([
        "--credentials-password-file",
        "password",
        "--admit-token-file",
        "admit",
    ]);
    let mut gateway = Running::start(command.current_dir(data.path()));
    let channel = Channel::from_shared(format!("http://{}", gateway.told("grpc "))).unwrap();
    let channel = channel.connect().await.expect("the gateway serves");

    let mut users = UserServiceClient::new(channel.clone());
    let me = |token: Option<&'static str>| {
        let mut request = Request::new(GetUserRequest {
            user_id: "me".to_owned(),
        });
        if let Some(token) = token {
            let token = token.parse().unwrap();
            request.metadata_mut().insert("authorization", token);
        }
        request
    };
    let user = users
        .get_user(me(Some(ADMITTED)))
        .await
        .expect("it is admitted");
    let email = user.into_inner().user.unwrap().email;
    assert_eq!(email.as_deref(), Some("owner@example.com"));
    for token in [None, Some("Bearer canary0someothertoken")] {
        let status = users
            .get_user(me(token))
            .await
            .expect_err("it is not admitted");
        assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    }
    let mut login = Request::new(CreateTokenRequest::default());
    login
        .metadata_mut()
        .insert("authorization", ADMITTED.parse().unwrap());
    let status = AuthServiceClient::new(channel).create_token(login).await;
    let status = status.expect_err("it gives out no tokens");
    assert_eq!(status.code(), Code::Unimplemented, "{status}");
    check(
        &(gateway.seen() + &backend.seen()),
        &["logged in upstream", "answered"],
    );
}
