//! The REST backend.

metrics! {
    Counter REQUESTS "web1on1_backend_requests_total" ["operation", "status"]
        "Requests that have ended, by operation and by HTTP status; 499 stands for a client that went before there was a reply";
    Histogram REQUEST_DURATION "web1on1_backend_request_duration_seconds" ["operation"]
        "Time from the head of a request to the last byte of its reply";
    Counter RECEIVED "web1on1_backend_received_bytes_total" ["operation"]
        "Bytes of the bodies of requests that were read";
    Counter SENT "web1on1_backend_sent_bytes_total" ["operation"]
        "Bytes of the bodies of replies that were handed on";
    Counter FAILURES "web1on1_backend_failures_total" ["reason"]
        "Requests that have failed, by reason; there are 128 reasons at most, and other for the rest";
    Gauge REQUESTS_IN_FLIGHT "web1on1_backend_requests_in_flight" []
        "Requests that have begun and not ended";
    Gauge CONNECTIONS "web1on1_backend_connections" []
        "Connections that are open";
    Counter CONNECTIONS_ACCEPTED "web1on1_backend_connections_accepted_total" []
        "Connections that were accepted";
    Counter CONNECTIONS_REFUSED "web1on1_backend_connections_refused_total" []
        "Connections that were closed at once because their peer has too many";
    Counter LOGINS "web1on1_backend_logins_total" ["outcome"]
        "Attempts to log in with a password, by what came of them";
    Histogram STATEMENT_DURATION "web1on1_backend_statement_duration_seconds" ["kind"]
        "Time that the database took, by kind of statement";
    Counter STATEMENT_FAILURES "web1on1_backend_statement_failures_total" ["kind"]
        "Statements that the database did not carry out, lost races included";
    Gauge WORK_RUNNING "web1on1_backend_work_running" ["kind"]
        "Passwords that are being hashed and pictures that are being decoded";
    Gauge WORK_WAITING "web1on1_backend_work_waiting" ["kind"]
        "The same work, as far as it waits for its turn";
    Counter WORK "web1on1_backend_work_total" ["kind"]
        "Work of this kind that was done";
    Counter WORK_TIME "web1on1_backend_work_seconds_total" ["kind"]
        "Time that all work of this kind took together";
    Counter WORK_REFUSED "web1on1_backend_work_refused_total" ["kind"]
        "Work of this kind that was refused because there was too much of it";
    Gauge UPLOAD_BYTES "web1on1_backend_upload_bytes" []
        "Memory that uploads hold";
}
