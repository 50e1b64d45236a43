//! Bound KQL plans on DataFusion.

pub mod aggregate;
pub mod cell;
pub mod function;
pub mod operator;
