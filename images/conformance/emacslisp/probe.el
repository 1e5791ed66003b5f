;;; -*- lexical-binding: t -*-

(require 'subr-x)

(defun all-lines ()
  "The lines of the standard input."
  (let (lines)
    (condition-case nil
        (while t (push (read-string "") lines))
      (end-of-file (nreverse lines)))))

(defun first-line (name)
  "The first line of the file NAME."
  (with-temp-buffer
    (insert-file-contents name)
    (buffer-substring (point-min) (line-end-position))))

(princ "hello\n")
(princ (format "stdin=%s\n" (string-join (all-lines) "|")))
(princ (format "file=%s\n" (first-line "/tmp/input/input.txt")))
(princ (format "args=%s\n" (string-join command-line-args-left "|")))
(princ (format "env=%s\n" (getenv "UNSANDBOX_PROBE")))
(princ "utf8=Grüße 世界 🚀\n")
(princ "to stderr\n" #'external-debugging-output)
(write-region "artifact\n" nil "/tmp/artifacts/probe.txt" nil 'quiet)
(kill-emacs 7)
