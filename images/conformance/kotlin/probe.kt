import java.io.File
import kotlin.system.exitProcess

fun main(args: Array<String>) {
    println("hello")
    println("stdin=" + generateSequence(::readLine).joinToString("|"))
    println("file=" + File("/tmp/input/input.txt").readText().trim())
    println("args=" + args.joinToString("|"))
    println("env=" + System.getenv("UNSANDBOX_PROBE"))
    println("utf8=Grüße 世界 🚀")
    System.err.println("to stderr")
    File("/tmp/artifacts/probe.txt").writeText("artifact\n")
    exitProcess(7)
}
