assert(jit, "this is not LuaJIT")
local lines = {}
for line in io.lines() do
  lines[#lines + 1] = line
end
local first = io.lines("/tmp/input/input.txt")()
print("hello")
print("stdin=" .. table.concat(lines, "|"))
print("file=" .. first)
print("args=" .. table.concat(arg, "|"))
print("env=" .. os.getenv("UNSANDBOX_PROBE"))
print("utf8=Grüße 世界 🚀")
io.stderr:write("to stderr\n")
local artifact = assert(io.open("/tmp/artifacts/probe.txt", "w"))
artifact:write("artifact\n")
artifact:close()
os.exit(7)
