//! Rpcs that stream a list: another way to call the operation whose reply the
//! list is, and no operation of their own.

use std::collections::BTreeMap;

use super::faults::Faults;
use super::views::{Request, element};
use super::{Reader, StreamRpc, is_deprecated, is_set, lower_first, message_name, path};
use crate::api::{Body, Operation, Place, Property, Shape};

/// The parameter of the number of elements to a page, in a request to stream.
const PAGE_SIZE: &str = "pageSize";

/// A list as a stream states it.
struct Stream {
    id: String,
    place: Place,
    group: String,
    /// The operation whose list it streams.
    list: String,
    /// The parameter that `page_size` stands for.
    page_size: Option<String>,
    method: String,
    path: String,
    request: Request,
    element: Option<Shape>,
    deprecated: bool,
}

impl Reader {
    /// Reads an rpc that streams a list.
    fn stream(&mut self, stream: StreamRpc) -> Stream {
        let StreamRpc {
            method,
            rule,
            list,
            page_size,
            place,
        } = stream;
        let id = lower_first(method.name());
        let (input, output) = (method.input(), method.output());
        let has_envelope = !rule.response_body.is_empty();
        let parts = [
            (&input, "Request", true),
            (&output, "Response", has_envelope),
        ];
        for (message, end, is_named) in parts {
            let expected = format!("{}{end}", method.name());
            if is_named && message.name() != expected {
                let message = format!("its message is not called {expected}");
                self.api.convention(&id, message, place.clone());
            }
            if is_set(&message.options(), &self.options.transparent) {
                let problem = format!("{} is no message of a stream", message.name());
                self.api.problem(&id, problem, place.clone());
            }
            self.used.insert(message.full_name().to_owned());
            self.declare(message);
        }
        self.inputs.insert(message_name(&input));
        if has_envelope {
            self.outputs.insert(message_name(&output));
        }
        let mut problems = Faults::default();
        if !method.is_server_streaming() || method.is_client_streaming() {
            problems.push("it streams a list, and so its responses and nothing else".to_owned());
        }
        let (path, bound) = path(&rule.path);
        let mut request = self.request(&input, &rule, None, &bound, &mut problems);
        let (element, _) = self.reply(&output, &rule, &request.query, &mut problems);
        problems.note(&mut self.api, &id, &place);
        for property in request.path.values_mut().chain(request.query.values_mut()) {
            property.shape.nullable = Some(false);
        }
        Stream {
            id,
            place,
            group: method.parent_service().full_name().to_owned(),
            list: lower_first(&list),
            page_size: (!page_size.is_empty()).then_some(page_size),
            method: rule.method,
            path,
            request,
            element,
            deprecated: is_deprecated(&method.options()),
        }
    }

    /// Holds each stream and the operation whose list it streams against each other.
    pub(super) fn streams(&mut self) {
        let rpcs = std::mem::take(&mut self.streams);
        let mut streams: Vec<_> = rpcs.into_iter().map(|rpc| self.stream(rpc)).collect();
        for stream in &mut streams {
            let list = self.api.operations.get(&stream.list);
            let Some(list) = list.filter(|list| list.group == stream.group) else {
                let message = format!("it streams {}, which is no rpc beside it", stream.list);
                self.api.problem(&stream.id, message, stream.place.clone());
                continue;
            };
            for message in stream.differences(list) {
                self.api.problem(&stream.id, message, stream.place.clone());
            }
        }
        let missing: Vec<_> = self
            .api
            .operations
            .iter()
            .filter(|(id, operation)| {
                operation.method == "GET"
                    && operation.reply.as_ref().is_some_and(|reply| reply.list)
                    && !streams.iter().any(|stream| stream.list == **id)
            })
            .map(|(id, operation)| (id.clone(), operation.place.clone()))
            .collect();
        for (id, place) in missing {
            let message = "no rpc streams its list, so that a long one cannot be read; add one \
                           with the option transcode.v1.streamed_list";
            self.api.convention(id, message, place);
        }
    }
}

impl Stream {
    /// In what it is not the same call as its list.
    fn differences(&mut self, list: &Operation) -> Vec<String> {
        let of = &self.list;
        let mut found = Vec::new();
        if (&self.method, &self.path) != (&list.method, &list.path)
            || self.request.body != Body::None
        {
            found.push(format!("it does not send the request of {of}"));
        }
        if let Some(limit) = &self.page_size {
            match self.request.query.remove(PAGE_SIZE) {
                Some(size) if !self.request.query.contains_key(limit) => {
                    self.request.query.insert(limit.clone(), size);
                }
                _ => found.push(format!("it has no page_size in the place of {limit}")),
            }
            if !list.paged {
                found.push(format!("it streams pages, which {of} does not have"));
            }
        }
        different_parameters(&self.request.path, &list.path_parameters, of, &mut found);
        different_parameters(&self.request.query, &list.query, of, &mut found);
        let is_element = |reply: &Shape| {
            reply.list
                && self
                    .element
                    .as_ref()
                    .is_some_and(|shape| element(reply, shape))
        };
        if !list.reply.as_ref().is_some_and(is_element) {
            found.push(format!("its messages do not hold the elements of {of}"));
        }
        if self.deprecated != list.deprecated {
            found.push(format!("only one of it and {of} is deprecated"));
        }
        found
    }
}

fn different_parameters(
    stream: &BTreeMap<String, Property>,
    list: &BTreeMap<String, Property>,
    of: &str,
    found: &mut Vec<String>,
) {
    let stated = |property: &Property| {
        let Property {
            required,
            read_only,
            write_only,
            deprecated,
            ..
        } = *property;
        let shape = property.shape.clone();
        (shape, required, read_only, write_only, deprecated)
    };
    let names = stream
        .keys()
        .chain(list.keys().filter(|name| !stream.contains_key(*name)));
    for name in names {
        if stream.get(name).map(stated) != list.get(name).map(stated) {
            found.push(format!("its {name} is not that of {of}"));
        }
    }
}
