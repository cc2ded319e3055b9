#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A log that we write, in two steps, is looked at by golang.org/x/mod/sumdb; so are copies in which one thing was
# changed, and there both must say no. A note that Go signs is read by us. TAP; exit 77 when Go or the package is missing.
#   usage: run.sh LOG CACHE      (LOG: the program from log.c; CACHE: a folder that Go may keep what it compiled in)
set -u
log=$1 cache=$2
here=$(cd "$(dirname "$0")" && pwd)
gocode=/usr/share/gocode
go=$(command -v go || true)
[ -n "$go" ] || [ ! -x /usr/lib/go/bin/go ] || go=/usr/lib/go/bin/go
if [ -z "$go" ]; then
	echo "1..0 # SKIP no go: apt install golang-go golang-golang-x-mod-dev"
	exit 77
fi
if [ ! -d $gocode/src/golang.org/x/mod/sumdb/tlog ]; then
	echo "1..0 # SKIP no golang.org/x/mod: apt install golang-golang-x-mod-dev"
	exit 77
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
n=0 failed=0

# ok NAME COMMAND...: the command must succeed; refused NAME COMMAND...: it must exit with 1, which is how both say no
report() {
	n=$((n + 1))
	if [ "$1" = yes ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		sed 's/^/# /' "$work/said"
		failed=1
	fi
}
ok() {
	name=$1
	shift
	if "$@" >"$work/said" 2>&1; then report yes "$name"; else report no "$name"; fi
}
refused() {
	name=$1
	shift
	"$@" >"$work/said" 2>&1
	if [ $? -eq 1 ]; then report yes "$name"; else report no "$name"; fi
}
# Replaces one byte of a file by another.
change() {
	byte=$(dd if="$1" bs=1 skip="$2" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
	printf "\\$(printf %03o $(((byte + 1) % 256)))" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
# both_refuse NAME FILE: with the file as it is now; then the file is put back
both_refuse() {
	refused "Go refuses $1" "$work/sumdb" verify "$work/f" "$vkey" 41234 "$old_root"
	refused "we refuse $1" "$log" verify "$work/f"
	cp "$work/kept" "$work/f/$2"
}
keep() {
	cp "$work/f/$1" "$work/kept"
}

export GO111MODULE=off GOPATH=$gocode GOFLAGS= GOPROXY=off GOTOOLCHAIN=local GOCACHE="$cache" CGO_ENABLED=0
ok "the program in Go is built" "$go" build -o "$work/sumdb" "$here/sumdb.go"
[ $failed -eq 0 ] || { echo "1..$n"; exit 1; }

"$log" grow "$work/f" 41234 >"$work/first" || exit 1
vkey=$(cut -d' ' -f1 "$work/first") old_root=$(cut -d' ' -f2 "$work/first")
ok "Go verifies 41,234 entries" "$work/sumdb" verify "$work/f" "$vkey" 41234 "$old_root"
"$log" grow "$work/f" 70000 >"$work/second" || exit 1
root=$(cut -d' ' -f2 "$work/second")
ok "Go verifies 70,000 entries, grown from those" "$work/sumdb" verify "$work/f" "$vkey" 41234 "$old_root"
ok "we do" "$log" verify "$work/f"
refused "Go refuses growth from another tree" "$work/sumdb" verify "$work/f" "$vkey" 41234 "$root"

keep tile/entries/100
change "$work/f/tile/entries/100" 1000
both_refuse "a changed bundle" tile/entries/100
keep tile/entries/273.p/112
truncate -s -1 "$work/f/tile/entries/273.p/112"
both_refuse "a bundle that is cut" tile/entries/273.p/112
keep tile/entries/000
printf x >>"$work/f/tile/entries/000"
both_refuse "a bundle with a byte more" tile/entries/000
keep tile/0/100
change "$work/f/tile/0/100" 77
both_refuse "a changed tile" tile/0/100
keep tile/0/273.p/112
change "$work/f/tile/0/273.p/112" 0
both_refuse "a changed partial tile" tile/0/273.p/112
keep tile/1/001.p/17
change "$work/f/tile/1/001.p/17" 0
both_refuse "a changed tile of level 1" tile/1/001.p/17
keep tile/2/000.p/1
rm "$work/f/tile/2/000.p/1"
both_refuse "a tile that is gone" tile/2/000.p/1
keep checkpoint
sed '2s/70000/69999/' "$work/kept" >"$work/f/checkpoint"
both_refuse "a changed size" checkpoint
sed '3s/^./A/;3s/^AA/BA/' "$work/kept" >"$work/f/checkpoint"
both_refuse "a changed root" checkpoint
ok "put back, it is good: Go" "$work/sumdb" verify "$work/f" "$vkey" 41234 "$old_root"
ok "put back, it is good: we" "$log" verify "$work/f"

printf 'an order\n\nof several lines, se\303\261or\n' >"$work/text"
ok "Go signs a note" "$work/sumdb" sign "$work/text" "$work/note" "$work/vkey"
ok "we open it" "$log" open "$work/note" "$work/vkey"
change "$work/note" 3
refused "not when it was changed" "$log" open "$work/note" "$work/vkey"

echo "1..$n"
exit $failed
