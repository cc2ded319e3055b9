# SPDX-License-Identifier: Apache-2.0
# What the fixture's records say, for OPA: data are keyed, as its manual advises, and given beside this file.
package authz

default allow := false

allow if permitted(input)

many := [{"decision": decided(object.union(input, one))} | some one in input.evaluations]

default decided(_) := false

decided(ask) if permitted(ask)

permitted(ask) if {
	some above in data.parties[ask.subject.id]
	not data.suspended[above]
	some agreement in data.agreements[above][ask.action.name]
	object.get(agreement, "topic", data.reports[ask.resource.id].topic) == data.reports[ask.resource.id].topic
}
