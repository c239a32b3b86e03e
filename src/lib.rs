//! A Docker credential helper for Amazon ECR and ECR Public.

pub mod clock;
pub mod env;
pub mod fs;
pub mod protocol;
pub mod registry;
pub mod secret;
