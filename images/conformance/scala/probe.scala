import java.nio.file.{Files, Paths}
import scala.io.Source

object Main {
  def main(args: Array[String]): Unit = {
    println("hello")
    println("stdin=" + Source.fromInputStream(System.in, "UTF-8").getLines().mkString("|"))
    println("file=" + Source.fromFile("/tmp/input/input.txt", "UTF-8").mkString.trim)
    println("args=" + args.mkString("|"))
    println("env=" + sys.env("UNSANDBOX_PROBE"))
    println("utf8=Grüße 世界 🚀")
    System.err.println("to stderr")
    Files.write(Paths.get("/tmp/artifacts/probe.txt"), "artifact\n".getBytes("UTF-8"))
    sys.exit(7)
  }
}
