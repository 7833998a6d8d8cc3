//! What it costs to make protobuf of JSON: in one pass, by way of typed messages, and
//! by way of the dynamic messages of prost-reflect.
//!
//!     cargo bench -p transcode

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, SerializeOptions};
use proto::v2::{ListUsersResponse, User, UserServiceGetUser, UserServiceListUsers};
use serde::de::IgnoredAny;
use transcode::RestCall;
use transcode::json::{self, Nested, Repeated};
use transcode::wire;

/// A user as the API answers with it.
fn recorded() -> serde_json::Value {
    let text = include_str!("../../../openapi/recorded/getUser.json");
    let exchange: serde_json::Value = serde_json::from_str(text).expect("a recorded exchange");
    exchange["response"]["body"].clone()
}

/// The JSON form that protobuf itself has for the message, which alone prost-reflect
/// reads.
fn canonical(name: &str, message: &[u8]) -> Vec<u8> {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the descriptors");
    let descriptor = pool.get_message_by_name(name).expect("the message");
    let message = DynamicMessage::decode(descriptor, message).expect("a message");
    let mut json = serde_json::Serializer::new(Vec::new());
    message
        .serialize_with_options(&mut json, &SerializeOptions::new())
        .expect("it has a JSON form");
    json.into_inner()
}

fn dynamic(pool: &DescriptorPool, name: &str, json: &[u8]) -> Vec<u8> {
    let descriptor = pool.get_message_by_name(name).expect("the message");
    let mut json = serde_json::Deserializer::from_slice(json);
    let options = DeserializeOptions::new();
    let message = DynamicMessage::deserialize_with_options(descriptor, &mut json, &options);
    message.expect("the canonical form").encode_to_vec()
}

fn benchmark(criterion: &mut Criterion) {
    let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).expect("the descriptors");
    let user = serde_json::to_vec(&recorded()).expect("JSON");
    let mut group = criterion.benchmark_group("GetUser");
    group.throughput(Throughput::Bytes(user.len() as u64));
    group.bench_function("tokens alone (serde_json)", |b| {
        b.iter(|| serde_json::from_slice::<IgnoredAny>(black_box(&user)));
    });
    group.bench_function("one pass", |b| {
        b.iter(|| wire::read(UserServiceGetUser::reply().body, black_box(&user)));
    });
    group.bench_function("typed", |b| {
        b.iter(|| {
            let (user, _) = json::read::<Nested<User>>(black_box(&user)).expect("a user");
            user.encode_to_vec()
        });
    });
    let (message, _) = json::read::<Nested<User>>(&user).expect("a user");
    let reference = canonical("web1on1.v2.User", &message.encode_to_vec());
    group.bench_function("dynamic (prost-reflect)", |b| {
        b.iter(|| dynamic(&pool, "web1on1.v2.User", black_box(&reference)));
    });
    group.finish();

    let mut group = criterion.benchmark_group("ListUsers");
    group.sample_size(10);
    for count in [100, 10_000] {
        let users = vec![recorded(); count];
        let list = serde_json::to_vec(&users).expect("JSON");
        group.throughput(Throughput::Bytes(list.len() as u64));
        group.bench_with_input(
            BenchmarkId::new("tokens alone (serde_json)", count),
            &list,
            |b, list| {
                b.iter(|| serde_json::from_slice::<IgnoredAny>(black_box(list)));
            },
        );
        group.bench_with_input(BenchmarkId::new("one pass", count), &list, |b, list| {
            b.iter(|| wire::read(UserServiceListUsers::reply().body, black_box(list)));
        });
        group.bench_with_input(BenchmarkId::new("typed", count), &list, |b, list| {
            b.iter(|| {
                let (users, _) = json::read::<Repeated<Nested<User>>>(list).expect("users");
                let message = ListUsersResponse {
                    users,
                    ..ListUsersResponse::default()
                };
                message.encode_to_vec()
            });
        });
        let (users, _) = json::read::<Repeated<Nested<User>>>(&list).expect("users");
        let message = ListUsersResponse {
            users,
            ..ListUsersResponse::default()
        };
        let reference = canonical("web1on1.v2.ListUsersResponse", &message.encode_to_vec());
        group.bench_with_input(
            BenchmarkId::new("dynamic (prost-reflect)", count),
            &reference,
            |b, list| {
                b.iter(|| dynamic(&pool, "web1on1.v2.ListUsersResponse", black_box(list)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, benchmark);
criterion_main!(benches);
