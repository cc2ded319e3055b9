# SPDX-License-Identifier: Apache-2.0
# What the fixture's agreements and orders say, written for OPA: its data is keyed by report and by party, as its manual advises.
package authz

default allow := false

parties := {"alice": ["cert", "cert.user", "cert.user.alice"], "bob": ["cert", "cert.user", "cert.user.bob"]}

reports := {sprintf("record-%d", [i]): {"topic": topic(i)} | some i in numbers.range(1, 100)}

topic(i) := "archived" if i == 2

topic(i) := "active" if i != 2

agreements := [
	{"to": "cert.user", "purpose": "read"},
	{"to": "cert.user.alice", "purpose": "write", "topic": "active"},
	{"to": "cert.user.alice", "purpose": "delete.soft-true", "topic": "active"},
]

suspended := set()

allow if {
	report := reports[input.resource.id]
	some above in parties[input.subject.id]
	not suspended[above]
	some agreement in agreements
	agreement.to == above
	agreement.purpose == input.action.name
	object.get(agreement, "topic", report.topic) == report.topic
}

many := [decision | some one in input.evaluations; decision := {"decision": permitted(one)}]

default permitted(_) := false

permitted(one) if data.authz.allow with input as object.union(input, one)
