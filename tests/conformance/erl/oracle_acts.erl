%% What any process of a scenario can be told to do, and the observers.
-module(oracle_acts).
-export([perform/1, describe/1, parse/1, observer/1]).

%% Reason text -> term.
parse(Text) ->
    case string:split(atom_to_list(Text), ":") of
        ["shutdown", Detail] -> {shutdown, list_to_atom(Detail)};
        ["other", Detail] -> {other, list_to_atom(Detail)};
        [_] -> Text
    end.

%% A message as {Sender, Text}.
describe({text, From, Text}) -> {oracle_log:who(From), Text};
describe({'DOWN', Ref, process, Pid, Reason}) ->
    Tag = case [T || {{tag, T}, R} <- get(), R =:= Ref] of [T] -> atom_to_list(T); [] -> "?" end,
    {oracle_log:who(Pid), iolist_to_binary(["DOWN ", Tag, " ", oracle_log:reason(Reason)])};
describe({'EXIT', Pid, Reason}) ->
    {oracle_log:who(Pid), iolist_to_binary(["EXIT ", oracle_log:reason(Reason)])};
describe(Other) -> {<<"driver">>, iolist_to_binary(io_lib:format("odd ~0p", [Other]))}.

%% Done by the process itself. Returns the step's result.
perform(#{type := monitor, target := T, tag := Tag}) ->
    put({tag, Tag}, erlang:monitor(process, oracle_log:pid(T))),
    ok;
perform(#{type := demonitor, tag := Tag}) ->
    case erase({tag, Tag}) of
        undefined -> none;
        Ref -> erlang:demonitor(Ref, [flush]), ok
    end;
perform(#{type := link, target := T}) ->
    %% To the dead: OTP may raise an error or send a signal, as it likes (link/1); here always a signal.
    Self = self(),
    try link(oracle_log:pid(T)), ok
    catch error:noproc -> spawn(fun() -> exit(Self, noproc) end), ok;
          error:badarg -> ok
    end;
perform(#{type := unlink, target := T}) ->
    catch unlink(oracle_log:pid(T)),
    ok;
perform(#{type := trap_exit, on := On}) -> process_flag(trap_exit, On);
perform(#{type := tell, target := T, text := Text}) ->
    try oracle_log:pid(T) ! {text, self(), Text}, ok catch error:badarg -> ok end;
perform(#{type := exit_signal, target := T, reason := R}) ->
    catch exit(real(T), parse(R)),
    ok;
perform(#{type := send_after, target := T, text := Text, delay := Ms, tag := Tag}) ->
    put({timer, Tag}, erlang:send_after(Ms, oracle_log:pid(T), {text, self(), Text})),
    ok;
perform(#{type := cancel_timer, tag := Tag}) ->
    case erlang:cancel_timer(get({timer, Tag})) of false -> false; _ -> true end;
perform(#{type := register, name := Name}) ->
    try register(Name, self()), ok catch error:badarg -> name_taken end;
perform(#{type := unregister, name := Name}) ->
    try unregister(Name), ok catch error:badarg -> noname end;
perform(#{type := leave, reason := normal}) -> throw(leave);
perform(#{type := leave, reason := crash}) -> erlang:error(boom);
perform(#{type := leave, reason := R}) -> exit(parse(R)).

real(T) ->
    case oracle_log:pid(T) of
        Name when is_atom(Name) -> whereis(Name);
        Pid -> Pid
    end.

%% A plain process outside the tree.
observer(#{id := Id, trap_exit := Trap, mode := Mode, name := Name}) ->
    process_flag(trap_exit, Trap),
    Inc = oracle_log:born(Id, observer),
    Name =:= none orelse register(Name, self()),
    try loop(Mode, Id, Inc) catch throw:leave -> ok end.

loop(Mode, Id, Inc) ->
    receive
        {do, _, #{type := take, match := Match}} ->
            take(Match, Id, Inc),
            loop(Mode, Id, Inc);
        {do, N, Step} ->
            oracle_log:event([result, N, perform(Step)]),
            loop(Mode, Id, Inc);
        Message when Mode =:= eager ->
            heard(Message, Id, Inc),
            loop(Mode, Id, Inc)
    end.

take('*', Id, Inc) ->
    receive
        {do, _, _} = Do -> self() ! Do;
        Message -> heard(Message, Id, Inc), take('*', Id, Inc)
    after 0 -> ok
    end;
take('DOWN', Id, Inc) -> receive {'DOWN', _, _, _, _} = M -> heard(M, Id, Inc) end;
take('EXIT', Id, Inc) -> receive {'EXIT', _, _} = M -> heard(M, Id, Inc) end;
take(Text, Id, Inc) -> receive {text, _, Text} = M -> heard(M, Id, Inc) end.

heard(Message, Id, Inc) ->
    {From, Text} = describe(Message),
    oracle_log:event([message, Id, Inc, From, Text]).
