//! Pages that are served beside the API: what they are, and that they are made once.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

/// What goes wrong when pages are made.
pub(crate) type MakeError = Box<dyn StdError + Send + Sync>;

/// A page, or what one needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it is, such as `/docs/index.html`. The directory of an `index.html` leads
    /// to it too, and a `404.html` in a root is what browsers are shown where nothing is
    /// below that root.
    pub path: String,
    /// Its media type.
    pub media_type: String,
    /// Its `Content-Security-Policy`; without one it can do nothing.
    pub policy: Option<String>,
    /// What it holds, compressed with gzip ([RFC 1952]).
    ///
    /// [RFC 1952]: https://www.rfc-editor.org/rfc/rfc1952
    pub gzip: Bytes,
}

type Make = dyn Fn() -> Result<Vec<Page>, MakeError> + Send + Sync;

/// Pages for everybody, without a token. They are made when somebody asks for one first.
/// Clones share them.
#[derive(Clone)]
pub struct Pages {
    roots: Arc<[&'static str]>,
    make: Arc<Make>,
    made: Arc<OnceCell<BTreeMap<String, Page>>>,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let roots = &self.roots;
        f.debug_struct("Pages")
            .field("roots", roots)
            .finish_non_exhaustive()
    }
}

impl Pages {
    /// Pages that `make` makes. Each is at one of `roots` or below it, such as `/docs`;
    /// requests for other paths make nothing.
    pub fn new<E: Into<Box<dyn StdError + Send + Sync>>>(
        roots: impl Into<Arc<[&'static str]>>,
        make: impl Fn() -> Result<Vec<Page>, E> + Send + Sync + 'static,
    ) -> Self {
        Self {
            roots: roots.into(),
            make: Arc::new(move || make().map_err(Into::into)),
            made: Arc::default(),
        }
    }

    /// Returns whether a page may be there.
    pub(crate) fn cover(&self, path: &str) -> bool {
        self.roots.iter().any(|root| is_below(root, path))
    }

    /// The page at a path.
    pub(crate) async fn find(&self, path: &str) -> Result<Found<'_>, MakeError> {
        let make = || async {
            let make = Arc::clone(&self.make);
            let pages = spawn_blocking(move || make()).await??;
            let by_path = pages.into_iter().map(|page| (page.path.clone(), page));
            Ok::<_, MakeError>(by_path.collect())
        };
        let pages = self.made.get_or_try_init(make).await?;
        if let Some(page) = pages.get(path) {
            return Ok(Found::Page(page));
        }
        let instead = || {
            let root = self.roots.iter().find(|root| is_below(root, path))?;
            pages.get(&format!("{root}/404.html"))
        };
        let index = format!("{}/index.html", path.trim_end_matches('/'));
        Ok(match pages.get(&index) {
            Some(page) if path.ends_with('/') => Found::Page(page),
            Some(_) => Found::Directory,
            None => Found::Nothing(instead()),
        })
    }
}

/// What is at a path.
pub(crate) enum Found<'a> {
    Page(&'a Page),
    /// A page is at the same path with a slash, where its links are right.
    Directory,
    /// The `404.html` of the root says so to people.
    Nothing(Option<&'a Page>),
}

/// Returns whether a path is this root or below it.
fn is_below(root: &str, path: &str) -> bool {
    let rest = path.strip_prefix(root);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
