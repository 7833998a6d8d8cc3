#![doc = include_str!("../README.md")]

mod bundled;
mod fields;
mod layouts;
mod messages;
mod names;
mod options;
mod packages;
mod problem;
mod property_names;
mod requests;
mod rpc;
mod services;
mod stream;
mod upload;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_reflect::{DescriptorPool, FileDescriptor};
use quote::quote;

use crate::packages::{ANNOTATIONS, is_not_generated};
pub use crate::problem::Problem;
pub use crate::property_names::PropertyNames;

/// Why no code was generated.
///
/// Its `Debug` is for people: that is what a build script prints whose `main` returns it.
#[derive(thiserror::Error)]
pub enum Error {
    /// A proto does not compile.
    #[error("{0:?}")]
    Proto(Box<protox::Error>),
    /// The descriptors do not hold together.
    #[error("the descriptors cannot be read")]
    Descriptors(#[from] prost_reflect::DescriptorError),
    /// Something in the protos cannot be translated.
    #[error("the protos ask for what cannot be translated:{}", list(.0))]
    Problems(Vec<Problem>),
    /// A file cannot be read or written.
    #[error("{}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The generated code is not Rust.
    #[error("the generated code does not parse")]
    Syntax(#[from] syn::Error),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut source = std::error::Error::source(self);
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

fn list(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    lines.collect()
}

/// The generated source of one package.
#[derive(Debug)]
pub struct Package {
    /// The name of the package.
    pub name: String,
    /// The source, to stand behind what prost and tonic generate.
    pub source: String,
}

/// Compiles the protos below `root` and writes the source of their packages to
/// `OUT_DIR`: `api.rs`, which includes one module per package, and
/// `descriptors.bin`, the encoded descriptor set with comments and options.
///
/// `includes` are further directories in which imports are looked up. Meant to be
/// called from a build script; tells cargo what it depends on.
///
/// # Errors
///
/// Fails where a proto does not compile or asks for what cannot be translated,
/// with every such place.
pub fn compile(root: &Path, includes: &[&Path]) -> Result<(), Error> {
    compile_as(PropertyNames::default(), root, includes)
}

/// Compiles like [`compile`], for an API whose properties are named so.
///
/// The descriptors say the same: whoever reads them by reflection knows the properties by
/// these names.
///
/// # Errors
///
/// Fails as [`compile`] does.
pub fn compile_as(names: PropertyNames, root: &Path, includes: &[&Path]) -> Result<(), Error> {
    let out_dir = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    for directory in std::iter::once(&root).chain(includes) {
        println!("cargo::rerun-if-changed={}", directory.display());
    }
    let mut protos = Vec::new();
    find_protos(root, &mut protos)?;
    let places: Vec<_> = std::iter::once(root)
        .chain(includes.iter().copied())
        .collect();
    let mut encoded = descriptors(&protos, places.iter().copied())?;
    if names == PropertyNames::AsDeclared {
        let files = protos
            .iter()
            .filter_map(|path| name_of(path, root))
            .collect();
        encoded = property_names::as_declared(encoded, &files)
            .map_err(|error| invalid_data(&out_dir, error))?;
    }
    let pool = DescriptorPool::decode(encoded.as_slice())?;
    let packages = generate(&pool).map_err(|error| located(error, &places))?;

    let mut set = prost_types::FileDescriptorSet::decode(encoded.as_slice())
        .map_err(|error| invalid_data(&out_dir, error))?;
    // prost wants to see the well-known types, though it generates none of them.
    set.file
        .retain(|file| !ANNOTATIONS.contains(&file.package()));
    tonic_prost_build::configure()
        .out_dir(&out_dir)
        .include_file("api.rs")
        .bytes(".")
        .btree_map(".")
        .build_server(false)
        .compile_fds(set)
        .map_err(|source| at(&out_dir, source))?;
    for package in packages {
        let module = prost_build::Module::from_protobuf_package_name(&package.name);
        let path = out_dir.join(module.to_file_name_or("_"));
        let prost = std::fs::read_to_string(&path).map_err(|source| at(&path, source))?;
        write(&path, (prost + "\n" + &package.source).as_bytes())?;
    }
    write(&out_dir.join("descriptors.bin"), &encoded)
}

/// An error whose problems say where their files are, and not only how they are imported.
fn located(error: Error, directories: &[&Path]) -> Error {
    let Error::Problems(mut problems) = error else {
        return error;
    };
    for problem in &mut problems {
        let mut paths = directories
            .iter()
            .map(|directory| directory.join(&problem.file));
        if let Some(path) = paths.find(|path| path.is_file()) {
            problem.file = path;
        }
    }
    Error::Problems(problems)
}

fn at(path: &Path, source: io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        source,
    }
}

fn invalid_data(path: &Path, error: prost::DecodeError) -> Error {
    at(path, io::Error::new(io::ErrorKind::InvalidData, error))
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    std::fs::write(path, content).map_err(|source| at(path, source))
}

fn find_protos(directory: &Path, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    let entries = std::fs::read_dir(directory).map_err(|source| at(directory, source))?;
    for entry in entries {
        let path = entry.map_err(|source| at(directory, source))?.path();
        if path.is_dir() {
            find_protos(&path, found)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(())
}

/// The name that a proto below a directory is imported by.
fn name_of(path: &Path, root: &Path) -> Option<String> {
    let path = path.strip_prefix(root).ok()?.to_str()?;
    Some(path.replace('\\', "/"))
}

/// Compiles protos to an encoded `FileDescriptorSet` with all imports, comments
/// and options.
///
/// # Errors
///
/// Fails where a proto does not compile.
pub fn descriptors<'p>(
    protos: &[PathBuf],
    includes: impl Iterator<Item = &'p Path>,
) -> Result<Vec<u8>, Error> {
    let proto = |error| Error::Proto(Box::new(error));
    let mut compiler = protox::Compiler::with_file_resolver(bundled::resolver(includes));
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(protos).map_err(proto)?;
    // `protox::compile` would return prost's types, which drop the extensions
    // that the annotations are.
    Ok(compiler.encode_file_descriptor_set())
}

/// Generates the source of every package in the pool.
///
/// The source of a package is a module of its own, so that whatever the package
/// declares cannot be taken for what the code imports.
///
/// # Errors
///
/// Names everything that cannot be translated.
pub fn generate(pool: &DescriptorPool) -> Result<Vec<Package>, Error> {
    let mut problems = Vec::new();
    let mut names = BTreeSet::new();
    for file in pool
        .files()
        .filter(|file| !is_not_generated(file.package_name()))
    {
        if file.package_name().is_empty() {
            let reason = "has no package, so its code would have no module; add one, such as \
                `package pets.v1;`";
            problems.push(Problem::of_file(&file, reason));
        }
        names.insert(file.package_name().to_owned());
    }
    let mut packages = Vec::new();
    for name in names {
        let files = pool.files().filter(|file| file.package_name() == name);
        let files: Vec<FileDescriptor> = files.collect();
        let messages = messages::generate(&files, &mut problems);
        let services = services::generate(&files, &mut problems);
        if !problems.is_empty() || (messages.is_empty() && services.is_empty()) {
            continue;
        }
        // A package without services needs no tonic.
        let imports = (!services.is_empty()).then(|| {
            quote! {
                use ::std::borrow::Cow;
                use ::tonic::service::Routes;
                use ::transcode::layout::{
                    BodyLayout, Cleared, MaskLayout, ParameterLayout, ReplyLayout, RequestLayout,
                    Root, UploadLayout, VariableLayout,
                };
                use ::transcode::template::{Pattern, Segment, Template};
                use ::transcode::{
                    Gateway, GatewayService, ListCall, Method, Query, RestCall, Rpc, Rpcs,
                    UploadCall, Upstream, Violation, missing_body, text_of, write_body,
                    write_masked_body,
                };
            }
        });
        let tokens = quote! {
            /// The JSON form of the messages and the REST requests of the rpcs.
            #[allow(clippy::all, clippy::pedantic, dead_code, deprecated, unused_imports, unused_variables)]
            mod transcoded {
                use ::transcode::json::*;
                use ::transcode::layout::{
                    EnumLayout, FieldLayout, Holding, KeyLayout, LinkLayout, MessageLayout,
                    NameTable, NumberTable, Signed, Unsigned, ValueLayout,
                };
                #imports

                #messages
                #services
            }
            #[allow(unused_imports)]
            pub use transcoded::*;
        };
        let source = prettyplease::unparse(&syn::parse2(tokens)?);
        packages.push(Package { name, source });
    }
    if problems.is_empty() {
        Ok(packages)
    } else {
        Err(Error::Problems(problems))
    }
}
