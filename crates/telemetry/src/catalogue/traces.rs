//! The spans that go to a collector.

metrics! {
    Counter EXPORTED "web1on1_trace_spans_exported_total" []
        "Spans that the collector has taken";
    Counter DROPPED "web1on1_trace_spans_dropped_total" ["reason"]
        "Spans that were dropped: the queue was full, the collector could not be reached, or it refused them";
    Gauge QUEUED "web1on1_trace_spans_queued" []
        "Spans that wait for the collector, without those that are on their way";
    Counter FAILURES "web1on1_trace_export_failures_total" []
        "Requests to the collector that have failed, repeated ones included";
}
