//! How many bytes of uploaded files are held in memory.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// As many bytes as one upload may need.
const LEAST: usize = 16 << 20;

/// There are too many bytes of other uploads.
#[derive(Debug, thiserror::Error)]
#[error("the uploads that are under way hold as much memory as they may")]
pub(crate) struct NoRoom;

/// The memory for all uploads. A byte counts from when it has come until nobody has
/// the upload any more, so an upload takes no more room than it is long, however
/// slowly it comes.
#[derive(Debug)]
pub(crate) struct Uploads {
    room: Arc<Semaphore>,
    bytes: usize,
}

impl Uploads {
    /// Room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        let bytes = bytes.clamp(LEAST, Semaphore::MAX_PERMITS);
        Self {
            room: Arc::new(Semaphore::new(bytes)),
            bytes,
        }
    }

    /// How many bytes uploads hold.
    pub(crate) fn held(&self) -> usize {
        self.bytes.saturating_sub(self.room.available_permits())
    }

    /// An upload of which nothing has come.
    pub(crate) fn begin(&self) -> Upload<'_> {
        Upload {
            uploads: self,
            bytes: BytesMut::new(),
            held: None,
        }
    }
}

/// An upload that is coming.
pub(crate) struct Upload<'a> {
    uploads: &'a Uploads,
    bytes: BytesMut,
    held: Option<OwnedSemaphorePermit>,
}

impl Upload<'_> {
    /// Adds what has come.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), NoRoom> {
        let count = u32::try_from(chunk.len()).map_err(|_| NoRoom)?;
        let room = Arc::clone(&self.uploads.room).try_acquire_many_owned(count);
        let room = room.map_err(|_| NoRoom)?;
        match &mut self.held {
            Some(held) => held.merge(room),
            None => self.held = Some(room),
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// Returns what `decode` makes of all that has come. It counts as what has come
    /// does.
    pub(crate) fn end<E>(self, decode: impl FnOnce(Bytes) -> Result<Bytes, E>) -> Result<Bytes, E> {
        let bytes = decode(self.bytes.freeze())?;
        Ok(Bytes::from_owner(Held {
            bytes,
            _room: self.held,
        }))
    }
}

struct Held {
    bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[test]
    fn an_upload_takes_room_as_long_as_somebody_has_it() {
        let uploads = Uploads::new(0);
        let mut upload = uploads.begin();
        upload.push(&vec![1; LEAST - 1]).expect("there is room");
        upload.push(&[2]).expect("there is room");
        assert!(upload.push(&[3]).is_err(), "there is no more room");
        let whole = upload.end(Ok::<_, Infallible>);
        let whole = whole.expect("nothing is decoded");
        assert_eq!((whole.len(), whole.last()), (LEAST, Some(&2)));
        let clone = whole.clone();
        drop(whole);
        assert!(uploads.begin().push(&[4]).is_err(), "the clone has it");
        drop(clone);
        assert!(uploads.begin().push(&[4]).is_ok(), "nobody has it");
    }

    #[test]
    fn an_upload_that_is_given_up_takes_no_room() {
        let uploads = Uploads::new(0);
        for _ in 0..3 {
            let mut upload = uploads.begin();
            upload.push(&vec![1; LEAST]).expect("there is room");
        }
    }
}
