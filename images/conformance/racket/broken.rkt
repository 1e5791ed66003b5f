#lang racket/base
(printf "hello\n"
(undeclared)
