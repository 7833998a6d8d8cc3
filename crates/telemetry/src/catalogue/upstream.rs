//! The way from the gateway to its upstream.

metrics! {
    Counter ATTEMPTS "web1on1_upstream_attempts_total" ["rpc"]
        "How often requests were sent, retries included";
    Counter REPLIES "web1on1_upstream_replies_total" ["status"]
        "Last replies to calls, by HTTP status";
    Counter SENT "web1on1_upstream_sent_bytes_total" ["rpc"]
        "Bytes of the bodies of requests; what is sent again counts once";
    Counter RECEIVED "web1on1_upstream_received_bytes_total" ["rpc"]
        "Bytes of the bodies of replies that have arrived";
    Gauge CONCURRENCY_LIMIT "web1on1_upstream_concurrency_limit" []
        "How many calls may be on their way at once now";
    Gauge CALLS_IN_FLIGHT "web1on1_upstream_calls_in_flight" []
        "Calls that are on their way, without uploads";
    Gauge CALLS_QUEUED "web1on1_upstream_calls_queued" []
        "Calls that wait for a place";
    Gauge UPLOADS_IN_FLIGHT "web1on1_upstream_uploads_in_flight" []
        "Uploads that are on their way";
    Counter SHED "web1on1_upstream_shed_total" ["reason"]
        "Calls that were not sent because there was too much to do";
    Counter RETRY_BUDGET "web1on1_upstream_retry_budget_total" ["outcome"]
        "Retries that the budget has granted or refused";
    Gauge ENDPOINT_STATE "web1on1_upstream_endpoint_state" ["upstream", "address", "state"]
        "1 for the state that the circuit breaker of an endpoint is in, 0 for the others";
    Gauge ENDPOINT_LOAD "web1on1_upstream_endpoint_load_seconds" ["upstream", "address"]
        "What a request is expected to cost: latency times requests, by which endpoints are chosen";
    Gauge ENDPOINT_IN_FLIGHT "web1on1_upstream_endpoint_requests_in_flight" ["upstream", "address"]
        "Requests that are on their way to an endpoint";
    Gauge ENDPOINT_CONNECTIONS "web1on1_upstream_endpoint_connections" ["upstream", "address"]
        "Connections to an endpoint that are open or being made";
    Gauge ENDPOINT_IDLE "web1on1_upstream_endpoint_idle_connections" ["upstream", "address"]
        "Connections to an endpoint that nobody uses";
    Counter ENDPOINT_CONNECTED "web1on1_upstream_endpoint_connects_total" ["upstream", "address"]
        "Connections that were made to an endpoint";
    Counter ENDPOINT_CONNECT_FAILURES "web1on1_upstream_endpoint_connect_failures_total" ["upstream", "address"]
        "Connections to an endpoint that could not be made";
    Gauge ENDPOINTS_UNLISTED "web1on1_upstream_endpoints_unlisted" []
        "Endpoints beyond the first 128, which have no series of their own";
}
