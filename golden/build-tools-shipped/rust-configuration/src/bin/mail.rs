fn main() { println!("mail") }
