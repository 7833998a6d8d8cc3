//! The gRPC server and the calls through it.

metrics! {
    Counter CALLS "web1on1_gateway_calls_total" ["rpc", "code"]
        "Calls that have ended, by rpc and by the gRPC code that the caller was told";
    Histogram CALL_DURATION "web1on1_gateway_call_duration_seconds" ["rpc"]
        "Time from the headers of a call to the last byte of its reply";
    Histogram EXCHANGE_DURATION "web1on1_gateway_exchange_duration_seconds" ["rpc"]
        "Time of that which was spent on the exchange with the upstream, waiting for a place included";
    Counter FAILURES "web1on1_gateway_failures_total" ["reason"]
        "Calls that have not ended with OK, by reason; there are 128 reasons at most, and other for the rest";
    Counter RECEIVED "web1on1_gateway_received_bytes_total" ["rpc"]
        "Bytes of the bodies of requests that were read";
    Counter SENT "web1on1_gateway_sent_bytes_total" ["rpc"]
        "Bytes of the bodies of replies that were handed to connections";
    Counter LIST_ELEMENTS "web1on1_gateway_list_elements_total" ["rpc"]
        "Elements of streamed lists that were handed on";
    Gauge CALLS_IN_FLIGHT "web1on1_gateway_calls_in_flight" []
        "Calls that have begun and not ended, watches and streams included";
    Gauge CONNECTIONS "web1on1_gateway_connections" []
        "Connections that are open";
    Counter CONNECTIONS_ACCEPTED "web1on1_gateway_connections_accepted_total" []
        "Connections that were accepted";
    Counter CONNECTIONS_SILENT "web1on1_gateway_connections_silent_total" []
        "Connections that were closed because they did not say in time what they speak";
    Counter ACCEPT_FAILURES "web1on1_gateway_accept_failures_total" []
        "How often a connection could not be accepted, as when descriptors run out";
    Counter DRIFT "web1on1_gateway_drift_total" ["rpc", "kind"]
        "Replies of the upstream that differ from the contract, once for each kind of difference in a reply";
    Counter DRIFT_UNLISTED "web1on1_gateway_drift_unlisted_total" []
        "Differences that /drift has no room for";
    Counter WATCHED "web1on1_gateway_watched_replies_total" ["result"]
        "Replies that were picked to be validated against the JSON Schema of the contract, by what came of it";
}
