require "rails/all"

module Shop
  class Application < Rails::Application
    # config.credentials.content_path = "config/secret.yml.enc"
  end
end
