defmodule Real do
  def numbers(many), do: 42 |> Stream.iterate(&following/1) |> Stream.drop(1) |> Enum.take(many) |> Enum.sort()

  def most(counts), do: Enum.min_by(counts, fn {key, count} -> {-count, key} end)

  def checksum(numbers) do
    numbers
    |> Enum.with_index()
    |> Enum.reduce(0, fn {number, n}, sum -> rem(sum + number * rem(n, 7), 1_000_003) end)
  end

  def loop(times), do: Enum.reduce(1..times, 0, fn i, sum -> sum + rem(rem(i, 7) * rem(i, 7), 7) end)

  defp following(x), do: rem(x * 3877 + 29_573, 139_968)
end

numbers = Real.numbers(5000)
counts = Enum.frequencies_by(numbers, &rem(&1, 1000))
{key, most} = Real.most(counts)

IO.puts("sorted #{hd(numbers)} #{Enum.at(numbers, 2500)} #{List.last(numbers)}")
IO.puts("distinct #{map_size(counts)}")
IO.puts("most #{key} #{most}")
IO.puts("checksum #{Real.checksum(numbers)}")
IO.puts("loop #{Real.loop(200_000)}")
