%% The supervisors of a scenario.
-module(oracle_sup).
-behaviour(supervisor).
-export([start_link/1, init/1, child/1]).

start_link(#{name := none} = Spec) -> supervisor:start_link(?MODULE, Spec);
start_link(#{name := Name} = Spec) -> supervisor:start_link({local, Name}, ?MODULE, Spec).

init(#{type := sup, id := Id, strategy := Strategy, max_restarts := N, max_seconds := T,
       auto_shutdown := Auto, children := Children}) ->
    oracle_log:born(Id, sup),
    {ok, {#{strategy => Strategy, intensity => N, period => T, auto_shutdown => Auto},
          [child(C) || C <- Children]}};
init(#{type := dyn, id := Id, max_restarts := N, max_seconds := T,
       child_restart := Restart, child_shutdown := Shutdown}) ->
    oracle_log:born(Id, dyn),
    Template = #{id => Id, start => {oracle_worker, start_link, []}, restart => Restart, shutdown => Shutdown},
    {ok, {#{strategy => simple_one_for_one, intensity => N, period => T}, [Template]}}.

child(#{type := worker, id := Id, restart := R, shutdown := S, significant := G} = Spec) ->
    #{id => Id, start => {oracle_worker, start_link, [Spec]}, restart => R, shutdown => S, significant => G};
child(#{id := Id, restart := R, significant := G} = Spec) ->
    #{id => Id, start => {?MODULE, start_link, [Spec]}, restart => R, shutdown => infinity,
      significant => G, type => supervisor}.
