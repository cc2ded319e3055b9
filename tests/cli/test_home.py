#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two homes, from the command line: what each command says and does, and that it leaves alone what it should."""
import json
import os
import re
import shutil

from tool import TEMP, is_status, ok, done, proviso, write, write_lines

os.makedirs(os.path.join(TEMP.name, "phrases"))
write("phrases/officer1", "first secret\n")
write("phrases/officer2", "second secret\n")
write("phrases/one", "third secret\n")
ENV = {"PROVISO_PASSPHRASES": os.path.join(TEMP.name, "phrases")}


def at(name):
    return os.path.join(TEMP.name, name)


def co(*args, **more):
    return proviso("--home", at("co"), *args, env={**ENV, **more.pop("env", {})}, **more)


def us(*args, **more):
    return proviso("--home", at("us"), *args, env={**ENV, **more.pop("env", {})}, **more)


def size(home=co):
    return [o["size"] for o in home("status", "--json").json()["origins"] if o["own"]][0]


def term(tree, name):
    text = {"en": "words"} if tree == "purpose" else {}
    return {"record": "term", "id": "t-" + name, "tree": tree, "name": name, "names": {"en": name.title()}, "allows": text,
            "excludes": text, "maps": {}, **({"grantable": False} if name == "force" else {})}


TERMS = [term("purpose", "law"), term("purpose", "law.interdict"), term("purpose", "force"), term("purpose", "safety"),
         term("topic", "narcotics"), term("topic", "narcotics.maritime"), term("region", "caribbean"),
         term("channel", "exchange"), term("channel", "exchange.file")]

# ---- init ----
r = proviso("--home", at("co"), "init", "--party", "co", "--vocab", "none")
ok(r.status == 2 and "--passphrase-file" in r.err and not os.path.exists(at("co")),
   "init without a terminal and a passphrase: the option is named, no home is made", r)
r = proviso("--home", at("co"), "init", "--party", "Co", "--vocab", "none", "--exercise", "--no-passphrase")
ok(r.status == 2 and '"Co" is not a dotted name' in r.err and not os.path.exists(at("co")), "init with a wrong name", r)
r = co("init", "--party", "co", "--name", "es=Colombia", "--name", "en=Colombia", "--vocab", "none")
ok(r.status == 0 and r.out.startswith("Made: the home of co") and "officer2.key" in r.out and "In words" in r.out, "init", r)
ok(all(oct(os.stat(at("co/keys/" + k)).st_mode & 0o777) == "0o600" for k in os.listdir(at("co/keys"))), "its keys are 0600")
r = co("init", "--party", "co", "--vocab", "none")
ok(r.status != 0 and "Made" not in r.out, "init never goes over a home", r)
r = us("init", "--party", "us", "--name", "en=United States", "--officer", "one", "--vocab", "none", "--json")
ok(r.status == 0 and r.json()["party"] == "us" and len(r.json()["words"].split()) >= 4, "init --json", r)
r = co("status")
ok(r.status == 0 and r.out.startswith("OPEN") and "Nothing needs you." in r.out, "status begins with the state", r)
r = proviso("--home", at("co"))
ok(r.status == 0 and "proviso status" in r.out, "proviso alone, with a home", r)

# ---- apply ----
write_lines("terms.jsonl", TERMS)
before = size()
r = co("apply", "--dry-run", "terms.jsonl")
ok(r.status == 0 and '+   "name": "law"' in r.out and size() == before, "apply --dry-run shows, and does nothing", r)
r = co("apply", "terms.jsonl", env={"PROVISO_PASSPHRASES": "", "PROVISO_PASSPHRASE_FILE": ""})
ok(r.status == 2 and "PROVISO_PASSPHRASES" in r.err and size() == before, "nobody to ask for a passphrase: told how to give it", r)
write("phrases/wrong", "not it\n")
r = co("apply", "terms.jsonl", "--passphrase-file", at("phrases/wrong"))
ok(r.status == 2 and "passphrase" in r.err and "not it" not in r.err + r.out and size() == before, "a wrong passphrase is refused, and not shown", r)
r = co("apply", "terms.jsonl")
ok(r.status == 0 and "applied %d, unchanged 0" % len(TERMS) in r.out and size() == before + len(TERMS), "apply", r)
us("apply", "terms.jsonl")
write("more/1.jsonl", json.dumps({"record": "party", "id": "p-navy", "name": "co.navy", "names": {"en": "Navy"}}) + "\n")
write("more/2.jsonl", "\n" + json.dumps({"record": "party", "id": "p-x", "name": "co.nayv.x", "names": {}}) + "\n" +
      json.dumps({"record": "party", "id": "p-y", "name": "co.nayv.y", "names": {}}) + "\n")
before = size()
r = co("apply", "more")
ok(r.status == 2 and "2.jsonl:2:" in r.err and "2.jsonl:3:" in r.err and "more/1.jsonl" not in r.err and size() == before,
   "a folder is applied all or nothing, and errors name the file's own lines", r)
r = co("apply", "more/1.jsonl")
ok(r.status == 0, "the good file alone", r)
r = co("apply", "-", stdin=b'{"record":"party","id":"p-\xff"}')
ok(r.status == 2 and "standard input:1:" in r.err and r.err.isascii(), "standard input that is not UTF-8", r)
r = co("apply", "nowhere.jsonl")
ok(r.status == 2 and "nowhere.jsonl" in r.err, "apply of a file that is not there", r)
r = co("apply", "--json", "-", stdin=json.dumps({"record": "party", "id": "p-z", "name": "co.z", "names": {}, "color": "red"}))
ok(r.status == 2 and r.json()["error"]["line"] == 1 and "color" in r.json()["error"]["what"] + r.json()["error"].get("field", ""),
   "the same error in JSON", r)

# ---- looking ----
r = co("party", "list")
ok("co.navy" in r.out and "Colombia" in r.out, "party list", r)
r = co("party", "show", "co.nvay")
ok(r.status == 2 and 'Did you mean "co.navy"?' in r.err, "party show of a misspelt name", r)
ok("never granted" in co("term", "list", "purpose").out, "term list says what is never granted")
r = co("term", "show", "purpose", "lav")
ok(r.status == 2 and "Did you mean" not in r.err, "no near name is offered for a purpose", r)
ok(co("key", "list", "--json").json()["genesis_officers"][0].startswith("co/officer1+"), "key list --json")

# ---- partners ----
words = re.compile(r"Read to the partner: +(\w+)")
first = {}
for home, name in ((co, "co"), (us, "us")):
    r = home("card", "--out", at(name + ".card"))
    first[name] = words.search(r.err).group(1)
r = co("card", "--out", at("co.card"))
ok(r.status == 2, "nothing is written over another file", r)
before = size()
r = co("peer", "add", "us.card", "--confirm", "another")
ok(r.status == 1 and "Left as it was" in r.out and size() == before, "peer add with another word leaves all as it was", r)
r = co("peer", "add", "us.card", "--confirm", first["us"])
ok(r.status == 0 and r.out.startswith("Added"), "peer add", r)
r = us("peer", "add", "co.card", "--names", "co", "--confirm", first["co"])
ok(r.status == 0, "and the other way", r)

# ---- agreements ----
r = co("agree", "--to", "us")
ok(r.status == 2 and "--purpose" in r.err, "an agreement without a purpose", r)
r = co("agree", "--to", "us", "--purpose", "force")
ok(r.status == 2 and "force" in r.err and "file" not in r.err.splitlines()[0], "force is never granted", r)
r = co("agree", "--to", "us", "--purpose", "law", "--topic", "narcotics", "--outcome-within", "72h", "--no-onward", "--id", "a-0114")
ok(r.status == 0 and r.out.startswith("Agreed: a-0114"), "agree", r)
r = co("agreement", "show", "a-0114")
ok("outcome due in 3 d; not to be passed on" in r.out, "agreement show tells the duties", r)
ok(co("agreement", "list", "--to", "us", "--json").json()["agreements"][0]["state"] == "good", "agreement list --json")

# ---- sharing ----
write("track.txt", "a vessel, invented\n")
r = co("share", "track.txt")
ok(r.status == 2 and r.err.startswith("Not shared: a report needs conditions") and r.err.rstrip().endswith("Nothing was written."),
   "a report without conditions is not shared", r)
r = co("share", "track.txt", "--topic", "narcotics.maritme", "--region", "caribbean", "--never", "force")
ok(r.status == 2 and r.err.startswith("Not shared") and "narcotics.maritme" in r.err, "nor one about something undeclared", r)
r = co("share", "track.txt", "--originator", "us", "--topic", "narcotics", "--never", "force")
ok(r.status in (1, 2) and "Not shared" in r.err, "nor another's report", r)
r = co("share", "track.txt", "--topic", "narcotics.maritime", "--region", "caribbean", "--never", "force", "--releasable-to", "us",
       "--aboard", "3..5", "--identified", "none", "--out", at("track.tdf"), "--id", "r-7q2m")
ok(r.status == 0 and r.out.startswith("Shared r-7q2m: track.txt, 19 B, sealed here. Nothing was sent.") and
   re.search(r"us +for law +a-0114, outcome due in 3 d", r.out) and "aboard 3 to 5, none identified" in r.out and
   "proviso recall r-7q2m" in r.out, "share says who can open it, and how to stop that", r)
ok(all(len(line) <= 80 for line in r.out.splitlines() if TEMP.name not in line), "in 80 columns", r)
r = co("share", "-", "--like", "r-7q2m", "--json", stdin=b"from standard input")
ok(r.status == 0 and r.json()["shared"][0]["size"] == 19, "share - --like, in JSON", r)
ok("r-7q2m" in co("report", "list").out, "report list")

# ---- a partner asks, and opens ----
co("export", "--for", "us", "--out", at("co-us.bundle"))
us("export", "--for", "co", "--out", at("us-co.bundle"))
r = us("follow", "co-us.bundle")
ok(r.status == 0 and r.out.startswith("Followed: co/orders"), "follow", r)
co("follow", "us-co.bundle")
r = us("follow", "co-us.bundle")
ok(r.status == 0 and r.out.startswith("Unchanged"), "follow of the same bundle", r)
r = us("ask", "track.tdf", "--out", at("q.request"))
ok(r.status == 2 and "--purpose" in r.err, "ask without a purpose", r)
r = us("ask", "track.tdf", "--purpose", "law.interdict", "--out", at("q.request"))
ok(r.status == 0 and r.out.startswith("Asked"), "ask", r)
r = co("answer", "q.request", "--out", at("q.reply"))
ok(r.status == 0 and r.out.startswith("Granted: r-7q2m to us for law.interdict, by a-0114."), "answer grants", r)
r = us("open", "track.tdf", "--purpose", "law.interdict", "--grant", "q.reply", "--out", "-")
ok(r.status == 0 and r.raw == b"a vessel, invented\n" and "Opened" in r.err, "open to stdout: nothing but the content there", r)
r = us("open", "track.tdf", "--purpose", "law.interdict", "--grant", "q.reply", "--out", at("again"))
ok(r.status != 0 and not os.path.exists(at("again")), "a grant serves once", r)
release = co("report", "show", "r-7q2m", "--json").json()["opened"][0]["release"]
r = us("outcome", "r-7q2m", "--release", release, "--action", "boarded,detained", "--purpose-used", "law.interdict", "--dead", "0",
       "--out", at("outcome.note"))
ok(r.status == 2 and "--source-who" in r.err, "an outcome without a source is refused", r)
r = us("outcome", "r-7q2m", "--release", release, "--action", "boarded,detained", "--purpose-used", "law.interdict", "--dead", "0",
       "--source-who", "us", "--out", at("outcome.note"))
ok(r.status == 0 and r.out.startswith("Recorded"), "outcome", r)
r = co("apply", "outcome.note")
ok(r.status == 0 and "1 outcome told" in co("report", "show", "r-7q2m").out, "the originator takes it in", r)

# ---- a stop ----
write("orden.txt", "Se da orden de suspender las comunicaciones.\n")
SUSPEND = ("order", "suspend", "--counterpart", "us", "--topic", "narcotics", "--text", "es=orden.txt", "--id", "o-0031", "--except",
           "purpose=safety,region=caribbean")
before = size()
r = co("order", "suspend", "--counterpart", "us", "--text", "es=odren.txt", "--confirm", "us")
ok(r.status == 2 and 'there is no file "odren.txt"' in r.err and size() == before, "a misspelt file is never signed as a text", r)
r = co(*SUSPEND)
ok(r.status == 2 and "--confirm us" in r.err and "PREVIEW. Nothing is signed." in r.out and size() == before,
   "off a terminal a stop wants --confirm, after its preview", r)
r = co(*SUSPEND, "--confirm", "uk")
ok(r.status == 1 and "Left as it was" in r.out and size() == before, "another name leaves the log as it was", r)
r = co("order", "preview", *SUSPEND[1:], "--json")
p = r.json()
ok(r.status == 0 and p["stopped_agreements"] and p["opened_times"] == 1 and p["reports_stopped"] >= 1 and size() == before,
   "preview counts, and signs nothing", r)
r = co(*SUSPEND, "--confirm", "us", "--as", "officer1")
ok(r.status == 0 and "HOLD: o-0031 is in force here on sight" in r.out and "1 of the 2 officers" in r.out, "one signature is a hold", r)
ok("HOLD" in co("order", "list").out and "1 is a HOLD" in co("status").out and "NEEDS YOU" in co("status").out, "shown as such")
r = us("ask", "track.tdf", "--purpose", "law.interdict", "--out", at("q2.request"))
r = co("answer", "q2.request", "--out", at("q2.reply"))
ok(r.status == 1 and r.out.startswith("Refused: suspended by order o-0031."), "a hold stops", r)
ok("Se da orden" in r.out and "safety of life" in r.out and "proviso help safety-of-life" in r.out, "the refusal names and quotes it", r)
stated = [w for w in re.findall(r"[a-z]+(?:\.[a-z]+)*", r.out.split("Recorded")[0].replace("in force", "")) if w in ("law", "force", "safety.sar", "law.interdict")]
ok(set(stated) <= {"law.interdict"}, "no refusal holds a purpose other than the one stated", stated, r)
r = us("open", "track.tdf", "--purpose", "law.interdict", "--grant", "q2.reply", "--out", at("got2"))
ok(r.status == 1 and r.out.startswith("Refused") and not os.path.exists(at("got2")), "the reply refuses the opening", r)
r = us("open", "track.tdf", "--purpose", "law.interdict", "--grant", "q2.reply", "--out", at("got2"), "--json")
ok(r.status == 1 and "refused" in r.json(), "and says so in JSON", r)
r = co("order", "sign", "o-0031", "--as", "officer2")
ok(r.status == 0 and r.out.startswith("Completed: o-0031"), "the second officer completes it", r)
ok(co("order", "sign", "o-0031").out.startswith("Unchanged"), "once")
r = co("board")
ok(re.search(r"^us\n +STOPPED .*o-0031", r.out, re.M), "the board says STOPPED, and by what", r)
r = co("explain", "r-7q2m", "--to", "us", "--purpose", "law.interdict")
ok(r.status == 1 and r.out.startswith("NO, now: suspended by o-0031.") and "lift by co" in r.out, "explain says no, why, and what would change it", r)
r = co("order", "ack", "o-0031", "--as", "co.navy", "--by", "Lt Diaz", "--means", "telephone")
ok(r.status == 0 and "by a person" in co("order", "show", "o-0031").out, "an echelon without a gateway acknowledges by a person", r)

# ---- the way back ----
before = size()
r = co("order", "lift", "o-0031", "--confirm", "us", "--as", "officer1")
ok(r.status == 2 and "needs 2 different officers, has 1" in r.err and size() == before, "one officer cannot lift", r)
r = co("order", "lift", "o-0031", "--confirm", "us", "--as", "officer1", "--draft", "--out", at("lift.note"))
ok(r.status == 0 and "Nothing is entered yet" in r.out and size() == before, "but sign a draft", r)
r = co("apply", "lift.note", "--as", "officer1")
ok(r.status == 2 and size() == before, "which is not enough either", r)
r = co("sign", "lift.note", "--as", "officer2", "--out", at("lift-2.note"))
ok(r.status == 0 and size() == before, "the second officer signs the same bytes", r)
r = co("apply", "lift-2.note")
ok(r.status == 0 and "lifted" in co("order", "list").out, "and it is lifted", r)
ok(re.search(r"^us\n +OPEN ", co("board").out, re.M), "the board says OPEN again")
r = co("order", "lift", "o-9999", "--confirm", "us")
ok(r.status == 2 and "o-9999" in r.err, "a lift of an order that is not there", r)

# ---- conditions, recall ----
r = co("condition", "declare", "strikes", "--text", "en=The strikes go on.", "--attestor", "co.navy", "--quorum", "1")
ok(r.status == 0, "condition declare", r)
r = co("condition", "show", "strikes")
ok(r.out.startswith("unknown  strikes") and "for an order it counts as holding" in r.out, "unknown counts as holding, and says so", r)
r = co("condition", "attest", "strikes", "perhaps", "--source-who", "x")
ok(r.status == 2 and "neither holds nor ended" in r.err, "a condition holds or has ended", r)
r = co("recall", "r-7q2m", "--confirm", "r-7q2n")
ok(r.status == 1 and "RECALLED" not in co("report", "list").out, "recall with another id leaves it", r)
r = co("recall", "r-7q2m", "--confirm", "r-7q2m", "--text", "en=@Wrong.")
ok(r.status == 0 and "RECALLED" in co("report", "list").out, "recall", r)
us("ask", "track.tdf", "--purpose", "law.interdict", "--out", at("q3.request"))
r = co("answer", "q3.request", "--out", at("q3.reply"))
ok(r.status == 1 and "recalled" in r.out, "what is recalled is not opened again", r)

# ---- the log ----
r = co("log", "verify")
ok(r.status == 0 and "GOOD: nothing was changed" in r.out, "log verify", r)
vkey = None
for line in co("log", "show", "orders", "--kind", "genesis", "--json").lines():
    vkey = json.loads(line["entry"].split("\n")[0])["signers"][0] if "signers" in line["entry"] else None
r = co("log", "export", "orders", at("tiles"))
ok(r.status == 0 and os.path.exists(at("tiles/checkpoint")), "log export", r)
r = proviso("log", "verify", at("tiles"))
ok(r.status == 1 and "not checked" in r.out and "GOOD" not in r.out, "without a key nothing is called GOOD", r)
if vkey:
    r = proviso("log", "verify", at("tiles"), "--vkey", vkey)
    ok(r.status == 0 and "GOOD" in r.out, "with the log's key it is", r)
    r = co("log", "prove", "orders", "3", "--out", at("3.proof"))
    ok(proviso("log", "verify", at("3.proof"), "--vkey", vkey).status == 0, "a proof verifies alone", r)
    shutil.copytree(at("tiles"), at("bad"))
    for folder, _, names in os.walk(at("bad/tile/entries")):
        for name in names:
            path = os.path.join(folder, name)
            data = bytearray(open(path, "rb").read())
            data[len(data) // 2] ^= 1
            open(path, "wb").write(data)
    r = proviso("log", "verify", at("bad"), "--vkey", vkey)
    ok(r.status == 4 and "TAMPERED" in r.out and "Keep this copy" in r.out, "an edited copy is found out", r)
ok(co("log", "rebuild").status == 0, "log rebuild")
ok([x["kind"] for x in co("log", "show", "journal", "--json").lines()].count("refused") >= 2, "the journal has the refusals")

# ---- decide over a signed export ----
co("export", "--out", at("acts.note"))
REQUEST = json.dumps({"id": "q", "subject": {"type": "party", "id": "us"}, "action": {"name": "open"},
                      "resource": {"type": "report", "id": "r", "properties": {"originator": "co", "topics": ["narcotics"]}},
                      "context": {"purpose": "law", "channel": "exchange.file"}})
r = proviso("decide", "--records", "acts.note", "--requests", "-", "--at", "+1h", stdin=REQUEST)
ok(r.status == 0 and r.lines()[0]["context"]["agreements"] == ["a-0114"], "decide takes the signed acts, and checks them", r)
write("tampered.note", open(at("acts.note"), encoding="utf-8").read().replace('"to":"us"', '"to":"co"'))
r = proviso("decide", "--records", "tampered.note", "--requests", "-", "--at", "+1h", stdin=REQUEST)
ok(r.status == 4 and r.out == "" and "does not match" in r.err, "an act that was changed after signing: exit 4, nothing decided", r)

# ---- keeping ----
r = co("backup", at("co.backup"), "--with-keys", at("co.keys"))
ok(r.status == 0, "backup", r)
r = proviso("--home", at("co2"), "restore", at("co.backup"), "--with-keys", at("co.keys"))
ok(r.status == 0 and size(lambda *a: proviso("--home", at("co2"), *a)) == size(), "restore gives the same log", r)
r = proviso("key", "new", "officer3", "--party", "co", "--passphrase-file", at("phrases/officer1"), "--out", at("o3.key"))
ok(r.status == 0 and "proviso key add --party co --use officer --key co/officer3+" in r.out, "key new says what to declare", r)
r = proviso("key", "passphrase", at("o3.key"), "--passphrase-file", at("phrases/wrong"), "--new-passphrase-file", at("phrases/officer2"))
ok(r.status == 2, "a passphrase is changed by who knows the old one", r)
r = proviso("key", "passphrase", at("o3.key"), "--passphrase-file", at("phrases/officer1"), "--new-passphrase-file", at("phrases/officer2"))
ok(r.status == 0 and r.out.startswith("Changed"), "key passphrase", r)
vkey3 = re.search(r"co/officer3\+\S+", proviso("key", "new", "officer3", "--party", "co", "--no-passphrase", "--out", at("o4.key")).out).group(0)
r = co("key", "add", "--party", "co", "--use", "officer", "--key", vkey3)
ok(r.status == 0, "key add", r)
r = co("order", "restrict", "--counterpart", "us", "--purpose", "force", "--text", "en=@no", "--confirm", "us", "--key", at("o4.key"), "--as", "officer3")
ok(r.status == 0 and "HOLD" in r.out, "a third officer signs with a key from elsewhere", r)
done()
