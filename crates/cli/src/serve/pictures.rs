//! Where pictures are kept, and the bounds on them, as arguments.

use std::time::Duration;

use anyhow::Context as _;
use backend::{PictureLimits, PictureStore};
use clap::Args;

use super::bounds::{duration, positive};

/// Where pictures are kept, and how much they may take.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Pictures of users")]
pub(crate) struct PictureArgs {
    /// Where pictures are kept: `database`, `data` or `s3://bucket/prefix`
    ///
    /// `data` is the directory of --data. S3 has its settings from the usual variables,
    /// such as `AWS_ACCESS_KEY_ID`. Defaults to `database` on PostgreSQL and to `data` on
    /// SQLite.
    // Read later, because what cannot be read would be shown.
    #[arg(long, value_name = "PLACE", hide_env_values = true)]
    pictures: Option<String>,

    /// How many uploaded pictures are decoded at once; each takes up to 0.3 GB
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = positive::<usize>)]
    picture_decoders: usize,

    /// How many more may wait for that
    #[arg(long, value_name = "NUMBER", default_value_t = 16)]
    picture_queue: usize,

    /// How long one may wait for that
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    picture_wait: Duration,

    /// How many bytes of uploads are held at once, of which 16 MiB always are
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = positive::<usize>)]
    picture_upload_bytes: usize,

    /// How long a connection to S3 may take
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    s3_connect_timeout: Duration,

    /// How long one request to S3 may take, with its reply
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    s3_request_timeout: Duration,

    /// How often a request to S3 that fails is tried again
    #[arg(long, value_name = "NUMBER", default_value_t = 2)]
    s3_retries: usize,

    /// How long keeping or reading a picture in S3 may take altogether
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    s3_timeout: Duration,
}

impl PictureArgs {
    /// Where pictures are kept, if that is said. S3 has its settings from the
    /// environment.
    pub(super) fn store(&self) -> anyhow::Result<Option<PictureStore>> {
        let Some(place) = &self.pictures else {
            return Ok(None);
        };
        let mut store = place.parse().context("--pictures names no place")?;
        if let PictureStore::S3(s3) = &mut store {
            let variables = std::env::vars_os().filter_map(|(name, value)| {
                Some((name.into_string().ok()?, value.into_string().ok()?))
            });
            s3.settings = variables
                .filter(|(name, _)| name.starts_with("AWS_"))
                .collect();
        }
        Ok(Some(store))
    }

    /// The bounds on pictures.
    pub(super) fn limits(&self) -> PictureLimits {
        PictureLimits {
            decoders: self.picture_decoders,
            waiting: self.picture_queue,
            wait: self.picture_wait,
            upload_bytes: self.picture_upload_bytes,
            connect_timeout: self.s3_connect_timeout,
            request_timeout: self.s3_request_timeout,
            retries: self.s3_retries,
            timeout: self.s3_timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(clap::Parser)]
    struct Arguments {
        #[command(flatten)]
        pictures: PictureArgs,
    }

    fn parse(arguments: &[&str]) -> PictureArgs {
        let arguments = [&["web1on1"], arguments].concat();
        <Arguments as clap::Parser>::parse_from(arguments).pictures
    }

    #[test]
    fn the_defaults_of_the_arguments_are_those_of_the_backend() {
        assert_eq!(parse(&[]).limits(), PictureLimits::default());
    }

    #[test]
    fn a_place_is_read() {
        let store = |place| parse(&["--pictures", place]).store();
        assert_eq!(
            store("database").expect("is one"),
            Some(PictureStore::Database)
        );
        assert!(matches!(
            store("s3://bucket/below"),
            Ok(Some(PictureStore::S3(_)))
        ));
    }

    #[test]
    fn a_secret_in_a_place_is_not_repeated() {
        let error = parse(&["--pictures", "s3://key:hush@bucket"]).store();
        let error = error.expect_err("has a secret");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}
