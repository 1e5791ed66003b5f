import Data.List (intercalate)
import System.Environment (getArgs, getEnv)
import System.Exit (ExitCode (ExitFailure), exitWith)
import System.IO (hPutStrLn, stderr)

main :: IO ()
main = do
  input <- getContents
  file <- readFile "/tmp/input/input.txt"
  arguments <- getArgs
  value <- getEnv "UNSANDBOX_PROBE"
  putStrLn "hello"
  putStrLn ("stdin=" ++ intercalate "|" (lines input))
  putStrLn ("file=" ++ concat (lines file))
  putStrLn ("args=" ++ intercalate "|" arguments)
  putStrLn ("env=" ++ value)
  putStrLn "utf8=Grüße 世界 🚀"
  hPutStrLn stderr "to stderr"
  writeFile "/tmp/artifacts/probe.txt" "artifact\n"
  exitWith (ExitFailure 7)
