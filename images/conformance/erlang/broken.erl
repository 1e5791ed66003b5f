-module(main).
-export([main/1]).

main(_Arguments) ->
    io:put_chars("hello\n"),
    Numbers = [1, 2,
    undeclared(Numbers).
