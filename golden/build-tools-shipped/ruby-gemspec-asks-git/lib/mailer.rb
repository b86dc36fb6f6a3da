module Mailer
end
