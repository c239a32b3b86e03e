//! A Docker credential helper for Amazon ECR and ECR Public.

pub mod cache;
pub mod cli;
pub mod clock;
pub mod ecr;
pub mod env;
pub mod error;
pub mod fs;
pub mod helper;
pub mod log;
pub mod protocol;
pub mod registry;
pub mod scope;
pub mod secret;
pub mod settings;
pub mod token;
