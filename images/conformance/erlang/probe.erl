-module(main).
-export([main/1]).

main(Arguments) ->
    ok = io:setopts([{encoding, unicode}]),
    Lines = lines(),
    {ok, Input} = file:read_file("/tmp/input/input.txt"),
    [First | _] = binary:split(Input, <<"\n">>),
    say("hello"),
    say(["stdin=", lists:join("|", Lines)]),
    say(["file=", First]),
    say(["args=", lists:join("|", Arguments)]),
    say(["env=", os:getenv("UNSANDBOX_PROBE")]),
    say("utf8=Grüße 世界 🚀"),
    io:put_chars(standard_error, "to stderr\n"),
    ok = file:write_file("/tmp/artifacts/probe.txt", "artifact\n"),
    halt(7).

lines() ->
    case io:get_line("") of
        eof -> [];
        Line -> [string:trim(Line, trailing, "\n") | lines()]
    end.

say(Text) ->
    io:put_chars([Text, "\n"]).
