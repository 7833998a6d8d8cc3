//! The paths of resources that have resources of other modules below them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{id::ObjectId, schema::described};

/// The path of an operation on one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FormPath {
    /// The ID of the form.
    pub form_id: ObjectId,
}

/// The path of an operation on one organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrganizationPath {
    /// The ID of the organization.
    pub organization_id: ObjectId,
}

described!(FormPath, OrganizationPath);
