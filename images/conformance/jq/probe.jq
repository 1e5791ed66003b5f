[inputs] as $lines
| "hello",
  "stdin=" + ($lines | join("|")),
  "file=",
  "args=" + ($ARGS.positional | join("|")),
  "env=" + env.UNSANDBOX_PROBE,
  "utf8=Grüße 世界 🚀",
  ("to stderr\n" | halt_error(7))
