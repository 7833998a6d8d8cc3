//! Calls over gRPC, through the gateway, to the shop: each test has both, on sockets of
//! their own.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use petshop::v1::pet_service_client::PetServiceClient;
use petshop::v1::{
    CreatePetRequest, DeletePetRequest, GetPetRequest, ListPetsRequest, Pet, SellPetRequest,
    Species, StreamPetsRequest, UpdatePetRequest, UploadPhotoRequest, upload_photo_request,
};
use prost_types::{FieldMask, Timestamp};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_stream::StreamExt as _;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Server};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A shop, a gateway in front of it, and a client. Dropping it ends both servers.
struct Open {
    client: PetServiceClient<Channel>,
    http: String,
    _servers: JoinSet<()>,
}

impl Open {
    async fn new() -> Self {
        let mut servers = JoinSet::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let http = listener.local_addr().expect("an address").to_string();
        servers.spawn(async {
            let served = axum::serve(listener, petshop::shop::router()).await;
            served.expect("the shop serves");
        });
        let base = format!("http://{http}/v1").parse().expect("a base");
        let services = petshop::services(base).await.expect("services");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let grpc = listener.local_addr().expect("an address");
        servers.spawn(async {
            let incoming = TcpIncoming::from(listener);
            let served = Server::builder().add_routes(services);
            let served = served.serve_with_incoming(incoming).await;
            served.expect("the gateway serves");
        });
        let channel = Channel::from_shared(format!("http://{grpc}")).expect("a URL");
        let channel = channel.connect().await.expect("the gateway accepts");
        Self {
            client: PetServiceClient::new(channel),
            http,
            _servers: servers,
        }
    }

    /// Takes a pet in, and returns its id.
    async fn take_in(&mut self, name: &str, tags: &[&str]) -> String {
        let pet = Pet {
            name: Some(name.to_owned()),
            species: Species::Dog.into(),
            tags: tags.iter().map(ToString::to_string).collect(),
            ..Pet::default()
        };
        let created = self.client.create_pet(CreatePetRequest { pet: Some(pet) });
        let created = created.await.expect("the pet is valid").into_inner();
        created.id.expect("it has an id")
    }
}

/// The reason and the domain of an error.
fn reason(status: &Status) -> (String, String) {
    let details = status.get_error_details();
    let info = details.error_info().expect("there is always a reason");
    (info.reason.clone(), info.domain.clone())
}

#[tokio::test]
async fn a_pet_is_created_read_changed_and_deleted() {
    let mut open = Open::new().await;
    let born = Timestamp {
        seconds: 1_588_291_200,
        nanos: 0,
    };
    let pet = Pet {
        name: Some("Rex".to_owned()),
        species: Species::Dog.into(),
        weight_grams: Some(30_000),
        born: Some(born),
        ..Pet::default()
    };
    let request = CreatePetRequest {
        pet: Some(pet.clone()),
    };
    let created = open.client.create_pet(request).await;
    let created = created.expect("the pet is valid").into_inner();
    let pet_id = created.id.clone().expect("it has an id");
    let expected = Pet {
        id: Some(pet_id.clone()),
        ..pet
    };
    assert_eq!(created, expected);

    let request = GetPetRequest {
        pet_id: pet_id.clone(),
    };
    let read = open.client.get_pet(request.clone()).await;
    assert_eq!(read.expect("it is there").into_inner(), expected);

    // The mask names what is set, and what is not: that is cleared.
    let request = UpdatePetRequest {
        pet_id: pet_id.clone(),
        pet: Some(Pet {
            name: Some("Max".to_owned()),
            ..Pet::default()
        }),
        update_mask: Some(FieldMask {
            paths: vec!["name".to_owned(), "weight_grams".to_owned()],
        }),
    };
    let changed = open.client.update_pet(request).await;
    let changed = changed.expect("it is there").into_inner();
    let expected = Pet {
        name: Some("Max".to_owned()),
        weight_grams: None,
        ..expected
    };
    assert_eq!(changed, expected);

    let delete = DeletePetRequest { pet_id };
    let deleted = open.client.delete_pet(delete).await;
    deleted.expect("204 is an empty message");
    let gone = open.client.get_pet(request_of(&expected)).await;
    assert_eq!(gone.expect_err("it is gone").code(), Code::NotFound);
}

fn request_of(pet: &Pet) -> GetPetRequest {
    GetPetRequest {
        pet_id: pet.id.clone().unwrap_or_default(),
    }
}

#[tokio::test]
async fn a_list_comes_in_pages_or_one_by_one() {
    let mut open = Open::new().await;
    for name in ["Ada", "Bo", "Cy", "Dot", "Eve"] {
        open.take_in(name, &["calm", "small"]).await;
    }
    open.take_in("Fay", &["calm"]).await;
    let tag = vec!["calm".to_owned(), "small".to_owned()];

    let request = ListPetsRequest {
        tag: tag.clone(),
        limit: 2,
        ..ListPetsRequest::default()
    };
    let page = open.client.list_pets(request).await.expect("a page");
    let page = page.into_inner();
    assert_eq!(page.pets.len(), 2);
    assert_eq!(page.next_after, "2");

    let request = StreamPetsRequest {
        tag,
        page_size: 2,
        ..StreamPetsRequest::default()
    };
    let stream = open.client.stream_pets(request).await.expect("a stream");
    let pets: Vec<_> = stream.into_inner().collect().await;
    let names: Vec<_> = pets
        .into_iter()
        .map(|pet| pet.expect("a pet").name.unwrap_or_default())
        .collect();
    assert_eq!(names, ["Ada", "Bo", "Cy", "Dot", "Eve"]);
}

#[tokio::test]
async fn an_error_of_problem_details_has_its_message_and_reason() {
    let mut open = Open::new().await;
    let pet_id = open.take_in("Rex", &[]).await;
    let sell = SellPetRequest { pet_id };
    open.client
        .sell_pet(sell.clone())
        .await
        .expect("it is sold");
    let refused = open.client.sell_pet(sell).await;
    let refused = refused.expect_err("it is sold once");
    assert_eq!(refused.code(), Code::Aborted);
    assert_eq!(refused.message(), "Rex was sold already");
    let expected = ("PET_IS_SOLD".to_owned(), "petshop.example".to_owned());
    assert_eq!(reason(&refused), expected);
}

#[tokio::test]
async fn an_error_of_a_form_of_its_own_has_its_message_reason_and_fields() {
    let mut open = Open::new().await;
    let request = CreatePetRequest {
        pet: Some(Pet::default()),
    };
    let refused = open.client.create_pet(request).await;
    let refused = refused.expect_err("it has no name");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(refused.message(), "The pet is not valid");
    let expected = ("INVALID_PET".to_owned(), "127.0.0.1".to_owned());
    assert_eq!(reason(&refused), expected);
    let details = refused.get_error_details();
    let bad = details.bad_request().expect("a field is named");
    assert_eq!(bad.field_violations[0].field, "pet.name");
    assert_eq!(bad.field_violations[0].description, "must not be empty");
}

#[tokio::test]
async fn a_photo_goes_up_in_pieces() {
    let mut open = Open::new().await;
    let pet_id = open.take_in("Rex", &[]).await;
    let header = upload_photo_request::Header {
        pet_id,
        file_name: "rex.png".to_owned(),
        content_type: "image/png".to_owned(),
    };
    let messages = [
        upload_photo_request::Message::Header(header),
        upload_photo_request::Message::Content(b"one piece ".as_slice().into()),
        upload_photo_request::Message::Content(b"and another".as_slice().into()),
    ];
    let messages = messages.map(|message| UploadPhotoRequest {
        message: Some(message),
    });
    let uploaded = open.client.upload_photo(tokio_stream::iter(messages)).await;
    assert_eq!(uploaded.expect("it fits").into_inner().bytes, 21);
}

#[tokio::test]
async fn an_api_that_is_away_is_unavailable() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let base = format!("http://{address}/v1").parse().expect("a base");
    let services = petshop::services(base).await.expect("services");
    let mut client = PetServiceClient::new(services);
    let refused = client.get_pet(GetPetRequest {
        pet_id: "1".to_owned(),
    });
    let refused = refused.await.expect_err("nobody is there");
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused).0, "UPSTREAM_UNAVAILABLE");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The servers and the test share a thread, and so a log.
#[tokio::test]
async fn drift_is_told_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone());
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);

    let mut open = Open::new().await;
    let body = r#"{"name": "Rex", "species": "fish", "microchip": "canary"}"#;
    post(&open.http, body).await;
    for _ in 0..3 {
        let request = GetPetRequest {
            pet_id: "1".to_owned(),
        };
        let pet = open.client.get_pet(request).await;
        let pet = pet.expect("drift is no error").into_inner();
        assert_eq!(pet.species(), Species::Unspecified);
    }
    let log = log.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8_lossy(&log);
    let drifts: Vec<_> = log.lines().filter(|line| line.contains("drift")).collect();
    assert_eq!(drifts.len(), 2, "{log}");
    assert!(log.contains("undeclared property at $.microchip"), "{log}");
    assert!(log.contains("unknown enum value at $.species"), "{log}");
    assert!(!log.contains("canary") && !log.contains("fish"), "{log}");
}

/// Takes a pet in as no caller over gRPC can.
async fn post(address: &str, body: &'static str) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address)
        .await
        .expect("the shop");
    let request = format!(
        "POST /v1/pets HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let sent = stream.write_all(request.as_bytes()).await;
    sent.expect("the shop reads");
    let mut answer = String::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answer));
    read.await.expect("the shop answers").expect("in text");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}
