# SPDX-License-Identifier: Apache-2.0
"""A stop lands while clients page, and what was withheld comes after it is lifted, for those who go on from where they were."""
import threading
import time

import world

import rig
from world import BOTH, READ, Client, ids, indicator

tap = rig.Tap()


def suspend(w, id, reopen="release"):
    rig.apply(w.co, rig.order(id, ["co"], ["us"], reopen=reopen))


def lift(w, id, order, reopen="release"):
    rig.apply(w.co, {"record": "lift", "id": id, "order": order, "reopen": reopen})


def read_on(c, collection, last, rest="objects/"):
    """As a client does that pages by added_after: what it got, and where it goes on."""
    got = []
    while True:
        answer = c.at(collection, f"{rest}?limit=10&added_after={last}")
        assert answer.status == 200, answer
        got += ids(answer)
        if "X-TAXII-Date-Added-Last" not in answer.headers:
            return got, last
        last = answer.headers["X-TAXII-Date-Added-Last"]


def stop_and_lift(w, gw, c, own, uk):
    first = [indicator() for _ in range(15)]
    own.push(READ, *first)
    got, last = read_on(c, READ, "2020-01-01T00:00:00Z")
    tap.ok(sorted(got) == sorted(o["id"] for o in first), "before the stop the partner reads all there is")
    withheld = [indicator() for _ in range(25)]
    own.push(READ, *withheld[:12])
    suspend(w, "o-1")
    own.push(READ, *withheld[12:])
    until = time.monotonic() + 5
    while ids(c.at(READ, "objects/?limit=1")) and time.monotonic() < until:
        time.sleep(0.02)
    got, same = read_on(c, READ, last)
    tap.ok(got == [] and same == last, "the stop is obeyed: nothing comes, and the client stays where it was")
    answer = c.at(READ)
    tap.ok(answer.status == 200 and answer.json() == {} and "X-TAXII-Date-Added-Last" not in answer.headers, "an empty page by order", answer)
    tap.ok(c.at(READ, "manifest/").json() == {} and c.at(READ, f"objects/{first[0]['id']}/").status == 404, "nor by manifest, nor by id")
    tap.ok(c.get("markings/").json() == {}, "nor the markings")
    tap.ok(len(read_on(uk, READ, "2020-01-01T00:00:00Z")[0]) == 40, "another partner goes on")
    told = rig.tool(w.co, "order", "show", "o-1", "--json").out
    tap.ok("taxii:topics.fisheries to us.coast-guard" in told, "the order says what it keeps back from whom", told)
    moved = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(1.1)
    lift(w, "l-1", "o-1")
    until = time.monotonic() + 5
    while not ids(c.at(READ, "objects/?limit=1")) and time.monotonic() < until:
        time.sleep(0.02)
    late = indicator()
    own.push(READ, late)
    got, last = read_on(c, READ, moved)
    want = {o["id"] for o in withheld} | {late["id"]}
    tap.ok(want <= set(got), "a client whose clock went on during the stop finds what was withheld, and what is new",
           len(want - set(got)), len(got))
    everything, _ = read_on(c, READ, "2020-01-01T00:00:00Z")
    tap.ok(len(everything) == 41 == len(set(everything)), "from the beginning each is there once", len(everything))
    manifest = c.at(READ, "manifest/?limit=1000").json()["objects"]
    times = [e["date_added"] for e in manifest]
    tap.ok(times == sorted(set(times)), "and date_added is in order, each its own")
    tap.ok(c.at(READ, f"objects/{withheld[0]['id']}/").headers["X-TAXII-Date-Added-First"] ==
           [e for e in manifest if e["id"] == withheld[0]["id"]][0]["date_added"], "the object itself says the same date_added")
    before = [e["date_added"] for e in uk.at(READ, "manifest/?limit=1000").json()["objects"] if e["id"] == withheld[0]["id"]][0]
    tap.ok(before < moved.replace("Z", ".000000Z"), "for another partner it has the place it always had")


def hold(w, c, own):
    one = indicator()
    last = read_on(c, READ, "2020-01-01T00:00:00Z")[1]
    own.push(READ, one)
    suspend(w, "o-2", reopen="hold")
    time.sleep(0.5)
    tap.ok(read_on(c, READ, last)[0] == [], "another stop, that is to be reopened by an officer")
    lift(w, "l-2", "o-2", "hold")
    time.sleep(0.5)
    after = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
    time.sleep(1.1)
    tap.ok(one["id"] not in read_on(c, READ, after)[0], "after the lift nothing is offered again by itself")
    done = rig.tool(w.co, "collection", "offer", "o-2", "--json").json()
    tap.ok(done["streams"] >= 1, "an officer offers it", done)
    tap.ok(one["id"] in read_on(c, READ, after)[0], "and it has a new place")


def race(w, gw, own):
    """Clients page without pause; once one of them was refused, no page leaves any more."""
    late, pages, stop, lock = [], [], threading.Event(), threading.Lock()

    def reader():
        c = Client(gw, w.user)
        denied = False
        while not stop.is_set():
            answer = c.at(READ, "objects/?limit=20")
            n = len(ids(answer)) if answer.status == 200 else 0
            with lock:
                pages.append(n)
            if denied and n:
                late.append(n)
            denied = denied or (answer.status == 200 and n == 0)
    threads = [threading.Thread(target=reader) for _ in range(3)]
    for t in threads:
        t.start()
    time.sleep(0.5)
    suspend(w, "o-3")
    time.sleep(0.7)
    stop.set()
    for t in threads:
        t.join()
    full = sum(1 for n in pages if n)
    tap.ok(full > 20 and pages.count(0) > 20 and not late, f"a stop while {full} pages are read: once it is obeyed, none leaves", len(pages), late)
    lift(w, "l-3", "o-3")
    entries = rig.tool(w.co, "log", "show", "journal", "--kind", "page", "--count", "100000", "--json").out.splitlines()
    tap.ok(len(entries) >= full, "each page that left is an entry of the journal", len(entries), full)


def main():
    w = world.World()
    with w.gateway() as gw:
        c, own, uk = Client(gw, w.user), Client(gw, w.own), Client(gw, w.user2)
        stop_and_lift(w, gw, c, own, uk)
        hold(w, c, own)
        race(w, gw, own)
    rig.tool(w.co, "log", "verify")
    tap.ok(True, "the home verifies")


main()
tap.done()
