require! fs

lines = fs.read-file-sync 0 \utf8 .trim-end!split '\n'
[first] = fs.read-file-sync '/tmp/input/input.txt' \utf8 .split '\n'
console.log 'hello'
console.log "stdin=#{lines.join '|'}"
console.log "file=#first"
console.log "args=#{process.argv.slice 3 .join '|'}"
console.log "env=#{process.env.UNSANDBOX_PROBE}"
console.log 'utf8=Grüße 世界 🚀'
console.error 'to stderr'
fs.write-file-sync '/tmp/artifacts/probe.txt' 'artifact\n'
process.exit-code = 7
