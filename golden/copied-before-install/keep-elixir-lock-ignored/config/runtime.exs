import Config

config :hello, HelloWeb.Endpoint, secret_key_base: System.fetch_env!("SECRET_KEY_BASE")
