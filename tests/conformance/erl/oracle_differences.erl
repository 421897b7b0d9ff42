%% The Erlang side of differences.py: one function per entry, which says what happened.
-module(oracle_differences).
-behaviour(gen_server).
-export([main/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).
-export([start_link/1, ignoring/1]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    oracle_log:start(),
    ets:new(notes, [named_table, public, bag]),
    All = [expired_requests, call_cycles, unknown_calls, bounded_mailboxes, start_timeout, back_off,
           terminate_at_shutdown, exact_max_seconds, timers_end_with_their_owner, handlers_are_atomic,
           dynamic_restart_ignored, order_of_which_children, specs_checked_early, tie_of_a_child],
    [begin ets:delete_all_objects(notes), io:format("~s~n", [oracle_log:json([Id, run(Id)])]) end || Id <- All],
    halt(0).

%% A server that does what it is told: {do, Fun}.
start_link(Trap) -> gen_server:start_link(?MODULE, Trap, []).
init({sup, Flags, Children}) -> {ok, {Flags, Children}};
init(hang) -> timer:sleep(infinity);
init(Trap) -> process_flag(trap_exit, Trap), {ok, none}.
handle_call({do, Fun}, _, S) -> {reply, Fun(), S}.
handle_cast({do, Fun}, S) -> Fun(), {noreply, S}.
handle_info(M, S) -> note(M), {noreply, S}.
terminate(R, _) -> note({terminate, R}), ok.

ignoring(Counter) ->
    case atomics:add_get(Counter, 1, 1) of
        1 -> gen_server:start_link(?MODULE, false, []);
        _ -> ignore
    end.

note(What) -> ets:insert(notes, {What}).
noted(What) -> ets:member(notes, What).
child(Id, Trap) -> #{id => Id, start => {?MODULE, start_link, [Trap]}, shutdown => 1000}.
sup(Flags, Children) ->
    {ok, Sup} = supervisor:start_link(?MODULE, {sup, Flags, Children}),
    Sup.
pid(Sup, Id) -> element(2, lists:keyfind(Id, 1, supervisor:which_children(Sup))).

run(expired_requests) ->
    {ok, S} = start_link(false),
    gen_server:cast(S, {do, fun() -> receive go -> ok end end}),
    {'EXIT', {timeout, _}} = (catch gen_server:call(S, {do, fun() -> note(handled) end}, 20)),
    S ! go,
    sys:get_state(S),
    case noted(handled) of true -> <<"timeout, then handled">>; false -> <<"timeout, then not handled">> end;
run(call_cycles) ->
    {ok, A} = start_link(false),
    {ok, B} = start_link(false),
    Inner = fun() -> catch gen_server:call(A, {do, fun() -> ok end}, 50) end,
    Outer = fun() -> gen_server:call(B, {do, Inner}) end,
    {'EXIT', {Why, _}} = gen_server:call(A, {do, Outer}),
    iolist_to_binary(io_lib:format("b learns: ~p", [Why]));
run(unknown_calls) ->
    {ok, S} = start_link(false),
    {'EXIT', _} = (catch gen_server:call(S, nonsense)),
    case is_process_alive(S) of true -> <<"server lives">>; false -> <<"caller exits, server died">> end;
run(bounded_mailboxes) ->
    P = spawn(fun() -> receive never -> ok end end),
    [P ! N || N <- lists:seq(1, 10001)],
    {_, Len} = process_info(P, message_queue_len),
    iolist_to_binary([integer_to_list(Len), " queued"]);
run(start_timeout) ->
    Sup = sup(#{}, []),
    spawn(fun() -> supervisor:start_child(Sup, child(a, hang)), note(back) end),
    timer:sleep(150),
    case noted(back) of true -> <<"came back">>; false -> <<"still waiting">> end;
run(back_off) ->
    Sup = sup(#{}, [child(a, false)]),
    Old = pid(Sup, a),
    exit(Old, kill),
    timer:sleep(20),
    New = pid(Sup, a),
    case is_pid(New) andalso New =/= Old of true -> <<"restarted at once">>; false -> <<"not yet">> end;
run(terminate_at_shutdown) ->
    Sup = sup(#{}, [child(a, false)]),
    supervisor:terminate_child(Sup, a),
    case noted({terminate, shutdown}) of
        true -> <<"terminate called with shutdown">>;
        false -> <<"terminate not called">>
    end;
run(exact_max_seconds) ->
    Sup = sup(#{intensity => 1, period => 1}, [child(a, false)]),
    %% supervisor counts erlang:monotonic_time(second): begin right after one changes.
    Now = erlang:monotonic_time(microsecond),
    timer:sleep((1000000 - ((Now rem 1000000) + 1000000) rem 1000000) div 1000 + 20),
    exit(pid(Sup, a), kill),
    timer:sleep(1700),
    Monitor = erlang:monitor(process, Sup),
    exit(pid(Sup, a), kill),
    receive {'DOWN', Monitor, _, _, shutdown} -> <<"gave up">> after 200 -> <<"restarted">> end;
run(timers_end_with_their_owner) ->
    {ok, Target} = start_link(false),
    {_, Ref} = spawn_monitor(fun() -> erlang:send_after(30, Target, tick) end),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    timer:sleep(100),
    sys:get_state(Target),
    case noted(tick) of true -> <<"tick arrived">>; false -> <<"no tick">> end;
run(handlers_are_atomic) ->
    {ok, S} = start_link(false),
    Ref = erlang:monitor(process, S),
    gen_server:cast(S, {do, fun() -> exit(self(), kill), note(after_kill) end}),
    receive {'DOWN', Ref, _, _, Reason} ->
        iolist_to_binary([case noted(after_kill) of true -> "noted, "; false -> "not noted, " end, atom_to_list(Reason)])
    end;
run(dynamic_restart_ignored) ->
    Counter = atomics:new(1, []),
    Sup = sup(#{strategy => simple_one_for_one}, [#{id => x, start => {?MODULE, ignoring, [Counter]}}]),
    {ok, Child} = supervisor:start_child(Sup, []),
    exit(Child, kill),
    Left = length(supervisor:which_children(Sup)),
    Ref = erlang:monitor(process, Sup),
    exit(Sup, shutdown),
    receive {'DOWN', Ref, _, _, Reason} ->
        Children = case Left of 1 -> "1 child"; N -> [integer_to_list(N), " children"] end,
        iolist_to_binary([Children, " left, supervisor exits: ", oracle_log:reason(Reason)])
    end;
run(order_of_which_children) ->
    Sup = sup(#{}, [child(a, false), child(b, false), child(c, false)]),
    iolist_to_binary(lists:join(" ", [atom_to_list(Id) || {Id, _, _, _} <- supervisor:which_children(Sup)]));
run(specs_checked_early) ->
    case supervisor:start_link(?MODULE, {sup, #{}, [child(a, false), child(a, false)]}) of
        {error, _} -> <<"the supervisor fails to start">>;
        {ok, _} -> <<"started">>
    end;
run(tie_of_a_child) ->
    Sup = sup(#{}, [child(a, false), child(b, false)]),
    [A, B] = [pid(Sup, Id) || Id <- [a, b]],
    gen_server:call(A, {do, fun() -> unlink(Sup) end}),
    Ref = erlang:monitor(process, A),
    exit(A, kill),
    receive {'DOWN', Ref, _, _, _} -> ok end,
    gen_server:call(B, {do, fun() -> exit(Sup, claimed) end}),
    sys:get_state(Sup),
    Killed = case pid(Sup, a) of A -> "not missed"; _ -> "restarted" end,
    Other = case pid(Sup, b) =/= B andalso is_process_alive(B) of true -> "twice"; false -> "once" end,
    iolist_to_binary(["the killed one is ", Killed, "; the other runs ", Other]).
