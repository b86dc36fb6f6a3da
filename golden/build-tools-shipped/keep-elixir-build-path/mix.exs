defmodule Hello.MixProject do
  use Mix.Project

  def project do
    [app: :hello, version: "0.1.0", build_path: "/mix/_build", elixir: "~> 1.15", deps: deps()]
  end

  def application do
    [mod: {Hello.Application, []}, extra_applications: [:logger]]
  end

  defp deps do
    [{:phoenix, "~> 1.7"}, {:bcrypt_elixir, "~> 3.0"}]
  end
end
