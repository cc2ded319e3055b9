# SPDX-License-Identifier: Apache-2.0
"""A third evaluator of the decision, from the text of the rules alone: small and slow, shares nothing with the tool."""
from functools import lru_cache
from itertools import combinations

REASONS = ['report-forbids', 'not-releasable', 'expired', 'recalled', 'suspended', 'restricted', 'no-agreement']


def parts_under(x, y):
    return x == y or x.startswith(y + '.')


class World:
    """The records of one bare log that count at `now` (their times are whole seconds as numbers)."""

    def __init__(self, records, now):
        recs = [r for r in sorted(records, key=lambda r: r['_t']) if r['_t'] <= now]
        self.now = now
        self.of = lambda kind: [r for r in recs if r['record'] == kind]
        self.party = {r['name']: r for r in self.of('party')}
        self.terms = {t: {r['name']: r for r in self.of('term') if r['tree'] == t}
                      for t in ('topic', 'region', 'purpose', 'channel')}
        self.conditions = {r['id']: r for r in self.of('condition')}
        self.ended = {r['of'] for r in self.of('end')}
        self.lifted = {r['order'] for r in self.of('lift')}

    def under(self, x, y):
        return x in self.party and y in self.party and parts_under(x, y)

    def meets(self, x, y):
        return self.under(x, y) or self.under(y, x)

    @lru_cache(maxsize=None)
    def closure(self, p):
        if p not in self.party:
            return frozenset()
        out, todo = set(), [p]
        while todo:
            q = todo.pop()
            if q in out or q not in self.party:
                continue
            out.add(q)
            for d, r in self.party.items():
                if parts_under(d, q):
                    todo += r.get('was', []) + r.get('members', [])
        return frozenset(out)

    def known(self, tree, x):
        return x is not None and x in self.terms[tree]

    def condition(self, cid, issuer, counterpart=()):
        c = self.conditions.get(cid)
        if c is None or not self.under(issuer, c['issuer']):
            return 'missing'
        last = {}
        for a in self.of('attestation'):
            if a['condition'] == cid and a['issuer'] in c['attestors'] and a['id'] not in self.ended:
                last[a['issuer']] = a
        holds = [a for a in last.values() if a['status'] == 'holds']
        ended = [a for a in last.values() if a['status'] == 'ended'
                 and not any(self.under(a['issuer'], x) for x in counterpart)]
        if holds and ended:
            return 'contested'
        if len(holds) >= c['quorum']:
            return 'holds'
        for some in combinations(ended, c['quorum']):
            seen = [a['_observed'] for a in some]
            if max(seen) - min(seen) <= c['window']:
                return 'ended'
        return 'unknown'

    def order_stands(self, o):
        if o['_effective'] > self.now or o['id'] in self.lifted:
            return False
        if o.get('_until') is not None and o['_until'] <= self.now:
            return False
        return not (o.get('while') and self.condition(o['while'], o['issuer'], tuple(o['counterpart'])) == 'ended')

    def wide(self, tree, said, asked):
        """A scope of an order (none, one or several names) against what is asked."""
        if not said or not self.known(tree, asked):
            return True
        return any(parts_under(s, asked) or parts_under(asked, s) for s in said)

    def narrow(self, tree, said, asked):
        if not said:
            return True
        return self.known(tree, asked) and any(parts_under(asked, s) for s in said)

    def excepted(self, e, other, q, topic, region):
        if 'counterpart' in e and not self.under(other, e['counterpart']):
            return False
        for tree, asked in (('topic', topic), ('region', region), ('purpose', q['purpose']), ('channel', q['channel'])):
            if tree in e and not self.narrow(tree, [e[tree]], asked):
                return False
        return True

    def order_bars(self, o, q, rep):
        if not self.order_stands(o):
            return False
        if not self.wide('purpose', o.get('purposes'), q['purpose']) or not self.wide('channel', o.get('channels'), q['channel']):
            return False
        custodians = rep.get('custodians', [])
        for giver in [rep['originator']] + custodians:
            for taker in [q['recipient']] + custodians:
                if giver == taker:
                    continue
                g, t, sides = self.closure(giver), self.closure(taker), []
                if o['direction'] in ('give', 'both') and any(self.under(x, s) for x in g for s in o['subject']) \
                        and any(self.meets(x, c) for x in t for c in o['counterpart']):
                    sides.append(taker)
                if o['direction'] in ('take', 'both') and any(self.meets(x, s) for x in t for s in o['subject']) \
                        and any(self.meets(x, c) for x in g for c in o['counterpart']):
                    sides.append(giver)
                for other in sides:
                    for topic in rep.get('topics') or [None]:
                        for region in rep.get('regions') or [None]:
                            if self.wide('topic', [o['topic']] if 'topic' in o else [], topic) and \
                                    self.wide('region', [o['region']] if 'region' in o else [], region) and \
                                    not any(self.excepted(e, other, q, topic, region) for e in o['except']):
                                return True
        return False

    def grantable(self, tree, name):
        return not any(parts_under(name, n) and r.get('grantable') is False for n, r in self.terms[tree].items())

    def agreement_covers(self, a, q, rep, to, topic, region):
        if a['id'] in self.ended or a['_not_before'] > self.now or a.get('_not_after', self.now + 1) <= self.now:
            return False
        if not self.under(rep['originator'], a['from']) or not self.under(to, a['to']):
            return False
        if not self.narrow('topic', [a['topic']] if 'topic' in a else [], topic) or \
                not self.narrow('region', [a['region']] if 'region' in a else [], region):
            return False
        if not self.narrow('purpose', a['purposes'], q['purpose']) or not self.narrow('channel', a.get('channels'), q['channel']):
            return False
        if a.get('while') and self.condition(a['while'], a['issuer']) != 'holds':
            return False
        need = a.get('require', {}).get('identified')
        has = rep.get('persons', {}).get('identified')
        return not need or has == 'all' or (need == 'some' and has == 'some')

    def agreements(self, q, rep):
        custodians, found = rep.get('custodians', []), []
        for topic in rep.get('topics') or [None]:
            for region in rep.get('regions') or [None]:
                for tree, name in (('topic', topic), ('region', region), ('purpose', q['purpose']), ('channel', q['channel'])):
                    if self.known(tree, name) and not self.grantable(tree, name):
                        return None
                for to, custody in [(q['recipient'], False)] + [(c, True) for c in custodians]:
                    some = [a for a in self.of('agreement') if (not custody or a.get('custody'))
                            and self.agreement_covers(a, q, rep, to, topic, region)]
                    if not some:
                        return None
                    found += some
        return found

    def one(self, q, rep, rid):
        """(set of reasons, orders, agreements) of one report."""
        why, orders = set(), []
        for n in rep.get('never', []):
            if not self.known('purpose', n) or not self.known('purpose', q['purpose']) or \
                    parts_under(n, q['purpose']) or parts_under(q['purpose'], n):
                why.add('report-forbids')
        if 'releasable_to' in rep and not any(self.under(q['recipient'], r) for r in rep['releasable_to']):
            why.add('not-releasable')
        if rep.get('_valid_until') is not None and rep['_valid_until'] <= self.now:
            why.add('expired')
        if any(r['report'] == rid and self.under(rep['originator'], r['issuer']) for r in self.of('recall')):
            why.add('recalled')
        for o in self.of('order'):
            if self.order_bars(o, q, rep):
                orders.append(o['id'])
                why.add('suspended' if o['kind'] == 'suspend' else 'restricted')
        permits = self.agreements(q, rep)
        if permits is None:
            why.add('no-agreement')
        return why, orders, permits or []

    def decide(self, q, rep, rid):
        why, orders, permits = set(), set(), []
        for r, i in [(rep, rid)] + [(s, None) for s in rep.get('derived_from', [])]:
            w, o, p = self.one(q, r, i)
            why, orders, permits = why | w, orders | set(o), permits + p
        for reason in REASONS:
            if reason in why:
                ids = [o['id'] for o in self.of('order') if o['id'] in orders] if reason in ('suspended', 'restricted') else []
                return False, reason, ids, [], []
        ids = {a['id'] for a in permits}
        standing = [a for a in self.of('agreement') if a['id'] in ids]
        duties = []
        for a in standing:
            duties += [d for d in a.get('obligations', []) if d not in duties]
        return True, 'agreement', [], [a['id'] for a in standing], duties
