#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# One order, every door: gateways of four states on loopback, each with only its
# own keys. A coast guard desk opens a Colombian report by each way there is; one
# order is signed; the same ways again. Everything is an exercise.
#
#   usage: doors.sh [--keep DIR] [--stay]        PROVISO, PROVISOD: the tool and the daemon
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
proviso=${PROVISO:-proviso}
provisod=${PROVISOD:-provisod}
keep='' stay=''
while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=${2:?"--keep DIR"}; shift 2 ;;
	--stay) stay=yes; shift ;;
	*) echo "usage: doors.sh [--keep DIR] [--stay]" >&2; exit 2 ;;
	esac
done
invoked=$PWD
if [ -n "$keep" ]; then
	mkdir -p "$keep"
	dir=$(cd "$keep" && pwd)
	[ -z "$(ls -A "$dir")" ] || { echo "demo: $dir is not empty; choose another place" >&2; exit 2; }
else
	dir=$(mktemp -d "${TMPDIR:-/tmp}/proviso-doors.XXXXXX")
fi
pids=()
# shellcheck disable=SC2317  # called by the trap
end_all() {
	local pid
	for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	[ -n "$keep" ] || rm -rf "$dir"
}
trap end_all EXIT
trap 'exit 130' INT TERM
unset PROVISO_HOME PROVISO_GATEWAY PROVISO_TOKEN PROVISO_CA PROVISO_PASSPHRASE_FILE PROVISO_PASSPHRASES

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
start=$SECONDS
breath() { [ ! -t 1 ] || sleep "$1"; }
chapter() { breath 1; printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; shift; [ $# -eq 0 ] || printf '   %s\n' "$@"; }
die() { echo "demo: $*" >&2; exit 70; }

# ---- agencies ----

declare -A party url pin token
# at AGENCY COMMAND...: the tool on that agency's home, as its officers use it
at() { local agency=$1; shift; (cd "$dir/files" && PROVISO_HOME=$dir/$agency "$proviso" "$@"); }
# via AGENCY COMMAND...: the tool on that agency's gateway, as an analyst uses it
via() {
	local agency=$1
	shift
	(cd "$dir/files" && PROVISO_TOKEN=${token[$agency]} "$proviso" --gateway "${url[$agency]}" --ca "$dir/$agency/tls/cert.pem" "$@")
}
# shown AGENCY COMMAND...: the same, with the line as it is typed
shown() {
	local agency=$1 words=() word
	shift
	for word in "$@"; do case $word in *' '*) words+=("'$word'") ;; *) words+=("$word") ;; esac; done
	printf '\n%s%s$ proviso %s%s\n' "$bold" "$agency" "${words[*]}" "$plain"
	breath 0.5
	via "$agency" "$@"
}
words_of() { sed -n 's/^Read to the partner: *\([a-z]*\).*/\1/p' "$dir/files/$1.words"; }

# make AGENCY PARTY: its home, with keys of its own
make() {
	party[$1]=$2
	"$proviso" --home "$dir/$1" init --party "$2" --profile tight --exercise --no-passphrase >"$dir/files/$1.init"
	at "$1" card -o "$1.card" >"$dir/files/$1.words" 2>&1
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
# serve AGENCY: its gateway, on a free port of loopback; Colombia's has a mail door too
serve() {
	local agency=$1 line='' port
	port=$(free_port)
	url[$agency]=https://127.0.0.1:$port
	# what is sealed from now on says where its key is asked for
	sed -i "s|\"kas_url\":\"[^\"]*\"|\"kas_url\":\"${url[$agency]}/kas\"|" "$dir/$agency/home.json"
	printf 'home = "%s";\nlisten = "127.0.0.1:%s";\nurl = "%s";\nlog: { form = "json"; };\n' "$dir/$agency" "$port" "${url[$agency]}" >"$dir/$agency.conf"
	if [ "$agency" = co ]; then
		mail_door=127.0.0.1:$(free_port)
		printf 'doors: { policy = "%s"; };\n' "$mail_door" >>"$dir/$agency.conf"
	fi
	"$provisod" --config "$dir/$agency.conf" 2>"$dir/log/$agency" &
	pids+=($!)
	for _ in $(seq 200); do
		line=$(grep -m1 '"event":"listening"' "$dir/log/$agency" || true)
		[ -z "$line" ] || break
		sleep 0.05
	done
	[ -n "$line" ] || { cat "$dir/log/$agency" >&2; die "the gateway of $agency did not start"; }
	line=${line#*'"sha256":"'}
	pin[$agency]=${line%%\"*}
}

# record AGENCY MEMBERS: one record, its common members filled in
record() { printf '{"basis":[],"exercise":true,%s}\n' "$2" >"$dir/files/record.jsonl"; at "$1" apply record.jsonl >/dev/null; }
# knows A B: A's log says where B's gateway is and by which certificate it is known
knows() {
	record "$1" "\"record\":\"key\",\"id\":\"gateway-of-$2\",\"party\":\"${party[$2]}\",\"use\":\"tls\",\"key\":\"${pin[$2]}\",\"binding\":\"${url[$2]}\",\"from\":\"2024-01-01T00:00:00Z\""
}

mkdir -p "$dir/files" "$dir/log"
cp "$here"/reports/* "$dir/files/"
chapter "Gateways of four states, and a station" \
	"Each has its own order log, journal and keys, and its own certificate. There is no hub."
make co co; make us us; make ca ca; make uk uk
make station co.public-force.navy.intelligence.caribbean
for agency in co us ca uk; do at "$agency" apply "$here/$agency/10-parties.jsonl" >/dev/null; done
# who deals with whom: the station is Colombia's, and the coast guard asks it too
partners() { case $1 in station) echo co us ;; ca | uk) echo co us ca uk ;; *) echo co us ca uk station ;; esac; }
for name in co.public-force co.public-force.navy co.public-force.navy.intelligence co.public-force.navy.intelligence.caribbean; do
	record us "\"record\":\"party\",\"id\":\"party-$name\",\"name\":\"$name\",\"names\":{}"
done
for agency in co us ca uk station; do
	for other in $(partners $agency); do
		[ "$agency" = "$other" ] || at "$agency" peer add "$other.card" --confirm "$(words_of "$other")" >/dev/null
	done
done
at co apply "$here/co/20-agreements.jsonl" "$here/co/30-condition.jsonl" >/dev/null
at ca apply "$here/ca/20-agreements.jsonl" >/dev/null
record co '"record":"agreement","id":"a-0130","from":"co.public-force.navy.intelligence","to":"co.public-force.navy.intelligence.caribbean","topic":"narcotics.maritime","custody":true,"purposes":["law.interdict"],"not_before":"2024-02-01T09:00:00Z","obligations":[],"require":{}'
# who keeps a copy is told whom it may be given to
for holder in ca station; do at co export --for "${party[$holder]}" --include a-0114 -o "for-$holder.bundle" >/dev/null; done
for agency in co us ca uk station; do serve "$agency"; done
for agency in co us ca uk station; do
	for other in $(partners $agency); do [ "$agency" = "$other" ] || knows "$agency" "$other"; done
	printf '   %-8s %s\n' "$agency" "${url[$agency]}"
done

# who works there: bindings stand in the order log, tokens are short and narrow
desk() { # AGENCY PARTY PURPOSE...
	local agency=$1 whose=$2 purposes=() purpose
	shift 2
	for purpose in "$@"; do purposes+=(--purpose "$purpose"); done
	at "$agency" key add --use credential --binding "desk.$whose" --party "$whose" --role analyst "${purposes[@]}" >/dev/null
	at "$agency" token new --party "$whose" --role analyst "${purposes[@]}" --person analyst --ttl 24h 2>/dev/null
}
token[us]=$(desk us us.coast-guard law.interdict force.lethal)
token[ca]=$(desk ca ca law.interdict)
token[station]=$(desk station co.public-force.navy.intelligence.caribbean law.interdict)
# what Colombia gives partners whose own software cannot speak for them: tokens and accounts of its gateway
coast_guard=$(desk co us.coast-guard law.interdict)
account() { at co account add "$1" --party "$2" --role analyst --purpose law.interdict 2>/dev/null; }
taxii_us=coast-guard:$(account coast-guard us.coast-guard)
taxii_co=navy:$(account navy co.public-force.navy.intelligence)
cat "$dir"/*/tls/cert.pem >"$dir/gateways.pem"
export PROVISO_CA=$dir/gateways.pem PYTHONDONTWRITEBYTECODE=1

# ---- the doors ----

object=location--5d0c6a6e-7d0b-4a5d-9a0b-6f1d2f3c4b21
client() { (cd "$dir/files" && python3 "$here/doors.py" "$@" || true); }
# tool AGENCY FILE PURPOSE [OPTION...]: a person opens a sealed file; the answer in one line
tool() {
	local agency=$1 file=$2 purpose=$3 said status=0
	shift 3
	rm -f "$dir/files/opened"
	said=$(via "$agency" open "$file" --purpose "$purpose" -o opened "$@" 2>&1) || status=$?
	if [ "$status" = 0 ]; then printf 'open     %s bytes\n' "$(wc -c <"$dir/files/opened")"
	else printf 'refused  %s\n' "$(head -1 <<<"$said" | sed 's/^Refused[:.] //; s/ Nothing was opened[.]$//; s/[.]$//')"; fi
}
# door WORDS ANSWER: one line of the table; what it should be is checked
wanted='' wrong=0
door() {
	printf '   %-45s %s\n' "$1" "$2"
	[ "${2%% *}" = "$wanted" ] || { wrong=$((wrong + 1)); printf '   %-45s %s\n' '' "^ this should have been: $wanted"; }
}
every_door() {
	wanted=$1
	echo
	door "the coast guard's own desk, by the tool" "$(tool us brisa.tdf law.interdict)"
	door "Canada, which holds a copy in custody" "$(tool us brisa.tdf law.interdict --of ca/orders)"
	[ "$wanted" = refused ] || door "the Caribbean station, which holds one too" "$(tool us brisa.tdf law.interdict --of "${party[station]}/orders")"
	door "HTTP API, a program of the coast guard" "$(client api "${url[co]}" "$coast_guard" r-brisa law.interdict)"
	door "TAXII 2.1, a threat-intelligence client" "$(client taxii "${url[co]}" "$taxii_us" law.interdict $object)"
	door "OpenTDF, an SDK asks the key service" "$(client tdf "${url[co]}" "$coast_guard" brisa.tdf)"
	door "AuthZEN, an enforcement point asks" "$(client authzen "${url[co]}" "$coast_guard" us.coast-guard law.interdict r-brisa)"
	door "mail from the navy's analysts" "$(client mail "$mail_door" analyst@navy.example desk@coast-guard.example)"
}

chapter "A report, and who holds it" "A synthetic report on an invented vessel; the same matter as an object for TAXII clients."
at co share vessel-bundle.json --originator co.public-force.navy.intelligence --topic narcotics.maritime --region caribbean \
	--never force --releasable-to us,ca,uk.territories,co --aboard 3..5 --identified none --id r-brisa -o brisa.tdf >/dev/null
client push "${url[co]}" "$taxii_co" law.interdict topics.narcotics.maritime track.stix.json >/dev/null
for holder in ca station; do
	via $holder open brisa.tdf --purpose law.interdict --keep -o "$holder.json" >/dev/null
done
shown us open brisa.tdf --purpose law.interdict -o brisa.json

chapter "Every way there is, before the order"
every_door open

chapter "One order" "Colombia's, for all echelons, while the attacks continue. The station's cable is cut before it is given."
at station end gateway-of-co >/dev/null # it no longer knows where to ask; nobody can tell it of the order
cut=$(date +%s)
at co apply "$here/co/50-assessment.jsonl" >/dev/null
at co apply "$here/co/40-order.jsonl"
sleep 3
chapter "The same ways, three seconds later" "Partners' gateways ask for news every two seconds in this example."
every_door refused
printf '\n   The station was cut off before the order, and nobody can tell it. Its proof of the orders was good for ten\n   seconds; after them it refuses by itself.\n\n'
left=$((cut + 13 - $(date +%s)))
[ $left -le 0 ] || sleep $left
door "the Caribbean station, at its own desk" "$(tool station r-brisa law.interdict)"
door "the same, asked by the coast guard" "$(tool us brisa.tdf law.interdict --of "${party[station]}/orders")"

chapter "Canada excludes one use" "It goes on sharing for law enforcement; what it shares must not serve strikes."
at ca apply "$here/ca/40-order.jsonl"
at ca share assessment.pdf --topic narcotics.maritime --region caribbean --releasable-to us --id r-brief -o brief.tdf >/dev/null
wanted=open
door "interdiction" "$(tool us brief.tdf law.interdict)"
wanted=refused
door "a lethal strike" "$(tool us brief.tdf force.lethal)"

# attest PARTY STATUS [KEYS]: a statement on the condition, signed by officers of that attestor
attest() {
	at co condition attest strikes-caribbean "$2" --issuer "co.$1" --observed "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--source-who "co.$1 (exercise)" --source-status stated --key "${3:-$1-1.key,$1-2.key}" >/dev/null
	printf '   %s: %s\n' "co.$1" "$2"
}
for who in foreign-ministry justice-ministry; do
	for n in 1 2; do
		(cd "$dir/files" && "$proviso" key new "co.$who/attestor$n" --party "co.$who" --use attestor --no-passphrase -o "$who-$n.key" >"$who-$n.vkey")
		at co key add --party "co.$who" --use attestor \
			--key "$(grep -o "co.$who/attestor$n+[0-9a-f]\{8\}+[A-Za-z0-9+/=]*" "$dir/files/$who-$n.vkey" | head -1)" >/dev/null
	done
done
chapter "Two of three attest that the attacks have ended"
attest foreign-ministry ended
attest justice-ministry ended
sleep 3
wanted=open
door "the coast guard's own desk" "$(tool us brisa.tdf law.interdict)"
door "TAXII: what was withheld is offered again" "$(client taxii "${url[co]}" "$taxii_us" law.interdict $object)"
door "OpenTDF" "$(client tdf "${url[co]}" "$coast_guard" brisa.tdf)"
chapter "One says that they are back"
attest foreign-ministry holds foreign-ministry-1.key
sleep 1
every_door_but_copies() {
	wanted=refused
	door "the coast guard's own desk" "$(tool us brisa.tdf law.interdict)"
	door "TAXII" "$(client taxii "${url[co]}" "$taxii_us" law.interdict $object)"
	door "OpenTDF" "$(client tdf "${url[co]}" "$coast_guard" brisa.tdf)"
}
every_door_but_copies

chapter "Evidence" "The order's proof, from the register that anybody can read; then with one digit changed."
client fetch "${url[co]}" /register/register.json >"$dir/files/register.json"
index=$(grep -o '"index":[0-9]*' "$dir/files/register.json" | head -1 | cut -d: -f2)
client fetch "${url[co]}" "/log/orders/proof/$index.tlog-proof" >"$dir/files/o-0031.tlog-proof"
vkey=$(at co log key orders)
(cd "$dir/files" && "$proviso" log verify o-0031.tlog-proof --vkey "$vkey")
sed "s/^index $index\$/index $((index - 1))/" "$dir/files/o-0031.tlog-proof" >"$dir/files/edited.tlog-proof"
status=0
(cd "$dir/files" && "$proviso" log verify edited.tlog-proof --vkey "$vkey") || status=$?
[ "$status" -eq 4 ] || die "the edited proof was not found out (exit $status)"
printf '%s[exit %d]%s\n' "$dim" "$status" "$plain"

[ "$wrong" -eq 0 ] || die "$wrong answers were not what they should be"
chapter "That was one order, at every door, in $((SECONDS - start)) seconds"

# ---- for who wants to try a client of their own ----

[ -n "$stay" ] || exit 0
chapter "It goes on running" "On loopback, until this is ended (Ctrl-C). All of it is an exercise."

# Colombia's order is over, so that there is something to open
at co order lift o-0031 --confirm EXERCISE >/dev/null
# the coast guard gives, too: what its own log permits decides what its account may write
partner() { record "$1" "\"record\":\"agreement\",\"id\":\"$2\",\"from\":\"$3\",\"to\":\"$4\",\"topic\":\"$5\",\"purposes\":[\"law.interdict\"],\"not_before\":\"2024-02-01T09:00:00Z\",\"obligations\":[],\"require\":{}${6:-}"; }
partner us a-us-1 us.coast-guard co narcotics.maritime
partner us a-us-2 us.coast-guard co fisheries
partner co a-0201 co us.coast-guard narcotics.maritime
partner co a-0202 co us.coast-guard migration.maritime
attribute=https://co.example/attr/partner/value/coast-guard
partner co a-0203 co us.coast-guard narcotics ",\"attribute\":\"$attribute\""
# and what it may have for another purpose alone is no business of this root
record co '"record":"agreement","id":"a-0204","from":"co","to":"us.coast-guard","topic":"weapons","purposes":["law.investigate"],"not_before":"2024-02-01T09:00:00Z","obligations":[],"require":{}'
partner co a-0205 co ca narcotics.maritime
taxii_ca=canada:$(account canada ca)

text='A synthetic note on an invented vessel.'
printf '%s' "$text" >"$dir/files/sample.txt"
for form in sample hex; do
	option=()
	[ $form = sample ] || option=(--tdf-4.2.2)
	at co share sample.txt --originator co.public-force.navy.intelligence --topic narcotics.maritime --region caribbean --never force \
		--releasable-to us --id "r-$form" -o "$form.tdf" "${option[@]}" >/dev/null
done
other=$(desk co uk.territories law.monitor)
at co key add --use credential --binding desk.co --party co --role analyst,officer,overseer,operator >/dev/null
mint() { at co token new --party co --role "$1" --person "$1" --ttl 24h 2>/dev/null; }
mint analyst >"$dir/co.token"
chmod 600 "$dir/co.token"
overseer=$(mint overseer)
cat >"$dir/halt" <<-EOF
	#!/bin/sh
	# Colombia stops sharing with the coast guard: one order, signed by two officers.
	exec '$proviso' --home '$dir/co' order suspend --subject co --counterpart us.coast-guard --direction both --text 'en=Exercise: stop.' --confirm EXERCISE "\$@"
EOF
cat >"$dir/resume" <<-EOF
	#!/bin/sh
	# Lifts every order that stands between the two.
	for id in \$('$proviso' --home '$dir/co' order list --json | sed -n 's/.*"id":"\\(o-[0-9]*\\)".*"in_force":true.*/\\1/p'); do
	  '$proviso' --home '$dir/co' order lift "\$id" --reopen release --confirm EXERCISE || exit 1
	done
EOF
chmod +x "$dir/halt" "$dir/resume"

# a tenant of its own for the certification scenario of AuthZEN: its answers come from records alone
make cert cert
at cert apply "$here/../authzen/records.jsonl" >/dev/null
for n in 1:active 2:archived; do
	echo "This is record-${n%%:*}." >"$dir/files/record.txt"
	at cert share record.txt --id "record-${n%%:*}" --topic "${n#*:}" --region caribbean --releasable-to cert.user,cert.role >/dev/null
done
serve cert
authzen=$(at cert token new --party cert --role officer --person pep --ttl 24h 2>/dev/null)
cat "$dir"/*/tls/cert.pem >"$dir/gateways.pem"

# the UK witnesses Colombia's logs
journal_vkey=$(at co log key journal)
record uk "\"record\":\"key\",\"id\":\"journal-of-co\",\"party\":\"co\",\"use\":\"signer\",\"key\":\"$journal_vkey\",\"from\":\"2024-01-01T00:00:00Z\""
record uk "\"record\":\"key\",\"id\":\"orders-of-co\",\"party\":\"co\",\"use\":\"signer\",\"key\":\"$vkey\",\"from\":\"2024-01-01T00:00:00Z\""
# Colombia's gateway has read what the coast guard's log says now
known() { at "$1" status | grep -o 'us/orders *log [0-9]*' | grep -o '[0-9]*$'; }
for _ in $(seq 100); do
	[ "$(known co)" != "$(known us)" ] || break
	sleep 0.1
done
[ "$(known co)" = "$(known us)" ] || die "Colombia's gateway does not follow the log of the United States"
witness_vkey=$(client fetch "${url[uk]}" /log/keys | sed 's/.*"witness_vkey":"\([^"]*\)".*/\1/')

env=$invoked/demo.env
quote() { printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}"; }
{
	echo "# What a client needs of the example that 'proviso demo --stay' runs. All of it is an exercise."
	quote PROVISO_URL "${url[co]}"
	quote PROVISO_CA "$dir/gateways.pem"
	quote TAXII_DISCOVERY "${url[co]}/taxii2/"
	quote TAXII_USER "${taxii_us%%:*}"
	quote TAXII_PASS "${taxii_us#*:}"
	quote TAXII_USER2 "${taxii_ca%%:*}"
	quote TAXII_PASS2 "${taxii_ca#*:}"
	quote KAS_URL "${url[co]}/kas"
	quote TDF_SAMPLE "$dir/files/sample.tdf"
	quote TDF_SAMPLE_HEX "$dir/files/hex.tdf"
	quote TDF_SAMPLE_TEXT "$text"
	quote TDF_TOKEN "$coast_guard"
	quote TDF_TOKEN_OTHER "$other"
	quote TDF_ATTRIBUTE "$attribute"
	echo "# \$TDF_REGISTER_CMD FILE"
	quote TDF_REGISTER_CMD "$proviso --gateway ${url[co]} --ca $dir/gateways.pem --token $dir/co.token tdf register --attribute $attribute"
	quote ORDER_LOG_URL "${url[co]}/log/orders"
	quote ORDER_LOG_VKEY "$vkey"
	quote JOURNAL_URL "${url[co]}/log/journal"
	quote JOURNAL_VKEY "$journal_vkey"
	quote WITNESS_URL "${url[uk]}/witness"
	quote WITNESS_VKEY "$witness_vkey"
	quote AUTHZEN_URL "${url[cert]}"
	quote AUTHZEN_TOKEN "$authzen"
	quote HALT_CMD "$dir/halt"
	quote RESUME_CMD "$dir/resume"
	quote OVERSEER_TOKEN "$overseer"
} >"$env"
printf '   %-9s %s\n' "people" "${url[co]}/" "register" "${url[co]}/register/" "TAXII" "${url[co]}/taxii2/" "OpenTDF" "${url[co]}/kas" \
	"AuthZEN" "${url[cert]}/access/v1/evaluation" "logs" "${url[co]}/log/orders/"
printf '\n   What a client needs, in shell syntax: %s\n   ready\n' "$env"
wait "${pids[@]}"
