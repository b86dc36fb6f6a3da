defmodule ShopWeb do
  def title, do: Shop.name()
end
