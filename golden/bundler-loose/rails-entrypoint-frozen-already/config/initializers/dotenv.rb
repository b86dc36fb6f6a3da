Dotenv::Rails.overload if Rails.env.development?
