//! What the handshakes of a server came to, counted.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustls::InvalidMessage;

/// What a handshake came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandshakeOutcome {
    /// There is a connection.
    Succeeded,
    /// The client does not speak TLS.
    PlainText,
    /// The client has shown no certificate and needs one.
    NoCertificate,
    /// The certificate of the client is refused: no authority vouches for it, or it is not
    /// valid now.
    CertificateRefused,
    /// The client has refused, as one does that does not trust the certificate of the
    /// server.
    ClientRefused,
    /// There is no version or cipher that both speak.
    Incompatible,
    /// The client has gone.
    ClientGone,
    /// Whoever waited for it does no more, because it took too long or the server stops.
    Abandoned,
    /// Anything else, such as a message that is malformed.
    Other,
}

impl HandshakeOutcome {
    /// All outcomes, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Succeeded,
        Self::PlainText,
        Self::NoCertificate,
        Self::CertificateRefused,
        Self::ClientRefused,
        Self::Incompatible,
        Self::ClientGone,
        Self::Abandoned,
        Self::Other,
    ];

    /// The name of the outcome.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "ok",
            Self::PlainText => "plain_text",
            Self::NoCertificate => "no_certificate",
            Self::CertificateRefused => "certificate_refused",
            Self::ClientRefused => "client_refused",
            Self::Incompatible => "incompatible",
            Self::ClientGone => "client_gone",
            Self::Abandoned => "abandoned",
            Self::Other => "other",
        }
    }

    /// What a handshake came to that has failed.
    pub(crate) fn of(error: &io::Error) -> Self {
        let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
        match cause {
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => {
                Self::PlainText
            }
            Some(rustls::Error::NoCertificatesPresented) => Self::NoCertificate,
            Some(rustls::Error::InvalidCertificate(_)) => Self::CertificateRefused,
            Some(rustls::Error::AlertReceived(_)) => Self::ClientRefused,
            Some(rustls::Error::PeerIncompatible(_)) => Self::Incompatible,
            Some(_) => Self::Other,
            None => Self::ClientGone,
        }
    }
}

/// How many handshakes came to what. Clones share the counts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcomes(Arc<[AtomicU64; HandshakeOutcome::ALL.len()]>);

/// A handshake under way, which is counted when this is dropped.
pub(crate) struct Underway {
    outcomes: Outcomes,
    outcome: HandshakeOutcome,
}

impl Outcomes {
    /// A handshake begins. Unless it comes to something else, it is abandoned.
    pub(crate) fn begin(&self) -> Underway {
        Underway {
            outcomes: self.clone(),
            outcome: HandshakeOutcome::Abandoned,
        }
    }

    pub(crate) fn counts(&self) -> [(HandshakeOutcome, u64); HandshakeOutcome::ALL.len()] {
        HandshakeOutcome::ALL.map(|outcome| {
            let count = self.0[outcome as usize].load(Ordering::Relaxed);
            (outcome, count)
        })
    }
}

impl Underway {
    pub(crate) fn comes_to(mut self, outcome: HandshakeOutcome) {
        self.outcome = outcome;
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.outcomes.0[self.outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}
