//! What it costs to make a request of the bytes of a message: in one pass, and by way of
//! a typed message.
//!
//!     cargo bench -p transcode --bench requests

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use prost::Message as _;
use proto::v2::{
    CreateUserRequest, GetUserRequest, ListUsersRequest, UpdateUserRequest, User,
    UserServiceCreateUser, UserServiceGetUser, UserServiceListUsers, UserServiceUpdateUser,
    UserStatus,
};
use transcode::json::{self, Nested};
use transcode::{RestCall, wire};

/// A user as the API answers with it.
fn recorded() -> User {
    let text = include_str!("../../../openapi/recorded/getUser.json");
    let exchange: serde_json::Value = serde_json::from_str(text).expect("a recorded exchange");
    let user = serde_json::to_vec(&exchange["response"]["body"]).expect("JSON");
    json::read::<Nested<User>>(&user).expect("a user").0
}

fn compare<C: RestCall>(criterion: &mut Criterion, request: &C::Request) {
    let message = request.encode_to_vec();
    let mut group = criterion.benchmark_group(C::RPC);
    group.throughput(Throughput::Bytes(message.len() as u64));
    group.bench_function("one pass", |b| {
        b.iter(|| wire::request_parts(&C::PATH, C::request(), black_box(&message)));
    });
    group.bench_function("typed", |b| {
        b.iter(|| {
            let request = C::Request::decode(black_box(message.as_slice())).expect("a message");
            transcode::request_parts::<C>(request)
        });
    });
    group.finish();
}

fn benchmark(criterion: &mut Criterion) {
    let id = "0123456789abcdef01234567".to_owned();
    let get = GetUserRequest {
        user_id: id.clone(),
    };
    compare::<UserServiceGetUser>(criterion, &get);
    let list = ListUsersRequest {
        limit: Some(100),
        offset: Some(200),
        sort: Some("-createdAt".to_owned()),
        organization: Some(id.clone()),
        status: Some(UserStatus::Active.into()),
        ..ListUsersRequest::default()
    };
    compare::<UserServiceListUsers>(criterion, &list);
    let create = CreateUserRequest {
        user: Some(recorded()),
    };
    compare::<UserServiceCreateUser>(criterion, &create);
    let mask = ["display_name", "settings.locale"];
    let update = UpdateUserRequest {
        user_id: id,
        user: Some(recorded()),
        update_mask: Some(prost_types::FieldMask {
            paths: mask.map(str::to_owned).to_vec(),
        }),
    };
    compare::<UserServiceUpdateUser>(criterion, &update);
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
