%% Runs scenarios read from a file of terms and prints one line of JSON for each.
-module(oracle).
-export([main/1]).

main([File]) ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    preload(),
    oracle_log:start(),
    {ok, Scenarios} = file:consult(File),
    Baseline = processes(),
    io:format("~s~n", [oracle_log:json(#{otp => list_to_binary(erlang:system_info(otp_release)),
                                         erts => list_to_binary(erlang:system_info(version)),
                                         schedulers => erlang:system_info(schedulers_online)})]),
    [run(S, Baseline) || S <- Scenarios],
    halt(0).

run(Scenario, Baseline) ->
    %% A driver of its own per scenario: the root supervisor's parent.
    {Driver, Ref} = spawn_monitor(fun() -> drive(Scenario) end),
    receive
        {'DOWN', Ref, _, _, {done, Line}} -> io:format("~s~n", [Line]);
        {'DOWN', Ref, _, Driver, Why} ->
            Error = iolist_to_binary(io_lib:format("~0P", [Why, 30])),
            io:format("~s~n", [oracle_log:json(#{name => maps:get(name, Scenario), error => Error})])
    end,
    clean(Baseline),
    oracle_log:reset().

clean(Baseline) ->
    case processes() -- Baseline of
        [] -> oracle_log:unseen() =:= 0 orelse clean(Baseline);
        Left -> [exit(P, kill) || P <- Left], erlang:yield(), clean(Baseline)
    end.

drive(#{name := Name, root := Root, steps := Steps, names := Names}) ->
    process_flag(trap_exit, true),
    oracle_log:event([result, 0, started(catch oracle_sup:start_link(Root))]),
    settle(),
    mark(0),
    lists:foreach(fun({N, Step}) -> step(N, Step), settle(), mark(N) end,
                  lists:zip(lists:seq(1, length(Steps)), Steps)),
    Final = #{children => [[S, children(S)] || S <- sups()],
              counts => [[S, counts(S)] || S <- sups()],
              names => [[N, found(N)] || N <- Names]},
    step(length(Steps) + 1, #{type => shutdown}),
    settle(),
    mark(length(Steps) + 1),
    Result = #{name => Name, events => oracle_log:events(), final => Final},
    exit({done, iolist_to_binary(oracle_log:json(Result))}).

mark(N) -> oracle_log:event([step, N]).

started({ok, Pid}) -> put(root, Pid), ok;
started({error, R}) -> start_error(R);
started({'EXIT', R}) -> start_error(R).

start_error({start_spec, _}) -> <<"error:bad_spec">>;
start_error({bad_combination, _}) -> <<"error:bad_spec">>;
start_error({supervisor_data, _}) -> <<"error:bad_spec">>;
start_error({duplicate_child_name, _}) -> <<"error:bad_spec">>;
start_error({invalid_shutdown, _}) -> <<"error:bad_spec">>;
start_error(already_present) -> <<"error:already_present">>;
start_error({already_started, _}) -> <<"error:already_started">>;
start_error({Why, Child}) when element(1, Child) =:= child -> start_error({start, Why});
start_error({start, Why}) -> iolist_to_binary(["error:start:", oracle_log:reason(Why)]);
start_error(R) -> iolist_to_binary(["error:start:", oracle_log:reason(R)]).

%% Everything that may wait is done by a process of its own; its result is an event.
later(N, Fun) ->
    spawn(fun() -> oracle_log:event([result, N, answer(Fun)]) end).

answer(Fun) ->
    try Fun()
    catch exit:{R, {gen_server, call, _}} -> iolist_to_binary(["exit:", oracle_log:reason(R)]);
          exit:{R, _} -> iolist_to_binary(["exit:", oracle_log:reason(R)])
    end.

now_(N, Result) -> oracle_log:event([result, N, Result]).

step(N, #{type := cast, target := T, act := Act}) ->
    gen_server:cast(oracle_log:pid(T), Act), now_(N, ok);
step(N, #{type := call, target := T, act := Act}) ->
    Pid = oracle_log:pid(T),
    later(N, fun() -> gen_server:call(Pid, Act, infinity) end);
step(N, #{type := send, target := T, text := Text}) ->
    catch oracle_log:pid(T) ! {text, self(), Text}, now_(N, ok);
step(N, #{type := signal, target := T, reason := R}) ->
    %% Not from here: this process is the root supervisor's parent, whose signals mean something else.
    Target = case oracle_log:pid(T) of Name when is_atom(Name) -> whereis(Name); Pid -> Pid end,
    spawn(fun() -> catch exit(Target, oracle_acts:parse(R)) end),
    now_(N, ok);
step(N, #{type := spawn, name := Name} = Spec) ->
    case Name =/= none andalso whereis(Name) =/= undefined of
        true -> now_(N, name_taken);
        false -> spawn(fun() -> oracle_acts:observer(Spec) end), now_(N, ok)
    end;
step(N, #{type := wait, ms := Ms}) -> timer:sleep(Ms), now_(N, ok);
step(N, #{type := shutdown}) ->
    case get(root) of
        undefined -> now_(N, noproc);
        Root ->
            case is_process_alive(Root) of
                true -> exit(Root, shutdown), now_(N, ok);
                false -> now_(N, noproc)
            end
    end;
step(N, #{type := start_child, sup := S, child := Child}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> child_result(supervisor:start_child(Pid, oracle_sup:child(Child))) end);
step(N, #{type := start_dynamic, sup := S, child := Child}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> child_result(name_taken(supervisor:start_child(Pid, [Child]))) end);
step(N, #{type := restart_child, sup := S, id := Id}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> child_result(name_taken(supervisor:restart_child(Pid, Id))) end);
step(N, #{type := terminate_child, sup := S, id := Id}) ->
    Pid = oracle_log:pid(S),
    Key = case dynamic(Pid) of true -> oracle_log:pid(Id); false -> Id end,
    later(N, fun() -> child_result(supervisor:terminate_child(Pid, Key)) end);
step(N, #{type := delete_child, sup := S, id := Id}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> child_result(supervisor:delete_child(Pid, Id)) end);
step(N, #{type := which_children, sup := S}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> children_of(Pid) end);
step(N, #{type := count_children, sup := S}) ->
    Pid = oracle_log:pid(S),
    later(N, fun() -> counts_of(Pid) end);
step(N, #{type := whereis, name := Name}) -> now_(N, found(Name));
step(N, #{type := alive, target := T}) ->
    now_(N, case oracle_log:pid(T) of
                none -> false;
                Name when is_atom(Name) -> whereis(Name) =/= undefined;
                Pid -> is_process_alive(Pid)
            end);
step(N, #{type := atomically, steps := Steps}) ->
    Sups = oracle_log:supervisors(),
    [sys:suspend(S, infinity) || S <- Sups],
    lists:foreach(fun(Step) -> step(N, Step), settle() end, Steps),
    [catch sys:resume(S, infinity) || S <- lists:reverse(Sups), is_process_alive(S)];
step(N, #{by := By} = Step) ->
    case oracle_log:pid(By) of
        Pid when is_pid(Pid) -> Pid ! {do, N, Step};
        none -> ok
    end.

dynamic(Pid) -> oracle_log:kind(Pid) =:= dyn.

%% Where no id is in play, already_started is about the registered name.
name_taken({error, {already_started, _} = Why}) -> {error, {start, Why}};
name_taken(Result) -> Result.

child_result({ok, undefined}) -> ignored;
child_result({ok, _}) -> ok;
child_result(ok) -> ok;
child_result({error, R}) when R =:= running; R =:= restarting; R =:= not_found; R =:= simple_one_for_one ->
    iolist_to_binary(["error:", atom_to_list(R)]);
child_result({error, R}) -> start_error(R).

sups() -> lists:usort([oracle_log:slot(P) || P <- oracle_log:supervisors()]).

children(Slot) -> children_of(oracle_log:pid(Slot)).
counts(Slot) -> counts_of(oracle_log:pid(Slot)).

children_of(Pid) ->
    lists:sort([[id(Id), condition(P), Type] || {Id, P, Type, _} <- supervisor:which_children(Pid)]).

id(undefined) -> <<"-">>;
id(Id) -> Id.

condition(undefined) -> stopped;
condition(restarting) -> restarting;
condition(Pid) when is_pid(Pid) -> running.

counts_of(Pid) ->
    Counts = supervisor:count_children(Pid),
    %% A simple_one_for_one has one spec, whatever it runs.
    Specs = case dynamic(Pid) of true -> <<"-">>; false -> proplists:get_value(specs, Counts) end,
    [Specs | [proplists:get_value(K, Counts) || K <- [active, supervisors, workers]]].

found(Name) ->
    case whereis(Name) of
        undefined -> none;
        Pid -> oracle_log:who(Pid)
    end.

%% Two equal passes over status, queue length and event count of all the scenario's processes.
settle() ->
    Deadline = erlang:monotonic_time(millisecond) + 20000,
    settle(pass(), Deadline),
    case erlang:system_info(schedulers_online) of
        1 -> ok;
        _ ->
            %% The other scheduler's thread may have been stopped by the operating system in the middle of an exit.
            erlang:system_flag(multi_scheduling, block),
            settle(pass(), Deadline),
            erlang:system_flag(multi_scheduling, unblock)
    end.

settle(Before, Deadline) ->
    erlang:yield(),
    case pass() of
        {true, _} = Before -> ok;
        Now ->
            case oracle_log:busy() of [] -> ok; _ -> timer:sleep(1) end,
            case erlang:monotonic_time(millisecond) > Deadline of
                true -> exit({unsettled, Now});
                false -> settle(Now, Deadline)
            end
    end.

%% The machine's own processes count too: a process that waits for the code server or the logger is not settled.
pass() ->
    Mine = processes() -- [self()],
    Seen = [{P, process_info(P, [status, message_queue_len])} || P <- Mine],
    %% undefined: it is exiting and may still have signals to send.
    Quiet = lists:all(fun({_, undefined}) -> false;
                         ({_, [{status, S} | _]}) -> S =:= waiting
                      end, Seen) andalso oracle_log:busy() =:= [] andalso oracle_log:unseen() =:= 0,
    {Quiet, {oracle_log:count(), Seen}}.

%% Nothing is to be loaded while a scenario runs.
preload() ->
    ok = code:ensure_modules_loaded(
        [oracle_log, oracle_sup, oracle_worker, oracle_acts, gen, gen_server, supervisor, sys, proc_lib, proplists, lists,
         maps, sets, string, unicode_util, timer, io_lib, io_lib_format, io_lib_pretty, logger, logger_config,
         logger_server, logger_backend, logger_filters, logger_olp, error_logger, erl_error, erl_internal]).
