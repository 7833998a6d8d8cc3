//! The certificates of listeners and of the way upstream.

metrics! {
    Counter HANDSHAKES "web1on1_tls_handshakes_total" ["listener", "outcome"]
        "Handshakes that have ended, by what came of them: ok, or why there is no connection";
    Gauge CERTIFICATE_END "web1on1_tls_certificate_not_after_timestamp_seconds" ["listener"]
        "When the certificate in use ends, in seconds since 1970; upstream is the one that the gateway shows there";
    Counter RELOADS "web1on1_tls_reloads_total" ["listener", "outcome"]
        "Changes of the files of TLS that were taken into use, or found unusable; failed counts also a certificate and a key that were replaced one after the other";
    Gauge FILES_UNUSABLE "web1on1_tls_files_unusable" ["listener"]
        "1 while the files of TLS cannot be used and older ones stay in use, else 0";
}
