defmodule Shop do
  def name, do: "shop"
end
