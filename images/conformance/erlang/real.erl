-module(main).
-export([main/1]).

main(_Arguments) ->
    Numbers = lists:sort(numbers(42, 5000)),
    Counts = counts(Numbers, #{}),
    {Most, Key} = maps:fold(fun most/3, {0, none}, Counts),
    io:format("sorted ~b ~b ~b~n", [hd(Numbers), lists:nth(2501, Numbers), lists:last(Numbers)]),
    io:format("distinct ~b~n", [maps:size(Counts)]),
    io:format("most ~b ~b~n", [Key, Most]),
    io:format("checksum ~b~n", [checksum(Numbers, 0, 0)]),
    io:format("loop ~b~n", [loop(1, 200000, 0)]).

numbers(_, 0) -> [];
numbers(X, Left) ->
    Following = (X * 3877 + 29573) rem 139968,
    [Following | numbers(Following, Left - 1)].

counts([], Counts) -> Counts;
counts([Number | Rest], Counts) ->
    counts(Rest, maps:update_with(Number rem 1000, fun(Count) -> Count + 1 end, 1, Counts)).

most(Key, Count, {Most, _}) when Count > Most -> {Count, Key};
most(Key, Count, {Count, Smallest}) when Key < Smallest -> {Count, Key};
most(_, _, Found) -> Found.

checksum([], _, Sum) -> Sum;
checksum([Number | Rest], N, Sum) ->
    checksum(Rest, N + 1, (Sum + Number * (N rem 7)) rem 1000003).

loop(I, Last, Sum) when I > Last -> Sum;
loop(I, Last, Sum) ->
    loop(I + 1, Last, Sum + (I rem 7) * (I rem 7) rem 7).
