(def numbers
  (->> (iterate #(mod (+ (* % 3877) 29573) 139968) 42)
       rest
       (take 5000)
       sort
       vec))

(def counts (frequencies (map #(mod % 1000) numbers)))
(def most (first (sort-by (fn [[each times]] [(- times) each]) counts)))

(def checksum
  (reduce-kv (fn [sum n number] (mod (+ sum (* number (mod n 7))) 1000003)) 0 numbers))

(def loop-sum
  (loop [i 1 sum 0]
    (if (> i 200000)
      sum
      (recur (inc i) (+ sum (mod (* (mod i 7) (mod i 7)) 7))))))

(println "sorted" (first numbers) (numbers 2500) (peek numbers))
(println "distinct" (count counts))
(println "most" (key most) (val most))
(println "checksum" checksum)
(println "loop" loop-sum)
