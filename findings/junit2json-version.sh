#!/usr/bin/env bash
# Software: junit2json 4.0.0 (npm).
#
# Behaviour: every attribute of the XML that looks like a number becomes one, the names as well: a test
# case called "3.10" is called 3.1 afterwards, "1e3" is 1 and a failure's message "007" is 7. The
# module's TypeScript types declare these members as strings.
#
# Expected: time and the counts are numbers. Names, classes, messages and properties are text, as their
# types say.
#
# Hurt: matrices whose cases are named after versions, VLANs, rates or ports: "3.1" and "3.10" become one
# case, and name.startsWith(...) throws for some cases only.
#
# Source: none found. The README does not mention it.
#
# Seen: as in the last lines of this file.

. "${0%/*}/common.sh"
mkdir "$work/npm"
cd "$work/npm"
npm install --silent --no-audit --no-fund --prefix . junit2json@4.0.0 >/dev/null
cat >main.mjs <<'END'
import { parse } from "junit2json";

const suites = await parse(`<testsuites><testsuite name="iperf">
	<testcase name="3.1" classname="1e3" time="1.5"/>
	<testcase name="3.10" classname="vlan10" time="1.5"><failure message="007"/></testcase>
</testsuite></testsuites>`);
for (const c of suites.testsuite[0].testcase) {
	console.log("read:", JSON.stringify(c));
}
END
while IFS= read -r line; do note "$line"; done < <(node main.mjs)
types=$(grep -h -rA6 '^export type TestCase = {' --include='*.d.ts' node_modules/junit2json | head -7)
note "types: $(echo "$types" | grep -oE '\b(name|classname)\?: [a-z]+' | sort | xargs)"

same <<'END'
read: {"name":3.1,"classname":1,"time":1.5}
read: {"name":3.1,"classname":"vlan10","time":1.5,"failure":[{"message":7}]}
types: classname?: string name?: string
END
