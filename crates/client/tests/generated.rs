//! Makes `src/generated` of the protos, and fails where the committed files are others.
//!
//! They are committed so that whoever depends on the crate compiles no protos.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use prost_reflect::{MethodDescriptor, ReflectMessage as _, ServiceDescriptor};

const PACKAGE: &str = "web1on1.v2";
const UPDATE: &str = "UPDATE=1 cargo test -p web1on1-client --test generated";

/// What `Client` calls the client of each service.
const ACCESSORS: [(&str, &str); 11] = [
    ("AuthService", "auth"),
    ("BotInstanceService", "bot_instances"),
    ("BotService", "bots"),
    ("CategoryService", "categories"),
    ("FormFieldService", "form_fields"),
    ("FormService", "forms"),
    ("OrganizationGroupService", "organization_groups"),
    ("OrganizationService", "organizations"),
    ("ServiceService", "services"),
    ("UserService", "users"),
    ("WorkflowService", "workflows"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn protos() -> DescriptorPool {
    let directory = root().join("proto/web1on1/v2");
    let entries = fs::read_dir(&directory).expect("the protos are at the root");
    let mut files: Vec<_> = entries
        .map(|entry| entry.expect("the protos can be listed").path())
        .collect();
    files.sort();
    let mut compiler = protox::Compiler::new([root().join("proto"), root().join("third_party")])
        .expect("the directories are there");
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files).expect("the protos compile");
    DescriptorPool::decode(&*compiler.encode_file_descriptor_set()).expect("they hold together")
}

fn services(pool: &DescriptorPool) -> Vec<ServiceDescriptor> {
    let mut services: Vec<_> = pool
        .services()
        .filter(|service| service.parent_file().package_name() == PACKAGE)
        .collect();
    services.sort_by_key(|service| service.full_name().to_owned());
    services
}

fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let mut messages: Vec<_> = pool
        .all_messages()
        .filter(|message| message.parent_file().package_name() == PACKAGE)
        .collect();
    messages.sort_by_key(|message| message.full_name().to_owned());
    messages
}

/// A path such as `/web1on1.v2.UserService/GetUser`.
fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// Returns whether the `google.api.http` of an rpc is a GET.
fn is_get(method: &MethodDescriptor) -> bool {
    let extension = method
        .parent_pool()
        .get_extension_by_name("google.api.http")
        .expect("the annotation is declared");
    let options = method.options();
    let rule = options.get_extension(&extension);
    let rule: &DynamicMessage = rule.as_message().expect("it is a message");
    assert!(
        rule.descriptor()
            .fields()
            .any(|field| rule.has_field(&field)),
        "{} has no google.api.http",
        method.full_name()
    );
    rule.has_field_by_name("get")
}

fn methods(pool: &DescriptorPool) -> String {
    let mut arms = String::new();
    for method in services(pool).iter().flat_map(ServiceDescriptor::methods) {
        let kind = match (method.is_client_streaming(), method.is_server_streaming()) {
            (true, _) => "Upload",
            (false, true) => {
                assert!(
                    is_get(&method),
                    "{} streams what is no list",
                    method.full_name()
                );
                "List"
            }
            (false, false) if is_get(&method) => "Read",
            (false, false) => "Write",
        };
        let _ = writeln!(arms, "        {:?} => Kind::{kind},", path(&method));
    }
    format!(
        "//! The rpcs, by their annotations.\n\nuse crate::kind::Kind;\n\n\
         /// How the rpc at a path is carried out.\n\
         #[allow(\n    clippy::match_same_arms,\n    clippy::too_many_lines,\n    \
         reason = \"it is a table\"\n)]\n\
         pub(crate) fn kind(path: &str) -> Option<Kind> {{\n    Some(match path {{\n{arms}        \
         _ => return None,\n    }})\n}}\n"
    )
}

/// The name of a type in the generated module.
fn rust_name(message: &MessageDescriptor) -> String {
    let name = message
        .full_name()
        .strip_prefix("web1on1.v2.")
        .expect("is of the package");
    match name.rsplit_once('.') {
        None => name.to_owned(),
        Some((outer, name)) => {
            let modules = outer.split('.').map(heck::ToSnakeCase::to_snake_case);
            format!("{}::{name}", modules.collect::<Vec<_>>().join("::"))
        }
    }
}

fn lists(pool: &DescriptorPool) -> String {
    let mut implementations = String::new();
    for method in services(pool).iter().flat_map(ServiceDescriptor::methods) {
        if !method.is_server_streaming() {
            continue;
        }
        let _ = write!(
            implementations,
            "\nimpl ListRequest for v2::{} {{\n    type Item = v2::{};\n    \
             const PATH: &'static str = {:?};\n}}\n",
            rust_name(&method.input()),
            rust_name(&method.output()),
            path(&method)
        );
    }
    format!(
        "//! The lists that can be streamed.\n\nuse super::v2;\nuse crate::list::ListRequest;\n\
         {implementations}"
    )
}

fn accessors(pool: &DescriptorPool) -> String {
    let mut functions = String::new();
    for service in services(pool) {
        let known = ACCESSORS.iter().find(|(name, _)| *name == service.name());
        let (name, accessor) = known.unwrap_or_else(|| {
            panic!(
                "give {} an accessor in ACCESSORS of {}",
                service.name(),
                file!()
            )
        });
        let client = format!(
            "v2::{}_client::{name}Client",
            heck::ToSnakeCase::to_snake_case(*name)
        );
        let _ = write!(
            functions,
            "\n    /// The client of `{name}`.\n    \
             pub fn {accessor}(&self) -> {client}<Calls> {{\n        \
             {client}::new(self.calls())\n            \
             .max_decoding_message_size(self.max_reply())\n    }}\n"
        );
    }
    format!(
        "//! The clients of the services.\n\nuse super::v2;\nuse crate::calls::Calls;\n\
         use crate::client::Client;\n\nimpl Client {{{functions}}}\n"
    )
}

fn is_secret(field: &FieldDescriptor) -> bool {
    let is_named_so = ["password", "secret", "token"]
        .iter()
        .any(|word| field.name() == *word || field.name().ends_with(&format!("_{word}")));
    is_named_so && matches!(field.kind(), Kind::String)
}

/// Messages with a secret in a field of their own.
fn with_secrets(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    let has_secret = |message: &MessageDescriptor| message.fields().any(|field| is_secret(&field));
    messages(pool).into_iter().filter(has_secret).collect()
}

/// Returns whether a field collects what is not declared, which may be secrets too.
fn is_free(field: &FieldDescriptor) -> bool {
    let extension = field
        .parent_file()
        .parent_pool()
        .get_extension_by_name("transcode.v1.undeclared");
    extension.is_some_and(|extension| field.options().has_extension(&extension))
}

fn debug(pool: &DescriptorPool) -> String {
    let mut implementations = String::new();
    for message in with_secrets(pool) {
        let mut fields = String::new();
        for field in message.fields() {
            let name = field.name();
            let access = if name == "type" { "r#type" } else { name };
            let value = if !is_secret(&field) && !is_free(&field) {
                format!("&self.{access}")
            } else if field.supports_presence() {
                format!("&self.{access}.as_ref().map(|_| Hidden)")
            } else {
                "&Hidden".to_owned()
            };
            let _ = writeln!(fields, "            .field({name:?}, {value})");
        }
        let _ = write!(
            implementations,
            "\nimpl fmt::Debug for v2::{} {{\n    \
             fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        \
             f.debug_struct({:?})\n{fields}            .finish()\n    }}\n}}\n",
            rust_name(&message),
            message.name()
        );
    }
    format!(
        "//! `Debug` of the messages that hold secrets, without these.\n\nuse std::fmt;\n\n\
         use super::v2;\n\nstruct Hidden;\n\nimpl fmt::Debug for Hidden {{\n    \
         fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {{\n        \
         f.write_str(\"[secret]\")\n    }}\n}}\n{implementations}"
    )
}

/// The messages and clients, as prost and tonic make them.
fn api(pool: &DescriptorPool) -> String {
    let directory = tempfile::tempdir().expect("there is room");
    let mut set = prost_types_set(pool);
    set.file
        .retain(|file| !["google.api", "transcode.v1"].contains(&file.package()));
    let config = tonic_prost_build::configure()
        .out_dir(directory.path())
        .emit_rerun_if_changed(false)
        .bytes(".")
        .btree_map(".")
        .build_server(false)
        .build_transport(false);
    let hidden = with_secrets(pool);
    let hidden = hidden
        .iter()
        .map(|message| format!(".{}", message.full_name()));
    let config = config.skip_debug(hidden);
    config
        .compile_fds(set)
        .expect("the protos can be generated from");
    let path = directory.path().join("web1on1.v2.rs");
    fenced(&fs::read_to_string(path).expect("the package has been written"))
}

fn prost_types_set(pool: &DescriptorPool) -> tonic_prost_build::FileDescriptorSet {
    use prost::Message as _;
    let bytes = pool.encode_to_vec();
    tonic_prost_build::FileDescriptorSet::decode(&*bytes).expect("it has just been encoded")
}

/// Fences indented blocks of comments, which would be examples in Rust.
fn fenced(source: &str) -> String {
    let mut fenced = String::new();
    let mut is_in_block = false;
    for line in source.lines() {
        let comment = line.trim_start().strip_prefix("///");
        let is_block = comment.is_some_and(|text| text.starts_with("     "));
        if is_block != is_in_block {
            let indent = &line[..line.len() - line.trim_start().len()];
            let fence = if is_block { "```text" } else { "```" };
            let _ = writeln!(fenced, "{indent}/// {fence}");
            is_in_block = is_block;
        }
        fenced.push_str(line);
        fenced.push('\n');
    }
    fenced
}

#[test]
fn generated_code_is_what_the_protos_say() {
    let pool = protos();
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/generated");
    let files = [
        ("accessors.rs", accessors(&pool)),
        ("debug.rs", debug(&pool)),
        ("lists.rs", lists(&pool)),
        ("methods.rs", methods(&pool)),
        ("v2.rs", api(&pool)),
    ];
    for (name, content) in files {
        let path = directory.join(name);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, &content).expect("the file can be written");
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == content,
            "{} is not what the protos say; run\n\n    {UPDATE}\n",
            path.display()
        );
    }
}
