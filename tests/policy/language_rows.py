"""A small catalogue whose rows are as hard to tell apart as those of the real one."""

from __future__ import annotations

from reconciler.model.language import Language, Languages

ROWS = Languages(
    (
        Language("c", "C", aliases=("c99", "c17", "gcc"), extensions=(".c",), hints=(r"^#include <stdio\.h>", r"^int main\(")),
        Language("commonlisp", "Common Lisp", aliases=("lisp", "sbcl"), extensions=(".lisp",), shebangs=("sbcl",)),
        Language(
            "cpp", "C++", aliases=("cxx",), extensions=(".cpp", ".cc", ".C"), hints=(r"^#include <iostream>", r"\bstd::", r"^int main\(")
        ),
        Language("csharp", "C#", aliases=("cs",), extensions=(".cs",), hints=(r"^using System;",)),
        Language("d", "D", aliases=("dlang",), extensions=(".d",)),
        Language("javascript", "JavaScript", aliases=("js", "node", "node.js"), extensions=(".js", ".mjs"), shebangs=("node",)),
        Language("perl", "Perl", extensions=(".pl",), shebangs=("perl",), hints=(r"^use strict;",)),
        Language("python", "Python", aliases=("py", "py3"), extensions=(".py",), shebangs=("python",), hints=(r"^def \w+\(.*:$",)),
        Language("python2", "Python 2", aliases=("py2",), shebangs=("python2",), unavailable="it ended"),
        Language("raku", "Raku", aliases=("perl6",), extensions=(".raku",), shebangs=("raku", "perl6")),
        Language("racket", "Racket", hints=(r"^#lang racket",), over=("scheme",)),
        Language("rust", "Rust", aliases=("rs",), extensions=(".rs",), hints=(r"^\s*let mut ",)),
        Language("scheme", "Scheme", aliases=("guile",), extensions=(".scm",), shebangs=("guile",), hints=(r"^\(define \(", r"^\(let ")),
        Language(
            "swift", "Swift", extensions=(".swift",), shebangs=("swift",), hints=(r"^import Foundation$",), unavailable="no package of it"
        ),
        Language("awk", "AWK", aliases=("gawk",), extensions=(".awk",), shebangs=("awk", "gawk")),
    )
)
