pub mod parse {}
