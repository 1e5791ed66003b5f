fs = require 'node:fs'

lines = fs.readFileSync(0, 'utf8').trimEnd().split '\n'
[first] = fs.readFileSync('/tmp/input/input.txt', 'utf8').split '\n'
console.log 'hello'
console.log "stdin=#{lines.join '|'}"
console.log "file=#{first}"
console.log "args=#{process.argv[2..].join '|'}"
console.log "env=#{process.env.UNSANDBOX_PROBE}"
console.log 'utf8=Grüße 世界 🚀'
console.error 'to stderr'
fs.writeFileSync '/tmp/artifacts/probe.txt', 'artifact\n'
process.exitCode = 7
