use std::process::Command;

fn main() {
    let page = "page.md";
    let out = Command::new("pandoc").arg(page).output().expect("pandoc");
    println!("{}", String::from_utf8_lossy(&out.stdout));
}
