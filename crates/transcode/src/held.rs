//! The bodies of replies, and the bounds on how much of them is held.

use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body::Body;
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::json::ReadError;
use crate::layout::Root;
use crate::record::CallRecord;
use crate::upstream::{BoxError, SendError, SendErrorKind};
use crate::wire::Reader;

/// How many bytes of a reply are translated before other calls have their turn. It
/// takes about a tenth of a millisecond: a busy worker of tokio looks for what has
/// arrived only after a number of turns.
pub(crate) const TURN: usize = 16 << 10;

/// From this size on, in bytes, a reply is a long one.
const LONG: usize = 1 << 20;

/// How often a long reply lets others pass at most.
const MOST_PASSES: usize = 8;

/// For how many bytes there is room in a message from the beginning.
const FIRST: usize = 64 << 10;

/// The room that a reply takes, in the extensions of the response that was made
/// of it.
///
/// It counts against [`Config::max_held`](crate::Config::max_held) until the
/// last clone is dropped, so a server keeps it until the response is written.
#[derive(Debug, Clone)]
pub struct Held {
    _room: Option<Arc<OwnedSemaphorePermit>>,
}

/// The room for the replies of all calls together.
#[derive(Debug, Clone)]
pub(crate) struct Room {
    bytes: Arc<Semaphore>,
    long: Arc<Mutex<Line>>,
}

impl Room {
    pub(crate) fn new(bytes: usize) -> Self {
        Self {
            bytes: Arc::new(Semaphore::new(bytes.min(Semaphore::MAX_PERMITS))),
            long: Arc::default(),
        }
    }

    /// Puts a long reply behind those that are being translated.
    fn line_up(&self) -> InLine {
        let mut line = self.long.lock().unwrap_or_else(PoisonError::into_inner);
        let number = line.next;
        line.next += 1;
        line.translated.insert(number);
        InLine {
            line: Arc::clone(&self.long),
            number,
        }
    }

    /// Takes room for more bytes, if there is any.
    pub(crate) fn take(
        &self,
        bytes: usize,
        taken: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), NoRoom> {
        let bytes = u32::try_from(bytes).map_err(|_| NoRoom)?;
        let more = Arc::clone(&self.bytes).try_acquire_many_owned(bytes);
        let more = more.map_err(|_| NoRoom)?;
        match taken {
            Some(taken) => taken.merge(more),
            None => *taken = Some(more),
        }
        Ok(())
    }
}

/// The long replies that are being translated.
#[derive(Debug, Default)]
struct Line {
    /// The number of the next one.
    next: u64,
    /// Those that there are, by their numbers.
    translated: BTreeSet<u64>,
}

/// The place of a long reply among those that are being translated, until it is dropped.
///
/// A reply can be sent once all of it is there. If many had the same share of a worker
/// they would all be whole at the same time, and in memory at once; so one that is behind
/// others lets more of them pass, and the first ones are sent before the last ones are
/// read. None waits for another: where nobody else has work, passing takes no time.
#[derive(Debug)]
struct InLine {
    line: Arc<Mutex<Line>>,
    number: u64,
}

impl InLine {
    /// How often the reply lets others pass after a turn.
    fn passes(&self) -> usize {
        let line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let before = line.translated.range(..self.number);
        1 + before.take(MOST_PASSES - 1).count()
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        line.translated.remove(&self.number);
    }
}

/// There is no room for more.
pub(crate) struct NoRoom;

/// Why a body cannot be had.
#[derive(Debug)]
pub(crate) enum BodyFault {
    /// It is larger than the limit.
    TooLarge,
    /// All replies together take the room that there is.
    NoRoom,
    /// It cannot be read within the limits, for this reason.
    Malformed(&'static str),
    /// It broke off.
    Broken(BoxError),
    /// It does not have its declared shape.
    Misread(ReadError),
}

impl From<ReadError> for BodyFault {
    fn from(error: ReadError) -> Self {
        Self::Misread(error)
    }
}

impl BodyFault {
    /// What an error of the body means. An upstream that tells what is malformed
    /// does so with a [`SendError`].
    pub(crate) fn of(error: BoxError) -> Self {
        match error.downcast_ref::<SendError>().map(|error| error.kind) {
            Some(SendErrorKind::Malformed { detail }) => Self::Malformed(detail),
            _ => Self::Broken(error),
        }
    }
}

impl From<NoRoom> for BodyFault {
    fn from(_: NoRoom) -> Self {
        Self::NoRoom
    }
}

/// Reads a whole body. One that says beforehand that it is larger than the
/// limit is not read at all.
pub(crate) async fn whole<B>(
    body: B,
    announced: Option<u64>,
    limit: usize,
    room: &Room,
    record: &CallRecord,
) -> Result<(Bytes, Held), BodyFault>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let announced = announced.unwrap_or_default().max(body.size_hint().lower());
    if announced > limit as u64 {
        return Err(BodyFault::TooLarge);
    }
    let mut body = pin!(body);
    let mut taken = None;
    let mut first = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(data) = next_data(body.as_mut()).await? {
        record.add_received(data.len());
        if data.len() > limit - first.len() - more.len() {
            return Err(BodyFault::TooLarge);
        }
        room.take(data.len(), &mut taken)?;
        // Most replies are one frame, which need not be copied.
        if first.is_empty() && more.is_empty() {
            first = data;
            continue;
        }
        if more.is_empty() {
            more.extend_from_slice(&std::mem::take(&mut first));
        }
        more.extend_from_slice(&data);
    }
    let bytes = if more.is_empty() {
        first
    } else {
        more.freeze()
    };
    let held = Held {
        _room: taken.map(Arc::new),
    };
    Ok((bytes, held))
}

/// Translates a whole body while it arrives, and takes room for what it becomes. One that
/// says beforehand that it is larger than the limit is not read at all. Others have a turn
/// between its pieces, and long ones that came before have more of them.
pub(crate) async fn translated<B>(
    body: B,
    as_root: Root,
    announced: Option<u64>,
    limit: usize,
    room: &Room,
    record: &CallRecord,
) -> Result<(Reader, Held), BodyFault>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let announced = announced.unwrap_or_default().max(body.size_hint().lower());
    if announced > limit as u64 {
        return Err(BodyFault::TooLarge);
    }
    let expected = usize::try_from(announced).unwrap_or(limit);
    let mut reader = Reader::new(as_root, expected.min(FIRST));
    let mut body = pin!(body);
    let mut taken = None;
    let (mut received, mut turn) = (0, 0);
    let mut place = None;
    while let Some(data) = next_data(body.as_mut()).await? {
        record.add_received(data.len());
        if data.len() > limit - received {
            return Err(BodyFault::TooLarge);
        }
        received += data.len();
        for piece in data.chunks(TURN) {
            reader.feed(piece)?;
            let holds = taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
            room.take(reader.unfinished().saturating_sub(holds), &mut taken)?;
            turn += piece.len();
            if turn >= TURN {
                turn = 0;
                for _ in 0..place.as_ref().map_or(1, InLine::passes) {
                    tokio::task::yield_now().await;
                }
            }
        }
        if received >= LONG {
            place.get_or_insert_with(|| room.line_up());
        }
    }
    reader.finish()?;
    let held = Held {
        _room: taken.map(Arc::new),
    };
    Ok((reader, held))
}

/// The next bytes of a body.
async fn next_data<B>(mut body: Pin<&mut B>) -> Result<Option<Bytes>, BodyFault>
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| BodyFault::of(error.into()))?;
        if let Ok(data) = frame.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}

/// Reads the body of an error for as long as that is worth the wait. What
/// cannot be had whole is as good as nothing: the HTTP status says enough.
pub(crate) async fn of_error<B>(
    body: B,
    limit: usize,
    wait: Duration,
    room: &Room,
    record: &CallRecord,
) -> Bytes
where
    B: Body<Data = Bytes, Error: Into<BoxError>>,
{
    let reading = whole(body, None, limit, room, record);
    match tokio::time::timeout(wait, reading).await {
        Ok(Ok((bytes, _held))) => bytes,
        Ok(Err(_)) | Err(_) => Bytes::new(),
    }
}

/// The length that a reply announces in its head. That of an encoded body says
/// nothing of what the decoded one will be.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return None;
    }
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_replies_that_came_first_have_the_larger_share() {
        let room = Room::new(1);
        let mut places: Vec<_> = (0..12).map(|_| room.line_up()).collect();
        let passes = |places: &[InLine]| places.iter().map(InLine::passes).collect::<Vec<_>>();
        assert_eq!(passes(&places), [1, 2, 3, 4, 5, 6, 7, 8, 8, 8, 8, 8]);
        places.drain(..10);
        assert_eq!(passes(&places), [1, 2], "those that are done count no more");
    }
}
