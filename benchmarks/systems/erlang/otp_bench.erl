%% Erlang/OTP's side of the workloads: plain gen_server and supervisor, defaults throughout.
%% Arguments are key=value pairs; the answer is one JSON object, as the orchestrator expects.
-module(otp_bench).
-export([main/0, log/2]).

main() ->
    %% A process of its own: the one that runs `-s` belongs to init.
    spawn(fun() ->
        [Workload | Pairs] = init:get_plain_arguments(),
        Job = maps:from_list([pair(Pair) || Pair <- Pairs]),
        %% Crash reports are handed to a handler that builds their text, as the default one does, and
        %% drops it; or, asked so, drops them as they come.
        Reports = counters:new(1, []),
        logger:remove_handler(default),
        ok = logger:add_handler(null, ?MODULE,
                                #{config => {Reports, maps:get(reports, Job, none) =:= "built"}}),
        persistent_term:put(reports, Reports),
        Answer = try run(Workload, Job)
                 catch throw:{cannot, Note} -> [{cannot, true}, {note, Note}]
                 end,
        say([{version, "OTP " ++ erlang:system_info(otp_release)} | Answer]),
        halt(0)
    end).

log(Event, #{config := {Reports, Build}}) ->
    counters:add(Reports, 1, 1),
    _ = case Build of
        true -> [_ | _] = logger_formatter:format(Event, #{});
        false -> ok
    end,
    ok.

pair(Text) ->
    [Key, Value] = string:split(Text, "="),
    {list_to_atom(Key), try list_to_integer(Value) catch error:badarg -> Value end}.

now_ns() -> erlang:monotonic_time(nanosecond).

seconds_since(Started) -> (now_ns() - Started) / 1.0e9.

%% W1: cast, drained; the count is asked for last.
run("W1", #{n := N, nonce := Nonce}) ->
    {ok, _} = otp_bench_server:start_link(counter, 0),
    Started = now_ns(),
    cast_range(counter, Nonce, Nonce + N),
    {Count, Total} = gen_server:call(counter, totals, 30000),
    [{seconds, seconds_since(Started)}, {proof, [{count, Count}, {total, Total}]}];

%% W2: sequential calls of a registered server.
run("W2", #{n := N, warm_up := WarmUp, latencies := Latencies, nonce := Nonce}) ->
    {ok, _} = otp_bench_server:start_link(echo, Nonce),
    Started = now_ns(),
    Replies = echo_range(echo, 0, N, 0),
    Seconds = seconds_since(Started),
    {More, Samples} = echo_timed(echo, 0, WarmUp + Latencies, 0, []),
    {Count, _} = gen_server:call(echo, totals),
    Timed = lists:nthtail(WarmUp, lists:reverse(Samples)),
    [{seconds, Seconds},
     {proof, [{replies, Replies}, {more_replies, More}, {count, Count}]} | percentiles(Timed, "")];

%% W3: 1,000 callers at once.
%% S1: the call that a supervised send is held against.
run("S1", #{n := N, nonce := Nonce}) ->
    {ok, _} = otp_bench_server:start_link(sink, 0),
    Started = now_ns(),
    take_range(sink, Nonce, Nonce + N),
    {Count, Total} = gen_server:call(sink, totals),
    [{seconds, seconds_since(Started)}, {proof, [{count, Count}, {total, Total}]}];

%% S2: requests to all, then their answers.
run("S2", #{recipients := Recipients, rounds := Rounds, nonce := Nonce}) ->
    Servers = [begin {ok, Pid} = otp_bench_server:start_link(0), Pid end || _ <- lists:seq(1, Recipients)],
    Started = now_ns(),
    Samples = [broadcast(Servers, Value) || Value <- lists:seq(Nonce, Nonce + Rounds - 1)],
    Seconds = seconds_since(Started),
    {Counts, Totals} = lists:unzip([gen_server:call(Pid, totals, 30000) || Pid <- Servers]),
    [{seconds, Seconds}, {proof, [{count, lists:sum(Counts)}, {total, lists:sum(Totals)}]}
     | percentiles(Samples, "")];

run("W3", #{n := N, in_flight := InFlight, nonce := Nonce}) ->
    {ok, _} = otp_bench_server:start_link(echo, Nonce),
    Each = N div InFlight,
    Me = self(),
    Started = now_ns(),
    _ = [spawn_link(fun() -> Me ! {replies, echo_range(echo, I * Each, (I + 1) * Each, 0)} end)
         || I <- lists:seq(0, InFlight - 1)],
    Replies = collect(InFlight, 0),
    Seconds = seconds_since(Started),
    {Count, _} = gen_server:call(echo, totals),
    [{seconds, Seconds}, {proof, [{replies, Replies}, {count, Count}]}];

run("W4", #{actors := Actors, tells := Tells, nonce := Nonce}) ->
    Servers = [begin {ok, Pid} = otp_bench_server:start_link(0), {I, Pid} end
               || I <- lists:seq(0, Actors - 1)],
    Started = now_ns(),
    lists:foreach(fun({I, Pid}) -> cast_same(Pid, Nonce + I, Tells) end, Servers),
    Answers = [gen_server:call(Pid, totals, 30000) || {_, Pid} <- Servers],
    Seconds = seconds_since(Started),
    {Counts, Totals} = lists:unzip(Answers),
    [{seconds, Seconds}, {proof, [{count, lists:sum(Counts)}, {total, lists:sum(Totals)}]}];

run("W5", #{depth := Depth, rounds := Rounds, nonce := Nonce}) ->
    Head = lists:foldl(fun(_, Onward) ->
                           {ok, Pid} = otp_bench_server:start_link_onward(Nonce, Onward), Pid
                       end, none, lists:seq(1, Depth)),
    Started = now_ns(),
    Replies = lists:sum([gen_server:call(Head, {forward, V}, 30000) || V <- lists:seq(0, Rounds - 1)]),
    [{seconds, seconds_since(Started)}, {proof, [{replies, Replies}]}];

run("W6", Job) -> spawned(Job);
run("W6m", Job) -> spawned(Job);

run("W6s", #{n := N, nonce := Nonce}) ->
    {ok, Pool} = otp_bench_sup:pool(),
    Started = now_ns(),
    Pids = start_children(Pool, Nonce, N),
    Seconds = seconds_since(Started),
    [{seconds, Seconds}, {proof, [{answers, answers(Pids)}]}];

run("W7", #{leaves := Leaves, nonce := Nonce}) ->
    Me = self(),
    Started = now_ns(),
    spawn(fun() -> sky(Me, 0, Leaves, Nonce) end),
    Sum = receive Answer -> Answer end,
    [{seconds, seconds_since(Started)}, {proof, [{sum, Sum}]}];

run("W9", #{crashes := Crashes, strategy := Strategy, children := Children, nonce := Nonce}) ->
    Starts = counters:new(1, []),
    {ok, _} = otp_bench_sup:phoenixes(list_to_atom(Strategy), Children, Starts, Nonce),
    Begin = now_ns(),
    {Answers, Learnt, First} = crash(Crashes, 0, [], []),
    %% The server's own two and its supervisor's.
    true = counters:get(persistent_term:get(reports), 1) >= 3 * Crashes,
    [{seconds, seconds_since(Begin)},
     {proof, [{starts, counters:get(Starts, 1)}, {answers, Answers}]}]
        ++ percentiles(First, "") ++ percentiles(Learnt, "learn_");

run("W9n", Job) -> run("W9", Job);

run("W10", #{depth := Depth, fan := Fan, nonce := Nonce}) ->
    Stamps = counters:new(3, []),
    Started = now_ns(),
    {ok, Root} = otp_bench_sup:tree(Depth, Fan, Stamps),
    Up = now_ns(),
    unlink(Root),
    Monitor = monitor(process, Root),
    exit(Root, shutdown),
    receive {'DOWN', Monitor, process, Root, shutdown} -> ok end,
    Down = now_ns(),
    [{seconds, (Down - Started) / 1.0e9},
     {build_seconds, (Up - Started) / 1.0e9},
     {stop_seconds, (Down - Up) / 1.0e9},
     {proof, [{started, counters:get(Stamps, 1)}, {stopped, counters:get(Stamps, 2)},
              {order, counters:get(Stamps, 3)}, {nonce, Nonce}]}];

run("W12", #{n := N, nonce := Nonce}) ->
    {ok, Pool} = otp_bench_sup:pool(),
    Answers = answers(start_children(Pool, Nonce, N)),
    phase("idle"),
    [{proof, [{answers, Answers}]}];

run(_, _) ->
    throw({cannot, "no such workload here"}).

spawned(#{n := N, idle := Idle, nonce := Nonce}) ->
    {ok, Pool} = otp_bench_sup:pool(),
    phase("base"),
    IdlePids = start_children(Pool, Nonce, Idle),
    IdleAnswers = answers(IdlePids),
    phase("full"),
    otp_bench_sup:stop(Pool),
    {ok, Other} = otp_bench_sup:pool(),
    Started = now_ns(),
    Pids = start_children(Other, Nonce, N),
    Up = now_ns(),
    Answers = answers(Pids),
    otp_bench_sup:stop(Other),
    [{seconds, seconds_since(Started)},
     {per_second, N / ((Up - Started) / 1.0e9)},
     {proof, [{idle_answers, IdleAnswers}, {answers, Answers}]}].

cast_range(_, To, To) -> ok;
cast_range(Name, From, To) ->
    gen_server:cast(Name, {add, From}),
    cast_range(Name, From + 1, To).

cast_same(_, _, 0) -> ok;
cast_same(Pid, Value, Left) ->
    gen_server:cast(Pid, {add, Value}),
    cast_same(Pid, Value, Left - 1).

take_range(_, To, To) -> ok;
take_range(Name, From, To) ->
    From = gen_server:call(Name, {take, From}, 5000),
    take_range(Name, From + 1, To).

broadcast(Servers, Value) ->
    Before = now_ns(),
    Requests = [gen_server:send_request(Pid, {take, Value}) || Pid <- Servers],
    _ = [{reply, Value} = gen_server:receive_response(Request, 30000) || Request <- Requests],
    now_ns() - Before.

echo_range(_, To, To, Sum) -> Sum;
echo_range(Name, From, To, Sum) ->
    echo_range(Name, From + 1, To, Sum + gen_server:call(Name, {echo, From}, 5000)).

echo_timed(_, To, To, Sum, Samples) -> {Sum, Samples};
echo_timed(Name, From, To, Sum, Samples) ->
    Before = now_ns(),
    Reply = gen_server:call(Name, {echo, From}, 5000),
    echo_timed(Name, From + 1, To, Sum + Reply, [now_ns() - Before | Samples]).

collect(0, Sum) -> Sum;
collect(Left, Sum) -> receive {replies, Replies} -> collect(Left - 1, Sum + Replies) end.

start_children(Pool, Nonce, N) ->
    [begin {ok, Pid} = supervisor:start_child(Pool, [Answer]), Pid end
     || Answer <- lists:seq(Nonce, Nonce + N - 1)].

answers(Pids) -> lists:sum([gen_server:call(Pid, ask, 30000) || Pid <- Pids]).

sky(Parent, Number, 1, Nonce) -> Parent ! Number + Nonce;
sky(Parent, Number, Size, Nonce) ->
    Me = self(),
    Step = Size div 10,
    _ = [spawn(fun() -> sky(Me, Number + I * Step, Step, Nonce) end) || I <- lists:seq(0, 9)],
    Parent ! lists:sum([receive Answer -> Answer end || _ <- lists:seq(0, 9)]).

crash(0, Answers, Learnt, First) -> {Answers, Learnt, First};
crash(Left, Answers, Learnt, First) ->
    Started = now_ns(),
    {'EXIT', _} = (catch gen_server:call(w0, boom, 5000)),
    Told = now_ns() - Started,
    Answer = first_answer(),
    Took = now_ns() - Started,
    crash(Left - 1, Answers + Answer, [Told | Learnt], [Took | First]).

first_answer() ->
    case catch gen_server:call(w0, ping, 5000) of
        Answer when is_integer(Answer) -> Answer;
        {'EXIT', _} -> erlang:yield(), first_answer()
    end.

percentiles(Nanoseconds, Prefix) ->
    Sorted = list_to_tuple(lists:sort(Nanoseconds)),
    Size = tuple_size(Sorted),
    [{Prefix ++ Name, element(min(Size, trunc(Share * Size) + 1), Sorted) / 1.0e9}
     || {Name, Share} <- [{"p50", 0.5}, {"p99", 0.99}, {"p999", 0.999}]].

%% Stands still until the orchestrator has looked.
phase(Name) ->
    _ = [erlang:garbage_collect(Pid) || Pid <- [self()]],
    say([{phase, Name}]),
    _ = io:get_line(""),
    ok.

say(Pairs) -> io:put_chars([json(Pairs), $\n]).

json(Pairs) ->
    ["{", lists:join(",", [[$", to_list(Key), "\":", value(Value)] || {Key, Value} <- Pairs]), "}"].

value(true) -> "true";
value(Value) when is_integer(Value) -> integer_to_list(Value);
value(Value) when is_float(Value) -> io_lib:format("~w", [Value]);
value([{_, _} | _] = Pairs) -> json(Pairs);
value(Text) -> [$", Text, $"].

to_list(Key) when is_atom(Key) -> atom_to_list(Key);
to_list(Key) -> Key.
