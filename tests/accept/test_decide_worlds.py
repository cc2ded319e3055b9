#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random worlds as bare record files: the built tool against an evaluator written from the rules alone."""
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile

from third import World, parts_under

START = 1_700_000_000
PARTIES = ['co', 'co.navy', 'co.navy.intel', 'co.army', 'us', 'us.guard', 'us.guard.d7', 'us.dea', 'uk', 'uk.bvi', 'jtf', 'jtf.west', 'un', 'un.a', 'un.b', 'un.c']
TREES = {'topic': ['narc', 'narc.sea', 'narc.sea.fast', 'arms'], 'region': ['carib', 'carib.east', 'pac'],
         'purpose': ['law', 'law.int', 'law.int.board', 'safety', 'force', 'force.strike'], 'channel': ['mail', 'ex', 'ex.taxii']}


def when(t):
    return datetime.datetime.fromtimestamp(t, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


class Maker:
    def __init__(self, seed):
        self.r, self.recs, self.n = random.Random(seed), [], 0

    def chance(self, p):
        return self.r.random() < p

    def add(self, t, what, issuer, **members):
        self.n += 1
        rec = {'record': what, 'id': self.r.choice(['%s-%d', '%s:%d', 'a/b.%s@%d+x_']) % (what, self.n), 'issuer': issuer, 'time': when(t), '_t': t}
        if self.chance(.5):
            rec['basis'] = []
        for k, v in members.items():
            rec[k.rstrip('_')] = v
        self.recs.append(rec)
        return rec

    def some(self, names, most=2):
        return self.r.sample(names, self.r.randint(1, most))

    def world(self):
        r = self.r
        for p in PARTIES:
            extra = {}
            if p.startswith('jtf') and self.chance(.6):
                extra['members'] = self.some(['us.guard', 'us.dea', 'uk.bvi', 'co.army'])
            if p == 'uk.bvi' and self.chance(.3):
                extra['was'] = ['us.dea']
            self.add(START, 'party', p.split('.')[0], name=p, names={'en': p}, **extra)
        for tree, names in TREES.items():
            for n in names:
                extra = {'grantable': False} if n == 'force' or self.chance(.04) else {}
                self.add(START + 1, 'term', 'co', tree=tree, name=n, names={'en': n},
                         **({'allows': {'en': 'x'}, 'excludes': {'en': 'y'}} if tree == 'purpose' and self.chance(.5) else {}), **extra)
        self.ungrantable = {(x['tree'], x['name']) for x in self.recs if x.get('grantable') is False}
        conditions = []
        for _ in range(r.randint(0, 3)):
            att = self.some(['un.a', 'un.b', 'un.c'], 3)
            c = self.add(START + 2, 'condition', r.choice(['co', 'us', 'uk']), text={'en': 't'}, attestors=att,
                         quorum=r.randint(1, len(att)), window=r.choice([10, 100]))
            conditions.append(c)
            for _ in range(r.randint(0, 5)):
                t = START + r.randint(3, 300)
                o = t - r.randint(0, 3)
                self.add(t, 'attestation', r.choice(att), condition=c['id'], status=r.choice(['holds', 'ended', 'ended']),
                         observed=when(o), _observed=o, source={'who': 'w', 'via': [], 'status': 'stated', 'date': when(o)})
        for _ in range(r.randint(0, 5)):
            self.order(conditions)
        for _ in range(r.randint(4, 30)):
            self.agreement(conditions)
        if self.chance(.4):
            self.add(START + r.randint(3, 300), 'recall', r.choice(PARTIES), report='r%d' % r.randint(0, 5), text={'en': 'x'})
        return self.recs

    def order(self, conditions):
        r, t = self.r, START + self.r.randint(3, 200)
        issuer = r.choice(['co', 'us', 'uk', 'jtf', 'co.navy', 'us.guard'])
        e = t + r.choice([0, 0, 50])
        m = dict(kind=r.choice(['suspend', 'restrict']), subject=self.some([p for p in PARTIES if parts_under(p, issuer)], 1),
                 counterpart=self.some(PARTIES), direction=r.choice(['give', 'take', 'both']), effective=when(e), _effective=e,
                 public=False, reopen='hold', authentic='en', text={'en': 'x'})
        for k in ('topic', 'region'):
            if self.chance(.4):
                m[k] = r.choice(TREES[k])
        if m['kind'] == 'restrict' or self.chance(.2):
            m['purposes'] = self.some(TREES['purpose'])
        if self.chance(.3):
            m['channels'] = self.some(TREES['channel'])
        if self.chance(.3):
            m['_until'] = e + r.choice([1, 60, 120])
            m['until'] = when(m['_until'])
        if self.chance(.4):
            m['while'] = r.choice([c['id'] for c in conditions] + ['no-such'])
        m['except'] = []
        for _ in range(r.choice([0, 0, 1, 2])):
            x = {k: r.choice(TREES[k]) for k in TREES if self.chance(.3)}
            if self.chance(.3):
                x['counterpart'] = r.choice(PARTIES)
            if set(x) - {'purpose'}:
                m['except'].append(x)
        o = self.add(t, 'order', issuer, **m)
        if self.chance(.25):
            self.add(e + r.randint(1, 100), 'lift', issuer, order=o['id'], reopen='hold')

    def agreement(self, conditions):
        r, t = self.r, START + self.r.randint(3, 100)
        frm = r.choice(['co', 'us', 'uk', 'jtf'] if self.chance(.7) else PARTIES[:12])
        ok = [p for p in TREES['purpose'] if not any(tr == 'purpose' and parts_under(p, n) for tr, n in self.ungrantable)]
        if not ok:
            return
        nb = t + r.choice([0, 0, 40])
        m = dict(from_=frm, to=r.choice(['us', 'us.guard', 'uk', 'co', 'jtf', 'us.guard.d7']), purposes=self.some(ok, min(2, len(ok))),
                 not_before=when(nb), _not_before=nb, custody=self.chance(.5))
        for k in ('topic', 'region'):
            if self.chance(.3) and not any(tr == k for tr, _ in self.ungrantable):
                m[k] = r.choice(TREES[k])
        if self.chance(.2) and not any(tr == 'channel' for tr, _ in self.ungrantable):
            m['channels'] = self.some(TREES['channel'])
        if self.chance(.2):
            m['_not_after'] = nb + r.choice([1, 100])
            m['not_after'] = when(m['_not_after'])
        if self.chance(.15):
            m['require'] = {'identified': r.choice(['all', 'some'])}
        if self.chance(.2) and conditions:
            m['while'] = r.choice(conditions)['id']
        if self.chance(.5):
            m['obligations'] = self.some([{'duty': 'no-onward'}, {'duty': 'report-outcome', 'within': 60}, {'duty': 'attribute'}])
        if not m['custody'] and self.chance(.5):
            del m['custody']
        a = self.add(t, 'agreement', r.choice([frm, frm.split('.')[0]]), **m)
        if self.chance(.15):
            self.add(t + r.randint(1, 150), 'end', a['issuer'], of=a['id'])

    def report(self, depth=0):
        r = self.r
        p = {'originator': r.choice(PARTIES[:12] + (['zz.none'] if self.chance(.2) else []))}
        if self.chance(.7):
            p['topics'] = self.some(TREES['topic'] + ['odd'] * self.chance(.1)) if self.chance(.95) else []
        if self.chance(.7):
            p['regions'] = self.some(TREES['region'])
        if self.chance(.25):
            p['custodians'] = self.some(PARTIES[:12])
        if self.chance(.07):
            p['never'] = self.some(TREES['purpose'] + ['undeclared'])
        if self.chance(.07):
            p['releasable_to'] = self.some(PARTIES)
        if self.chance(.6):
            p['persons'] = {'identified': r.choice(['none', 'some', 'all', 'unknown'])}
        if self.chance(.07):
            p['_valid_until'] = START + r.randint(0, 400)
            p['valid_until'] = when(p['_valid_until'])
        if depth == 0 and self.chance(.15):
            p['derived_from'] = [self.report(1) for _ in range(r.randint(1, 2))]
        return p

    def request(self, i):
        r = self.r
        q = {'recipient': r.choice(['us', 'us.guard', 'us.guard.d7', 'us.dea', 'uk', 'co', 'jtf', 'jtf.west'] + ['zz'] * self.chance(.1)),
             'purpose': r.choice(TREES['purpose'] + ['undeclared'] * self.chance(.3)), 'channel': r.choice(TREES['channel'] + [None, 'odd'])}
        now, rep, rid = START + r.randint(1, 350), self.report(), 'r%d' % r.randint(0, 5)
        ctx = {'purpose': q['purpose'], 'time': when(now)}
        if q['channel']:
            ctx['channel'] = q['channel']
        line = {'id': 'q%d' % i, 'subject': {'type': 'party', 'id': q['recipient']}, 'action': {'name': 'open'},
                'resource': {'type': 'report', 'id': rid, 'properties': rep}, 'context': ctx}
        return q, now, rep, rid, line


def clean(x):
    if isinstance(x, dict):
        return {k: clean(v) for k, v in x.items() if not k.startswith('_')}
    return [clean(v) for v in x] if isinstance(x, list) else x


def write(recs, r, folder):
    """The same records as one of the shapes a person may write: lines, one array of pretty objects, several files in a folder."""
    text = [json.dumps(clean(x), indent=r.choice([None, 2])) for x in recs]
    path = os.path.join(folder, 'records.jsonl')
    with open(path, 'w') as f:
        f.write('\n'.join(text) + '\n')
    return path


def main():
    tool, worlds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 60
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    print('1..2')
    bad, shape, seen = [], [], {}
    for seed in range(first, first + worlds):
        m = Maker(seed)
        recs = m.world()
        asks = [m.request(i) for i in range(60)]
        with tempfile.TemporaryDirectory() as d:
            path = write(recs, m.r, d)
            qpath = os.path.join(d, 'q.jsonl')
            with open(qpath, 'w') as f:
                f.writelines(json.dumps(clean(a[4])) + '\n' for a in asks)
            got = subprocess.run([tool, 'decide', '--unsigned', '--records', path, '--requests', qpath], capture_output=True, text=True)
        if got.returncode != 0 or got.stderr:
            bad.append('seed %d: exit %d: %s' % (seed, got.returncode, got.stderr[:600]))
            continue
        lines = got.stdout.splitlines()
        if len(lines) != len(asks):
            bad.append('seed %d: %d answers to %d requests' % (seed, len(lines), len(asks)))
            continue
        worlds_at = {}
        for (q, now, rep, rid, line), text in zip(asks, lines):
            w = worlds_at.setdefault(now, World(recs, now))
            ok, reason, orders, agreements, duties = w.decide(q, rep, rid)
            want = {'id': line['id'], 'decision': ok, 'context': {'reason': reason, 'orders': orders, 'agreements': agreements, 'obligations': duties}}
            have = json.loads(text)
            seen[reason] = seen.get(reason, 0) + 1
            if have != want:
                bad.append('seed %d %s\n#  want %s\n#  have %s\n#  ask  %s' % (seed, line['id'], json.dumps(want), text, json.dumps(clean(line))))
            elif text != json.dumps(want, separators=(',', ':')):
                shape.append('%s is not %s' % (text, json.dumps(want, separators=(',', ':'))))
    for b in bad[:5]:
        print('# ' + b)
    print('# reasons met: %s; %d of all disagree' % (seen, len(bad)))
    print(('ok' if not bad and len(seen) >= 7 else 'not ok') + ' 1 - the tool and an evaluator from the text alone agree on %d worlds' % worlds)
    for s in shape[:3]:
        print('# ' + s)
    print(('ok' if not shape else 'not ok') + ' 2 - an answer has the members, order and spacing of the issue')
    return 1 if bad or shape else 0


if __name__ == '__main__':
    sys.exit(main())
