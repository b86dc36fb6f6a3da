from rust:1.80-slim-bookworm as build
run mkdir -p /srv/mail
workdir /srv/mail
copy . .
env SQLX_OFFLINE=true
run cargo build --release --bin mail

from debian:bookworm-slim
workdir /srv/mail
env SQLX_OFFLINE=true
copy --from=build /srv/mail/target/release/mail /srv/mail/target/release/mail
copy --from=build /srv/mail/configuration/ /srv/mail/configuration/
env APP_ENVIRONMENT=production
entrypoint ["/srv/mail/target/release/mail"]
