import Data.List (foldl', sort)
import qualified Data.Map.Strict as Map
import Data.Ord (Down (Down))

main :: IO ()
main = do
  let numbers = sort (take 5000 (tail (iterate (\x -> (x * 3877 + 29573) `mod` 139968) 42))) :: [Int]
      counts = Map.fromListWith (+) [(number `mod` 1000, 1 :: Int) | number <- numbers]
      (most, Down key) = maximum [(count, Down each) | (each, count) <- Map.toList counts]
      checksum = foldl' (\total (number, weight) -> (total + number * weight) `mod` 1000003) 0 (zip numbers (cycle [0 .. 6]))
      looped = foldl' (\total i -> total + (i `mod` 7) * (i `mod` 7) `mod` 7) 0 [1 .. 200000 :: Int]
  putStrLn (unwords ("sorted" : map show [head numbers, numbers !! 2500, last numbers]))
  putStrLn ("distinct " ++ show (Map.size counts))
  putStrLn (unwords ["most", show key, show most])
  putStrLn ("checksum " ++ show checksum)
  putStrLn ("loop " ++ show looped)
