numbers <- c(1, 2
cat("hello\n")
