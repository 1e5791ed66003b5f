fun main() {
    val numbers = generateSequence(42) { x -> (x * 3877 + 29573) % 139968 }.drop(1).take(5000).sorted().toList()
    val counts = HashMap<Int, Int>()
    for (number in numbers) {
        counts[number % 1000] = (counts[number % 1000] ?: 0) + 1
    }
    val (key, most) = counts.entries.sortedWith(compareBy({ -it.value }, { it.key })).first()
    val checksum = numbers.foldIndexed(0) { n, sum, number -> (sum + number * (n % 7)) % 1000003 }
    val loop = (1..200000).sumOf { i -> (i % 7) * (i % 7) % 7 }

    println("sorted ${numbers.first()} ${numbers[2500]} ${numbers.last()}")
    println("distinct ${counts.size}")
    println("most $key $most")
    println("checksum $checksum")
    println("loop $loop")
}
