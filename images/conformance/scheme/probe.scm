(use-modules (ice-9 rdelim))

(define (lines-of port)
  (let ((line (read-line port)))
    (if (eof-object? line) '() (cons line (lines-of port)))))

(define (say key . values)
  (format #t "~a=~a\n" key (string-join values "|")))

(display "hello\n")
(apply say "stdin" (lines-of (current-input-port)))
(apply say "file" (call-with-input-file "/tmp/input/input.txt" lines-of))
(apply say "args" (cdr (command-line)))
(say "env" (getenv "UNSANDBOX_PROBE"))
(say "utf8" "Grüße 世界 🚀")
(display "to stderr\n" (current-error-port))
(call-with-output-file "/tmp/artifacts/probe.txt"
  (lambda (port) (display "artifact\n" port)))
(exit 7)
