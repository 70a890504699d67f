//! Schemes that are more than one signature over a template.

pub(crate) mod google;
pub(crate) mod graph;
pub(crate) mod hubspot;
pub(crate) mod meta;
pub(crate) mod sns;
pub(crate) mod twilio;
pub(crate) mod woocommerce;
