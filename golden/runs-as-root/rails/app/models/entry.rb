class Entry < ApplicationRecord
  has_one_attached :receipt
end
