(do
  (println "hello"
  (undeclared)
