%% The supervisors of the workloads.
-module(otp_bench_sup).
-behaviour(supervisor).
-export([pool/0, phoenixes/4, tree/3, stop/1]).
-export([init/1]).

pool() -> supervisor:start_link(?MODULE, pool).
phoenixes(Strategy, Children, Starts, Nonce) ->
    supervisor:start_link(?MODULE, {phoenixes, Strategy, Children, Starts, Nonce}).
tree(Depth, Fan, Stamps) -> supervisor:start_link(?MODULE, {tree, Depth, Fan, Stamps}).

stop(Supervisor) ->
    unlink(Supervisor),
    Monitor = monitor(process, Supervisor),
    exit(Supervisor, shutdown),
    receive {'DOWN', Monitor, process, Supervisor, _} -> ok end.

init(pool) ->
    {ok, {#{strategy => simple_one_for_one},
          [#{id => idle, start => {otp_bench_server, start_idle, []}}]}};
init({phoenixes, Strategy, Children, Starts, Nonce}) ->
    Names = [list_to_atom("w" ++ integer_to_list(I)) || I <- lists:seq(0, Children - 1)],
    {ok, {#{strategy => Strategy, intensity => 1000000000, period => 1},
          [#{id => Name, start => {otp_bench_server, start_phoenix, [Name, Starts, Nonce]}}
           || Name <- Names]}};
init({tree, 1, Fan, Stamps}) ->
    {ok, {#{}, [#{id => I, start => {otp_bench_server, start_leaf, [Stamps]}} || I <- lists:seq(1, Fan)]}};
init({tree, Depth, Fan, Stamps}) ->
    {ok, {#{}, [#{id => I, start => {?MODULE, tree, [Depth - 1, Fan, Stamps]}, type => supervisor}
                || I <- lists:seq(1, Fan)]}}.
