defmodule Board.MixProject do
  use Mix.Project

  def project, do: [app: :board, version: "0.3.0", elixir: "~> 1.17"]
end
