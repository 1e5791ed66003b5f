main :: IO ()
main = do
  putStrLn "hello
  undeclared
