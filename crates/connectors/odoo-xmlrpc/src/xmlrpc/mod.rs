//! XML-RPC to and from the text of JSON.
