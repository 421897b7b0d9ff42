%% The workers of a scenario: a gen_server, or a plain process when the spec says so.
-module(oracle_worker).
-behaviour(gen_server).
-export([start_link/1, init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2, terminate/2]).
-export([init_plain/1]).

start_link(#{plain := true} = Spec) -> proc_lib:start_link(?MODULE, init_plain, [Spec]);
start_link(#{name := none} = Spec) -> gen_server:start_link(?MODULE, Spec, []);
start_link(#{name := Name} = Spec) -> gen_server:start_link({local, Name}, ?MODULE, Spec, []).

init(#{id := Id, trap_exit := Trap, init := Plan} = Spec) ->
    process_flag(trap_exit, Trap),
    Inc = oracle_log:born(Id, worker),
    State = #{spec => Spec, inc => Inc, waiting => []},
    case plan(Inc, Plan) of
        ok -> {ok, State};
        crash -> erlang:error(boom);
        ignore -> ignore;
        continue -> {ok, State, {continue, ok}};
        continue_crash -> {ok, State, {continue, crash}};
        Other -> {stop, oracle_acts:parse(tail(Other))}
    end.

plan(Inc, Plan) when Inc =< length(Plan) -> lists:nth(Inc, Plan);
plan(_, _) -> ok.

tail(Act) ->
    [_, Rest] = string:split(atom_to_list(Act), ":"),
    list_to_atom(Rest).

handle_continue(What, State) ->
    note(continue, [What], State),
    case What of
        crash -> erlang:error(boom);
        ok -> {noreply, State}
    end.

handle_call(ping, _, State) -> {reply, pong, heard(<<"driver">>, ping, State)};
handle_call(crash, _, _) -> erlang:error(boom);
handle_call(defer, From, #{waiting := W} = State) -> {noreply, State#{waiting := W ++ [From]}};
handle_call(kill_self, _, _) -> exit(self(), kill), receive never -> ok end;
handle_call(Act, _, State) ->
    case string:split(atom_to_list(Act), ":") of
        ["stop", R] -> {stop, oracle_acts:parse(list_to_atom(R)), stopping, State};
        ["stop_noreply", R] -> {stop, oracle_acts:parse(list_to_atom(R)), State}
    end.

handle_cast(ping, State) -> {noreply, heard(<<"driver">>, ping, State)};
handle_cast(crash, _) -> erlang:error(boom);
handle_cast(reply, #{waiting := W} = State) ->
    [gen_server:reply(From, late) || From <- W],
    {noreply, State#{waiting := []}};
handle_cast(Act, State) ->
    case string:split(atom_to_list(Act), ":") of
        ["stop", R] -> {stop, oracle_acts:parse(list_to_atom(R)), State};
        ["call", Rest] ->
            [Target, Inner] = string:split(Rest, ":"),
            Reply = gen_server:call(oracle_log:pid(list_to_atom(Target)), list_to_atom(Inner)),
            note(called, [Reply], State),
            {noreply, State}
    end.

handle_info({do, N, Step}, State) ->
    oracle_log:event([result, N, oracle_acts:perform(Step)]),
    {noreply, State};
handle_info(Message, State) ->
    {From, Text} = oracle_acts:describe(Message),
    {noreply, heard(From, Text, State)}.

terminate(Reason, #{spec := #{terminate := Plan}} = State) ->
    note(terminate, [oracle_log:reason(Reason)], State),
    case Plan of
        ok -> ok;
        crash -> erlang:error(boom_in_terminate);
        hang when Reason =:= shutdown -> oracle_log:busy(self()), receive never -> ok end;
        hang -> ok
    end.

note(Kind, Rest, #{spec := #{id := Id}, inc := Inc}) -> oracle_log:event([Kind, Id, Inc | Rest]).

heard(From, Text, State) ->
    note(message, [From, Text], State),
    State.

%% A plain process as a child.
init_plain(#{id := Id, trap_exit := Trap, name := Name} = Spec) ->
    process_flag(trap_exit, Trap),
    Inc = oracle_log:born(Id, worker),
    case Name of none -> ok; _ -> register(Name, self()) end,
    [Parent | _] = get('$ancestors'),
    proc_lib:init_ack({ok, self()}),
    plain(#{spec => Spec, inc => Inc, parent => Parent}).

plain(#{parent := Parent, spec := #{terminate := Plan}} = State) ->
    receive
        {do, N, Step} ->
            oracle_log:event([result, N, oracle_acts:perform(Step)]),
            plain(State);
        {'$gen_cast', ping} -> plain(heard(<<"driver">>, ping, State));
        {'$gen_cast', crash} -> erlang:error(boom);
        {'$gen_cast', Act} -> exit(oracle_acts:parse(tail(Act)));
        {'EXIT', Parent, Reason} when Plan =:= hang ->
            heard(<<"parent">>, iolist_to_binary(["EXIT ", oracle_log:reason(Reason)]), State),
            oracle_log:busy(self()),
            receive never -> ok end;
        {'EXIT', Parent, Reason} ->
            heard(<<"parent">>, iolist_to_binary(["EXIT ", oracle_log:reason(Reason)]), State),
            exit(Reason);
        Message ->
            {From, Text} = oracle_acts:describe(Message),
            plain(heard(From, Text, State))
    end.
