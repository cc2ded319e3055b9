#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The story with the real tool: four agencies, each in a home with only its own
# keys; what passes between them are files. Everything is an exercise: the
# vessels, the people and the keys are invented.
#
#   usage: demo.sh [--keep DIR] [--stay]        PROVISO, PROVISOD: the tool and the daemon
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
proviso=${PROVISO:-proviso}
keep=
for word in "$@"; do [ "$word" != --stay ] || exec bash "$here/doors.sh" "$@"; done
while [ $# -gt 0 ]; do
	case $1 in
	--keep) keep=${2:?"--keep DIR"}; shift 2 ;;
	*) echo "usage: demo.sh [--keep DIR] [--stay]" >&2; exit 2 ;;
	esac
done
if [ -n "$keep" ]; then
	mkdir -p "$keep"
	dir=$(cd "$keep" && pwd)
	[ -z "$(ls -A "$dir")" ] || { echo "demo: $dir is not empty; choose another place" >&2; exit 2; }
else
	dir=$(mktemp -d "${TMPDIR:-/tmp}/proviso-demo.XXXXXX")
	trap 'rm -rf "$dir"' EXIT
fi
unset PROVISO_HOME PROVISO_PASSPHRASE_FILE PROVISO_PASSPHRASES

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
start=$SECONDS
# time to read, for people only
breath() { [ ! -t 1 ] || sleep "$1"; }

# chapter: what happens now, in words
chapter() { breath 1; printf '\n%s== %s%s\n' "$bold" "$1" "$plain"; shift; [ $# -eq 0 ] || printf '   %s\n' "$@"; }
# at AGENCY COMMAND...: shows it as typed at that agency's desk, and runs it there
at() {
	local agency=$1 shown=() word
	shift
	for word in "$@"; do case $word in *' '*) shown+=("'$word'") ;; *) shown+=("$word") ;; esac; done
	printf '\n%s%s$%s %s%s%s\n' "$bold" "$agency" "$plain" "$bold" "proviso ${shown[*]}" "$plain"
	breath 0.5
	quietly "$agency" "$@"
}
# the same for what must be refused: a command that succeeds is a broken promise
refused() {
	local status=0
	at "$@" || status=$?
	[ "$status" -eq 1 ] || { echo "demo: this should have been refused (exit $status)" >&2; exit 70; }
	printf '%s[exit %d]%s\n' "$dim" "$status" "$plain"
}
quietly() { local agency=$1; shift; (cd "$dir/files" && PROVISO_HOME=$dir/$agency "$proviso" "$@"); }
# the first of the words that a partner reads out on the telephone
words_of() { sed -n 's/^Read to the partner: *\([a-z]*\).*/\1/p' "$dir/files/$1.words"; }
# one report from one agency to another: request, answer, opening
courier() {
	local from=$1 to=$2 file=$3 purpose=$4 name=$5
	shift 5
	at "$to" ask "$file" --purpose "$purpose" --person analyst -o "$name.request" "$@"
}

mkdir -p "$dir/files"
cp "$here"/reports/* "$dir/files/"

chapter "Four agencies, four homes" \
	"Each has its own order log, journal and keys. There is no hub. (Exercise keys have no passphrase.)"
for agency in co uk ca us; do
	printf '%s ' "$agency"
	"$proviso" --home "$dir/$agency" init --party "$agency" --exercise --no-passphrase >"$dir/files/$agency.init"
	quietly "$agency" card -o "$agency.card" >"$dir/files/$agency.words" 2>&1
done
printf 'made; for example Colombia:\n\n'
sed 's/^/  /' "$dir/files/co.init"
for agency in co uk ca us; do
	quietly "$agency" apply "$here/$agency/10-parties.jsonl" >/dev/null
	for other in co uk ca us; do
		[ "$agency" = "$other" ] ||
			quietly "$agency" peer add "$other.card" --confirm "$(words_of "$other")" >/dev/null
	done
done
at co apply "$here/co/20-agreements.jsonl" "$here/co/30-condition.jsonl"
quietly uk apply "$here/uk/20-agreements.jsonl" >/dev/null
quietly ca apply "$here/ca/20-agreements.jsonl" >/dev/null

chapter "For years: sharing for interdiction" \
	"A synthetic report on an invented vessel. Nobody on board is identified."
at co share vessel-bundle.json --originator co.public-force.navy.intelligence \
	--topic narcotics.maritime --region caribbean --never force --releasable-to us,ca,uk.territories --aboard 3..5 --identified none --id r-brisa -o brisa.tdf
courier co us brisa.tdf law.interdict brisa --party us.coast-guard
at co answer brisa.request -o brisa.reply
at us open brisa.tdf --purpose law.interdict --grant brisa.reply -o brisa.json
release=$(sed -n 's/.*"release":"\([0-9a-f]*\)".*/\1/p' "$dir/files/brisa.reply" | head -1)
at us outcome r-brisa --release "$release" --by us.coast-guard --purpose-used law.interdict --action boarded,detained,seized \
	--dead 0 --injured 0 --observed 2025-11-10T04:00:00Z --source-who 'coast guard (synthetic)' --source-status stated -o outcome.note
at co apply outcome.note

chapter "Canada holds a copy in custody" \
	"Its agreement says custody; it follows Colombia's order log by files."
courier co ca brisa.tdf law.interdict custody
quietly co answer custody.request -o custody.reply >/dev/null
at ca open brisa.tdf --purpose law.interdict --grant custody.reply --keep -o custody.json
quietly co export --for ca --include a-0114 -o co-for-ca.bundle
at ca follow co-for-ca.bundle

chapter "The United Kingdom pauses sharing, on one matter" \
	"Reported, not announced: the order is private. Other matters go on."
at uk apply "$here/uk/40-order.jsonl"
quietly uk share nota.txt --topic narcotics.maritime --region caribbean --never force --releasable-to us --id r-boat -o boat.tdf >/dev/null
quietly uk share track.geojson --topic narcotics --never force --releasable-to us --id r-vague -o vague.tdf >/dev/null
quietly uk share assessment.pdf --topic migration.maritime --never force --releasable-to us --id r-migration -o migration.tdf >/dev/null
for name in boat vague migration; do
	purpose=law.interdict; [ $name = migration ] && purpose=law.monitor
	quietly us ask $name.tdf --purpose $purpose --person analyst --party us.coast-guard -o $name.request >/dev/null
done
refused uk answer boat.request -o boat.reply
echo; echo "   What the United States are told of an order that was not announced:"
refused us open boat.tdf --purpose law.interdict --grant boat.reply -o boat.txt
echo; echo "   A vague label (narcotics, no region) does not slip past the order:"
refused uk answer vague.request -o vague.reply
echo; echo "   Another matter goes on:"
at uk answer migration.request -o migration.reply

chapter "Canada excludes one use" \
	"It goes on sharing for law enforcement; what it shares must not serve strikes."
at ca apply "$here/ca/40-order.jsonl"
quietly ca share assessment.pdf --topic narcotics.maritime --region caribbean --releasable-to us --id r-brief -o brief.tdf >/dev/null
for purpose in law.interdict force.lethal force; do
	quietly us ask brief.tdf --purpose $purpose --person analyst --party us.coast-guard -o brief-$purpose.request >/dev/null
done
at ca answer brief-law.interdict.request -o brief.reply
refused ca answer brief-force.lethal.request -o brief-strike.reply
echo; echo "   A broad purpose does not slip past it either:"
refused ca answer brief-force.request -o brief-force.reply

before=$(date -u +%Y-%m-%dT%H:%M:%SZ)
chapter "Who may have what from Colombia, before its order"
at co board
sleep 2

chapter "Colombia: all echelons stop, for as long as the attacks continue"
at co order preview "$here/co/40-order.jsonl"
at co apply "$here/co/50-assessment.jsonl" "$here/co/40-order.jsonl"
at co share track.geojson --like r-brisa --id r-track -o track.tdf
quietly us ask track.tdf --purpose law.interdict --person analyst --party us.coast-guard -o track.request >/dev/null
refused co answer track.request -o track.reply
refused us open track.tdf --purpose law.interdict --grant track.reply -o track.json
echo; echo "   A report of the same service that Canada holds in custody is refused there too, by Colombia's order:"
quietly ca ask track.tdf --purpose law.interdict --person analyst -o track-ca.request >/dev/null
quietly co answer track-ca.request -o track-ca.reply >/dev/null
quietly ca open track.tdf --purpose law.interdict --grant track-ca.reply --keep -o track-ca.json >/dev/null
quietly co export --for ca --include a-0114 -o co-for-ca-2.bundle
quietly ca follow co-for-ca-2.bundle >/dev/null
quietly us ask track.tdf --purpose law.interdict --person analyst --party us.coast-guard --of ca/orders -o track-via-ca.request >/dev/null
refused ca answer track-via-ca.request -o track-via-ca.reply
at co board --to us
at co explain r-track --to us.coast-guard --purpose law.interdict || true
at co order ack o-0031 --as co.public-force.army.intelligence.north --means telephone --by 'desk officer' --state in-force

chapter "What if safety of life were spared" \
	"No exception was reported; this is a separate what-if order, previewed and not signed."
at co order preview "$here/what-if/safety-of-life.jsonl"

chapter "Unknown means that it still holds"
at co condition show strikes-caribbean

chapter "Two of three attest the end; then one says it is back"
for who in foreign-ministry justice-ministry; do
	for n in 1 2; do
		"$proviso" key new "co.$who/attestor$n" --party "co.$who" --use attestor --no-passphrase -o "$dir/files/$who-$n.key" >"$dir/files/$who-$n.vkey"
		vkey=$(grep -o "co.$who/attestor$n+[0-9a-f]\{8\}+[A-Za-z0-9+/=]*" "$dir/files/$who-$n.vkey" | head -1)
		quietly co key add --party "co.$who" --use attestor --key "$vkey" >/dev/null
	done
done
for who in foreign-ministry justice-ministry; do
	at co condition attest strikes-caribbean ended --issuer "co.$who" --observed "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
		--source-who "co.$who (exercise)" --source-status stated --key "$who-1.key,$who-2.key"
done
at co order show o-0031
quietly us ask track.tdf --purpose law.interdict --person analyst --party us.coast-guard -o track2.request >/dev/null
at co answer track2.request -o track2.reply
at us open track.tdf --purpose law.interdict --grant track2.reply -o track2.json
sleep 1
at co condition attest strikes-caribbean holds --issuer co.foreign-ministry --observed "$(date -u +%Y-%m-%dT%H:%M:%SZ)" \
	--source-who 'co.foreign-ministry (exercise)' --source-status stated --key foreign-ministry-1.key
quietly us ask track.tdf --purpose law.interdict --person analyst --party us.coast-guard -o track3.request >/dev/null
refused co answer track3.request -o track3.reply

chapter "As it was before the order" "--at answers from what was applied here then."
at co board --to us.coast-guard --at "$before"

chapter "Everything can be proved, and a tampered copy is found out"
at co log verify
quietly co log export orders "$dir/files/copy" >/dev/null
vkey=$(quietly co log key orders)
at co log verify copy --vkey "$vkey"
bundle=$(find "$dir/files/copy/tile/entries" -type f | sort | tail -1)
# one letter of one entry, in the middle of the newest bundle
size=$(stat -c %s "$bundle")
printf 'X' | dd of="$bundle" bs=1 seek=$((size / 2)) conv=notrunc status=none
status=0
at co log verify copy --vkey "$vkey" || status=$?
[ "$status" -eq 4 ] || { echo "demo: the tampered copy was not found out (exit $status)" >&2; exit 70; }
printf '%s[exit %d]%s\n' "$dim" "$status" "$plain"

chapter "That was the story, in $((SECONDS - start)) seconds" "Now the same over a network."
if [ -n "$keep" ]; then bash "$here/doors.sh" --keep "$dir/doors"; else bash "$here/doors.sh"; fi
if [ -n "$keep" ]; then
	echo
	echo "   The homes are in $dir. Go on in them, for example:"
	echo "     proviso --home $dir/co status"
	echo "     provisod --home $dir/co"
else
	echo
	echo "   To go on playing in the homes: proviso demo --keep DIR"
	echo "   To try a client of your own:   proviso demo --stay"
fi
