//! Where metrics come from, and what a scrape reads.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric as _, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::MetricType;
pub use prometheus_client::metrics::histogram::Histogram as Measurements;

use crate::admin::{Answer, Page};
use crate::catalogue;
use crate::metric::{Counter, Declaration, Gauge, Histogram, Kind, Metric};

/// The longest value of a label, in bytes. Longer ones are cut.
const MAX_LABEL: usize = 256;

type Source = Box<dyn Fn(&mut Scrape) + Send + Sync>;

/// The sources of the metrics of a process. Clones share them.
#[derive(Clone, Default)]
pub struct Registry {
    sources: Arc<RwLock<Vec<Source>>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Registry")
    }
}

impl Registry {
    /// Asks `source` for its values at every scrape. It must not block.
    pub fn add(&self, source: impl Fn(&mut Scrape) + Send + Sync + 'static) {
        let mut sources = self.sources.write().unwrap_or_else(PoisonError::into_inner);
        sources.push(Box::new(source));
    }

    /// The page `/metrics`.
    pub fn page(&self) -> Page {
        let registry = self.clone();
        Page::new("/metrics", "metrics for Prometheus", move |_| {
            let registry = registry.clone();
            async move { Answer::ok(prometheus_text::CONTENT_TYPE, registry.render()) }
        })
    }

    /// All values at this moment, in the text format of Prometheus (0.0.4).
    pub fn render(&self) -> String {
        let mut scrape = Scrape::default();
        for source in &*self.sources.read().unwrap_or_else(PoisonError::into_inner) {
            source(&mut scrape);
        }
        let mut registry = prometheus_client::registry::Registry::default();
        registry.register_collector(Box::new(scrape));
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = prometheus_text::encode(&mut text, &registry);
        text
    }
}

/// The values of one scrape.
#[derive(Default)]
pub struct Scrape {
    samples: HashMap<&'static str, Vec<Sample>>,
}

struct Sample {
    labels: Vec<(&'static str, String)>,
    value: Value,
}

enum Value {
    Counter(f64),
    Count(u64),
    Gauge(f64),
    Level(u64),
    Histogram(Measurements),
}

impl Scrape {
    /// Adds a value of a counter.
    pub fn counter<const N: usize>(
        &mut self,
        metric: &Metric<Counter, N>,
        labels: [&str; N],
        value: f64,
    ) {
        self.add(metric, labels, Value::Counter(value));
    }

    /// Adds a value of a counter of things.
    pub fn count<const N: usize>(
        &mut self,
        metric: &Metric<Counter, N>,
        labels: [&str; N],
        value: u64,
    ) {
        self.add(metric, labels, Value::Count(value));
    }

    /// Adds a value of a gauge.
    pub fn gauge<const N: usize>(
        &mut self,
        metric: &Metric<Gauge, N>,
        labels: [&str; N],
        value: f64,
    ) {
        self.add(metric, labels, Value::Gauge(value));
    }

    /// Adds how many there are of something.
    pub fn level<const N: usize>(
        &mut self,
        metric: &Metric<Gauge, N>,
        labels: [&str; N],
        value: usize,
    ) {
        self.add(metric, labels, Value::Level(value as u64));
    }

    /// Adds the measurements of a histogram.
    pub fn histogram<const N: usize>(
        &mut self,
        metric: &Metric<Histogram, N>,
        labels: [&str; N],
        measurements: &Measurements,
    ) {
        self.add(metric, labels, Value::Histogram(measurements.clone()));
    }

    fn add<K, const N: usize>(&mut self, metric: &Metric<K, N>, labels: [&str; N], value: Value) {
        let names = metric.labels().into_iter();
        let labels = names.zip(labels.map(|value| cut(value).to_owned()));
        let samples = self.samples.entry(metric.declaration().name).or_default();
        samples.push(Sample {
            labels: labels.collect(),
            value,
        });
    }
}

fn cut(value: &str) -> &str {
    &value[..value.floor_char_boundary(MAX_LABEL)]
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrape")
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Declaration {
            name, kind, help, ..
        } in catalogue::all()
        {
            let Some(samples) = self.samples.get(name) else {
                continue;
            };
            let (name, kind) = match kind {
                // The encoder puts the end back.
                Kind::Counter => (name.trim_end_matches("_total"), MetricType::Counter),
                Kind::Gauge => (name, MetricType::Gauge),
                Kind::Histogram => (name, MetricType::Histogram),
            };
            let mut metric = encoder.encode_descriptor(name, help, None, kind)?;
            for Sample { labels, value } in samples {
                let mut series = metric.encode_family(labels)?;
                match value {
                    Value::Counter(value) => {
                        series.encode_counter::<NoLabelSet, _, f64>(value, None)?;
                    }
                    Value::Count(value) => {
                        series.encode_counter::<NoLabelSet, _, f64>(value, None)?;
                    }
                    Value::Gauge(value) => series.encode_gauge(value)?,
                    Value::Level(value) => series.encode_gauge(value)?,
                    Value::Histogram(measurements) => measurements.encode(series)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::process::{BUILD_INFO, CPU_TIME};

    #[track_caller]
    fn check(source: impl Fn(&mut Scrape) + Send + Sync + 'static, expected: &str) {
        let registry = Registry::default();
        registry.add(source);
        assert_eq!(registry.render(), expected);
    }

    #[test]
    fn every_metric_says_what_it_is() {
        check(
            |scrape| scrape.counter(&CPU_TIME, [], 1.5),
            "# HELP process_cpu_seconds_total Processor time that the process has taken, in its \
             own code and in the system\n\
             # TYPE process_cpu_seconds_total counter\n\
             process_cpu_seconds_total 1.5\n",
        );
    }

    #[test]
    fn labels_are_escaped_and_bounded() {
        let long = "ü".repeat(MAX_LABEL);
        let cut = "ü".repeat(MAX_LABEL / 2);
        let expected = format!(
            "# HELP web1on1_build_info {}\n# TYPE web1on1_build_info gauge\n\
             web1on1_build_info{{version=\"a\\\"\\n\\\\\",command=\"{cut}\"}} 1\n",
            BUILD_INFO.declaration().help
        );
        check(
            move |scrape| scrape.level(&BUILD_INFO, ["a\"\n\\", &long], 1),
            &expected,
        );
    }

    #[test]
    fn two_registries_share_nothing() {
        let registry = Registry::default();
        registry.add(|scrape| scrape.counter(&CPU_TIME, [], 1.0));
        assert_eq!(Registry::default().render(), "");
    }
}
