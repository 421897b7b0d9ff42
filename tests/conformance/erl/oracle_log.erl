%% The record of one scenario: who is in which slot, what happened in which order.
-module(oracle_log).
-export([start/0, reset/0, born/2, event/1, events/0, count/0, who/1, pid/1, slot/1, kind/1,
         supervisors/0, busy/1, busy/0, unseen/0, reason/1, json/1]).

start() ->
    ets:new(?MODULE, [named_table, public, ordered_set]),
    ets:new(oracle_slots, [named_table, public, set]),
    Watcher = spawn(fun() -> watcher(#{}) end),
    register(oracle_watcher, Watcher),
    reset().

reset() ->
    ets:delete_all_objects(?MODULE),
    ets:delete_all_objects(oracle_slots),
    ets:insert(oracle_slots, [{count, 0}, {unseen, 0}]),
    ok.

%% Called by a process at its start, before anything else. Returns its incarnation.
born(Slot, Kind) ->
    Inc = ets:update_counter(oracle_slots, {inc, Slot}, 1, {{inc, Slot}, 0}),
    ets:insert(oracle_slots, [{{who, self()}, Slot, Inc, Kind}, {{pid, Slot, Inc}, self()}]),
    ets:update_counter(oracle_slots, unseen, 1),
    Ref = make_ref(),
    oracle_watcher ! {watch, self(), Slot, Inc, Ref},
    receive Ref -> ok end,
    event([init, Slot, Inc]),
    Inc.

%% Born, dead, and the end not recorded yet.
unseen() -> ets:lookup_element(oracle_slots, unseen, 2) - alive().

alive() -> length([P || {{who, P}, _, _, _} <- ets:tab2list(oracle_slots), is_process_alive(P)]).

event(Event) ->
    N = ets:update_counter(oracle_slots, count, 1),
    ets:insert(?MODULE, {N, Event}),
    ok.

events() -> [E || {_, E} <- ets:tab2list(?MODULE)].

count() -> ets:lookup_element(oracle_slots, count, 2).

%% "a#2", or "driver" for everybody else.
who(Pid) when is_pid(Pid) ->
    case ets:lookup(oracle_slots, {who, Pid}) of
        [{_, Slot, Inc, _}] -> label(Slot, Inc);
        [] -> <<"driver">>
    end;
who({Name, Node}) when Node =:= node() -> who(Name);
who(Name) when is_atom(Name) -> iolist_to_binary(["@", atom_to_list(Name)]).

label(Slot, Inc) -> iolist_to_binary([atom_to_list(Slot), "#", integer_to_list(Inc)]).

%% A target: 'a', 'a#1', '@name'. Names stay names.
pid(Target) ->
    case atom_to_list(Target) of
        "@" ++ Name -> list_to_atom(Name);
        Text ->
            case string:split(Text, "#") of
                [Slot, Inc] -> lookup(list_to_atom(Slot), list_to_integer(Inc));
                [_] ->
                    case ets:lookup(oracle_slots, {inc, Target}) of
                        [{_, Inc}] -> lookup(Target, Inc);
                        [] -> none
                    end
            end
    end.

lookup(Slot, Inc) ->
    case ets:lookup(oracle_slots, {pid, Slot, Inc}) of
        [{_, Pid}] -> Pid;
        [] -> none
    end.

slot(Pid) -> [{_, Slot, _, _}] = ets:lookup(oracle_slots, {who, Pid}), Slot.
kind(Pid) -> case ets:lookup(oracle_slots, {who, Pid}) of [{_, _, _, Kind}] -> Kind; [] -> none end.

%% The living supervisors, oldest first.
supervisors() ->
    lists:sort([Pid || {{who, Pid}, _, _, Kind} <- ets:tab2list(oracle_slots),
                       Kind =:= sup orelse Kind =:= dyn, is_process_alive(Pid)]).

%% A process that hangs on purpose: the scenario is not settled while it lives.
busy(Pid) -> ets:insert(oracle_slots, {{busy, Pid}}).

busy() -> [Pid || {{busy, Pid}} <- ets:tab2list(oracle_slots), is_process_alive(Pid)].

watcher(Known) ->
    receive
        {watch, Pid, Slot, Inc, Ref} ->
            Monitor = erlang:monitor(process, Pid),
            Pid ! Ref,
            watcher(Known#{Monitor => {Slot, Inc}});
        {'DOWN', Monitor, process, _, Reason} ->
            #{Monitor := {Slot, Inc}} = Known,
            event([exit, Slot, Inc, reason(Reason)]),
            ets:update_counter(oracle_slots, unseen, -1),
            watcher(maps:remove(Monitor, Known))
    end.

%% The classes of reasons.py.
reason(normal) -> <<"normal">>;
reason(shutdown) -> <<"shutdown">>;
reason(killed) -> <<"killed">>;
reason(kill) -> <<"kill">>;
reason(noproc) -> <<"noproc">>;
reason({shutdown, {failed_to_start_child, _, _}}) -> <<"start_failed">>;
reason({shutdown, Detail}) when is_atom(Detail) -> iolist_to_binary(["shutdown:", atom_to_list(Detail)]);
reason({other, Detail}) when is_atom(Detail) -> iolist_to_binary(["other:", atom_to_list(Detail)]);
reason({already_started, _}) -> <<"name_taken">>;
reason({_, {gen_server, call, _}}) -> <<"call_failed">>;
reason({_, [{_, _, _, _} | _]}) -> <<"crash">>;
reason({_, [{_, _, _} | _]}) -> <<"crash">>;
reason({{bad_return_value, _}, _}) -> <<"crash">>;
reason(Other) -> iolist_to_binary(io_lib:format("unknown:~0p", [Other])).

%% Just enough JSON: atoms and binaries are texts, lists are lists.
json(true) -> "true";
json(false) -> "false";
json(X) when is_integer(X) -> integer_to_list(X);
json(X) when is_atom(X) -> json(atom_to_binary(X));
json(X) when is_binary(X) -> [$", escape(binary_to_list(X)), $"];
json(X) when is_list(X) -> [$[, lists:join($,, [json(E) || E <- X]), $]];
json(X) when is_map(X) ->
    [${, lists:join($,, [[json(K), $:, json(V)] || {K, V} <- lists:sort(maps:to_list(X))]), $}].

escape([]) -> [];
escape([$" | T]) -> [$\\, $" | escape(T)];
escape([$\\ | T]) -> [$\\, $\\ | escape(T)];
escape([C | T]) when C < 32 -> [$\s | escape(T)];
escape([C | T]) -> [C | escape(T)].
