use axum::Router;
use tower_http::services::ServeDir;

const SCHEMA: &str = include_str!("../migrations/1_tools.sql");

fn app() -> Router {
    let page = std::fs::read_to_string("templates/index.html").expect("the page");
    Router::new()
        .nest_service("/assets", ServeDir::new("assets"))
        .route("/", axum::routing::get(move || async { page }))
}

#[tokio::main]
async fn main() {
    println!("{SCHEMA}");
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8080").await.unwrap();
    axum::serve(listener, app()).await.unwrap();
}
