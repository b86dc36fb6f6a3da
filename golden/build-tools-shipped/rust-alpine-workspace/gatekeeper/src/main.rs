fn main() { println!("{}", rules::open()); }
