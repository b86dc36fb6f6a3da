fn main() { println!("check") }
