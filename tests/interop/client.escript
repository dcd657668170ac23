#!/usr/bin/env escript
%% -*- erlang -*-
%% SPDX-License-Identifier: BSD-3-Clause
%% Erlang/OTP's ssl as client.c is with the C libraries: the same options, the same report. It has
%% the suites of ECDHE_PSK that C libraries lack, and no extended master secret. It resumes nothing:
%% with DTLS, OTP 25 offers a session's id to no server.
-mode(compile).

main(Arguments) ->
    {ok, _} = application:ensure_all_started(ssl),
    logger:set_primary_config(level, none),
    {Options, [Address, Port, File]} = options(Arguments, #{}),
    {ok, Request} = file:read_file(File),
    session(Options, Address, Port, Request).

options(["--no-ems" | Rest], Options) ->
    options(Rest, Options);
options(["--" ++ Name, Value | Rest], Options) ->
    options(Rest, Options#{list_to_atom(Name) => Value});
options(Rest, Options) ->
    {Options, Rest}.

session(Options, Address, Port, Request) ->
    {ok, To} = inet:parse_address(Address),
    Wanted = lists:flatmap(fun wanted/1, maps:to_list(Options)),
    Always = [binary, {active, false}, {protocol, dtls}, {versions, ['dtlsv1.2']} | verification(Options)],
    Socket = case ssl:connect(To, list_to_integer(Port), Always ++ Wanted, 10000) of
        {ok, Connected} -> Connected;
        {error, Why} -> failed(Why)
    end,
    report(Options, Socket),
    ok = ssl:send(Socket, Request),
    <<1:2, 0:2, Token_len:4, _Method, Id:16, Token:Token_len/binary, _/binary>> = Request,
    case ssl:recv(Socket, 0, 5000) of
        {ok, <<1:2, 2:2, Token_len:4, 2:3, 4:5, Id:16, Token:Token_len/binary, _/binary>>} ->
            io:format("answer: 2.04~n");
        Else -> failed(Else)
    end,
    ssl:close(Socket).

wanted({suite, Name}) -> [{ciphers, [ssl:str_to_suite(Name)]}];
wanted({psk, Text}) ->
    [Identity, Hex] = string:split(Text, ":", trailing),
    Find = fun(psk, _Hint, Key) -> {ok, Key} end,
    [{psk_identity, Identity}, {user_lookup_fun, {Find, binary:decode_hex(list_to_binary(Hex))}}];
wanted({ca, File}) -> [{cacertfile, File}];
wanted({cert, File}) -> [{certfile, File}];
wanted({key, File}) -> [{keyfile, File}];
wanted({'server-name', Name}) -> [{server_name_indication, Name}];
wanted({group, Name}) -> [{eccs, [list_to_atom(Name) | [secp256r1 || Name =/= "secp256r1"]]}];
wanted({'max-fragment', Len}) -> [{max_fragment_length, list_to_integer(Len)}].

verification(#{'server-name' := _}) -> [{verify, verify_peer}];
verification(#{ca := _}) -> [{verify, verify_peer}, {server_name_indication, disable}];
verification(_) -> [{verify, verify_none}].

report(#{suite := Wanted}, Socket) ->
    {ok, Facts} = ssl:connection_information(Socket),
    Suite = ssl:suite_to_str(proplists:get_value(selected_cipher_suite, Facts)),
    Group = case proplists:get_value(ecc, Facts) of {named_curve, Name} -> Name; _ -> "" end,
    io:format("suite: ~s~ngroup: ~s~nresumed: no~n", [Suite, Group]),
    if
        Suite =/= Wanted -> failed({negotiated, Suite});
        true -> ok
    end.

failed(Why) ->
    io:format(standard_error, "erlang: ~p~n", [Why]),
    halt(1).
