%% The servers of the workloads.
-module(otp_bench_server).
-behaviour(gen_server).
-export([start_link/1, start_link/2, start_link_onward/2, start_idle/1, start_phoenix/3, start_leaf/1]).
-export([init/1, handle_call/3, handle_cast/2, terminate/2]).

start_link(Name, Nonce) -> gen_server:start_link({local, Name}, ?MODULE, {counter, Nonce}, []).
start_link(Nonce) -> gen_server:start_link(?MODULE, {counter, Nonce}, []).
start_link_onward(Nonce, Onward) -> gen_server:start_link(?MODULE, {onward, Nonce, Onward}, []).
start_idle(Answer) -> gen_server:start_link(?MODULE, {idle, Answer}, []).
start_phoenix(Name, Starts, Nonce) ->
    gen_server:start_link({local, Name}, ?MODULE, {phoenix, Name, Starts, Nonce}, []).
start_leaf(Stamps) -> gen_server:start_link(?MODULE, {leaf, Stamps}, []).

init({counter, Nonce}) -> {ok, {counter, Nonce, 0, 0}};
init({onward, Nonce, Onward}) -> {ok, {onward, Nonce, Onward}};
init({idle, Answer}) -> {ok, Answer};
init({phoenix, w0, Starts, Nonce}) ->
    counters:add(Starts, 1, 1),
    {ok, Nonce + counters:get(Starts, 1) - 1};
init({phoenix, _, _, Nonce}) ->
    {ok, Nonce};
init({leaf, Stamps}) ->
    process_flag(trap_exit, true),
    Stamp = counters:get(Stamps, 1),
    counters:add(Stamps, 1, 1),
    {ok, {leaf, Stamp, Stamps}}.

handle_call({echo, Value}, _, {counter, Nonce, Count, Total}) ->
    {reply, Value + Nonce, {counter, Nonce, Count + 1, Total}};
handle_call({take, Value}, _, {counter, Nonce, Count, Total}) ->
    {reply, Value, {counter, Nonce, Count + 1, Total + Value}};
handle_call(totals, _, {counter, _, Count, Total} = State) ->
    {reply, {Count, Total}, State};
handle_call({forward, Value}, _, {onward, Nonce, none} = State) ->
    {reply, Value + Nonce, State};
handle_call({forward, Value}, _, {onward, _, Onward} = State) ->
    {reply, gen_server:call(Onward, {forward, Value + 1}, 30000), State};
handle_call(boom, _, _) ->
    error(boom);
handle_call(_, _, Answer) ->
    {reply, Answer, Answer}.

handle_cast({add, By}, {counter, Nonce, Count, Total}) ->
    {noreply, {counter, Nonce, Count + 1, Total + By}}.

terminate(_, {leaf, Stamp, Stamps}) ->
    counters:add(Stamps, 3, counters:get(Stamps, 2) * Stamp),
    counters:add(Stamps, 2, 1);
terminate(_, _) ->
    ok.
