object Main {
  def main(args: Array[String]): Unit = {
    val numbers = Iterator.iterate(42)(x => (x * 3877 + 29573) % 139968).slice(1, 5001).toVector.sorted
    val counts = numbers.groupBy(_ % 1000).mapValues(_.size).toMap
    val (key, most) = counts.minBy { case (each, count) => (-count, each) }
    val checksum = numbers.zipWithIndex.foldLeft(0) { case (sum, (number, n)) => (sum + number * (n % 7)) % 1000003 }
    val loop = (1 to 200000).map(i => (i % 7) * (i % 7) % 7).sum

    println(s"sorted ${numbers.head} ${numbers(2500)} ${numbers.last}")
    println(s"distinct ${counts.size}")
    println(s"most $key $most")
    println(s"checksum $checksum")
    println(s"loop $loop")
  }
}
