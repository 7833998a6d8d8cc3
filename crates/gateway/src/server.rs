//! Serves gRPC: the given services, reflection and health.

use std::future::Future;
use std::io;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// How often an idle connection is asked whether it is still there, and how
/// long it has to answer.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long calls may go on after the server was told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// How long the server waits before it accepts again where it could not, as
/// when the process has no file descriptor left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The services of a server.
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
    health: HealthReporter,
}

impl Services {
    /// Adds server reflection (v1 and v1alpha) and the health service to the
    /// services of an API. `names` are the full names of these, and
    /// `descriptors` an encoded `FileDescriptorSet` that describes them.
    ///
    /// # Errors
    ///
    /// Fails where the descriptors cannot be read.
    pub async fn new(
        routes: Routes,
        names: &[&'static str],
        descriptors: &[u8],
    ) -> Result<Self, tonic_reflection::server::Error> {
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(descriptors)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let (health, health_service) = tonic_health::server::health_reporter();
        for name in names {
            health
                .set_service_status(*name, ServingStatus::Serving)
                .await;
        }
        let routes = routes
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?)
            .add_service(health_service);
        Ok(Self {
            routes,
            names: names.to_vec(),
            health,
        })
    }

    /// Tells whoever asks that no call should be sent here any more.
    async fn set_not_serving(&self) {
        for name in self.names.iter().chain(&[""]) {
            self.health
                .set_service_status(*name, ServingStatus::NotServing)
                .await;
        }
    }
}

/// Serves until `shutdown` is done; then accepts nothing new, and returns when
/// the calls under way have ended or half a minute has passed.
///
/// HTTP/2 is expected from the first byte (h2c with prior knowledge), as gRPC
/// clients without TLS speak it.
///
/// # Errors
///
/// Fails where the listener is not usable.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    listener.local_addr()?;
    // tonic's own server would answer CANCELLED at a caller's deadline, which
    // the gateway answers itself; hyper underneath leaves it alone.
    let router = services.routes.clone().prepare().into_axum_router();
    let mut http = auto::Builder::new(TokioExecutor::new()).http2_only();
    http.http2()
        .timer(TokioTimer::new())
        .adaptive_window(true)
        .max_concurrent_streams(1024)
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE);
    let connections = GracefulShutdown::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        // Without it small replies wait for acknowledgements.
        let _ = stream.set_nodelay(true);
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection.into_owned());
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended with an error");
            }
        });
    }
    drop(listener);
    services.set_not_serving().await;
    if tokio::time::timeout(GRACE, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some calls did not end in time and are dropped");
    }
    Ok(())
}
