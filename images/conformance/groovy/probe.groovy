def lines = System.in.readLines()
def first = new File('/tmp/input/input.txt').readLines().first()
println 'hello'
println "stdin=${lines.join('|')}"
println "file=${first}"
println "args=${args.join('|')}"
println "env=${System.getenv('UNSANDBOX_PROBE')}"
println 'utf8=Grüße 世界 🚀'
System.err.println 'to stderr'
new File('/tmp/artifacts/probe.txt').text = 'artifact\n'
System.exit 7
