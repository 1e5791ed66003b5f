fun numbers (_, 0) = []
  | numbers (x, left) =
      let val next = (x * 3877 + 29573) mod 139968
      in next :: numbers (next, left - 1) end

fun merge (xs, []) = xs
  | merge ([], ys) = ys
  | merge (x :: xs, y :: ys) = if x <= y then x :: merge (xs, y :: ys) else y :: merge (x :: xs, ys)

fun sort [] = []
  | sort [x] = [x]
  | sort xs =
      let val half = length xs div 2
      in merge (sort (List.take (xs, half)), sort (List.drop (xs, half))) end

val buckets = Array.array (256, [] : (int * int ref) list)

fun count key =
  let
    val place = key mod 256
    val bucket = Array.sub (buckets, place)
  in
    case List.find (fn (each, _) => each = key) bucket of
      SOME (_, times) => times := !times + 1
    | NONE => Array.update (buckets, place, (key, ref 1) :: bucket)
  end

fun more ((each, times), (key, most)) =
  if !times > most orelse !times = most andalso each < key then (each, !times) else (key, most)

fun looped (200001, total) = total
  | looped (i, total) = looped (i + 1, total + (i mod 7) * (i mod 7) mod 7)

fun say (key, values) = print (String.concatWith " " (key :: map Int.toString values) ^ "\n")

fun main () =
  let
    val sorted = Vector.fromList (sort (numbers (42, 5000)))
    val () = Vector.app (fn number => count (number mod 1000)) sorted
    val (key, most) = Array.foldl (fn (bucket, best) => foldl more best bucket) (0, 0) buckets
    val checksum = Vector.foldli (fn (n, number, sum) => (sum + number * (n mod 7)) mod 1000003) 0 sorted
  in
    say ("sorted", map (fn n => Vector.sub (sorted, n)) [0, 2500, 4999]);
    say ("distinct", [Array.foldl (fn (bucket, sum) => sum + length bucket) 0 buckets]);
    say ("most", [key, most]);
    say ("checksum", [checksum]);
    say ("loop", [looped (1, 0)])
  end
