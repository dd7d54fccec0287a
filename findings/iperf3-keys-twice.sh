#!/usr/bin/env bash
# Software: iperf3 3.12 (Debian 12) with github.com/go-json-experiment/json (encoding/json/v2),
# compared with encoding/json of Go.
#
# Behaviour: the JSON document of a test with several streams or directions of UDP or --bidir names
# "sock_bufsize", "sndbuf_actual" and "rcvbuf_actual" once for each stream in the same object. json/v2
# refuses the document: an object with a member twice is an error unless AllowDuplicateNames is set.
#
# Expected: what encoding/json, Python and jq have read for years is read by encoding/json/v2 as well.
#
# Hurt: programs that move to encoding/json/v2 or to another strict parser. A test of one stream of TCP,
# which is what tests of a parser have, shows nothing.
#
# Source: esnet/iperf#856 (3.6 and later, open), mended by esnet/iperf#1492. The documentation of json/v2 lists
# duplicate names among the differences.
#
# Seen: one TCP stream was read by both, the rest by encoding/json alone.

. "${0%/*}/common.sh"
deb bookworm iperf3=3.12-1+deb12u2 libiperf0=3.12-1+deb12u2
namespaces
mkdir "$work/go"
cat >"$work/go/main.go" <<'END'
package main

import (
	v1 "encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func main() {
	b, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	var v any
	fmt.Println("encoding/json:", v1.Unmarshal(b, &v))
	err = json.Unmarshal(b, &v)
	var s *jsontext.SyntacticError
	if errors.As(err, &s) {
		err = fmt.Errorf("%v at %s", s.Err, s.JSONPointer)
	}
	fmt.Println("encoding/json/v2:", err)
}
END
module "$work/go" github.com/go-json-experiment/json@v0.0.0-20251027170946-4849db3c2f7e
start server "$b" "$work/bookworm/run/iperf3" -s
listening "$b" tcp 5201
for options in "-P 1" "--bidir" "-u -P 2"; do
	# shellcheck disable=SC2086
	at "$a" "$work/bookworm/run/iperf3" -c 10.9.0.2 -t 1 -J $options >"$work/json"
	while IFS= read -r line; do note "-J $options, $line"; done < <("$work/go/main" <"$work/json")
done

same <<'END'
-J -P 1, encoding/json: <nil>
-J -P 1, encoding/json/v2: <nil>
-J --bidir, encoding/json: <nil>
-J --bidir, encoding/json/v2: duplicate object member name at /start/sock_bufsize
-J -u -P 2, encoding/json: <nil>
-J -u -P 2, encoding/json/v2: duplicate object member name at /start/sock_bufsize
END
