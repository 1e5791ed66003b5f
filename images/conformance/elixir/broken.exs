IO.puts("hello")

defmodule Broken do
  def greeted(name do
    IO.puts("hello " <> name)
end
