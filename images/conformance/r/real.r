x <- 42
numbers <- numeric(5000)
for (n in seq_along(numbers)) {
  x <- (x * 3877 + 29573) %% 139968
  numbers[n] <- x
}
numbers <- sort(numbers)

counts <- table(numbers %% 1000)
most <- max(counts)
key <- min(as.integer(names(counts)[counts == most]))

checksum <- 0
for (n in seq_along(numbers)) {
  checksum <- (checksum + numbers[n] * ((n - 1) %% 7)) %% 1000003
}
rest <- seq_len(200000) %% 7
loop <- sum((rest * rest) %% 7)

cat(sprintf("sorted %d %d %d\n", numbers[1], numbers[2501], numbers[5000]))
cat(sprintf("distinct %d\n", length(counts)))
cat(sprintf("most %d %d\n", key, most))
cat(sprintf("checksum %d\n", checksum))
cat(sprintf("loop %d\n", loop))
