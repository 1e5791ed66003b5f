import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;

public class Main {
    public static void main(String[] args) throws IOException {
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        System.out.println("hello");
        System.out.println("stdin=" + input.lines().collect(Collectors.joining("|")));
        System.out.println("file=" + Files.readString(Path.of("/tmp/input/input.txt")).strip());
        System.out.println("args=" + String.join("|", args));
        System.out.println("env=" + System.getenv("UNSANDBOX_PROBE"));
        System.out.println("utf8=Grüße 世界 🚀");
        System.err.println("to stderr");
        Files.writeString(Path.of("/tmp/artifacts/probe.txt"), "artifact\n");
        System.exit(7);
    }
}
