fn main() { println!("cast off") }
