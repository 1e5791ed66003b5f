#lang racket/base
(require racket/file racket/port racket/string)

(define (say key values)
  (printf "~a=~a\n" key (string-join values "|")))

(printf "hello\n")
(say "stdin" (port->lines (current-input-port)))
(say "file" (file->lines "/tmp/input/input.txt"))
(say "args" (vector->list (current-command-line-arguments)))
(say "env" (list (getenv "UNSANDBOX_PROBE")))
(say "utf8" '("Grüße 世界 🚀"))
(eprintf "to stderr\n")
(display-to-file "artifact\n" "/tmp/artifacts/probe.txt")
(exit 7)
