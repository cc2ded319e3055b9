#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""proviso doctor: nothing to find in the recipes of docs/doors.md, and each trap that the page names found in a recipe that has it."""
import json

import house
from house import rig

tap = rig.Tap()
AT = rig.TEMP / "doctor"
NGINX = house.recipe("nginx")
POSTFIX = house.recipe("postfix")
MASTER = """smtp inet n - y - - smtpd
pickup unix n - y 60 1 pickup
rewrite unix - - y - - trivial-rewrite
"""


def doctor(*args):
    done = rig.tool(None, "--json", "doctor", *args, must=False)
    return done, (done.json() if done.status in (0, 1) else None)


def nginx(text, *more):
    AT.mkdir(exist_ok=True)
    (AT / "nginx.conf").write_text(f"events {{ }}\nhttp {{\n{text}\n}}\n")
    return doctor("--nginx", AT / "nginx.conf", *more)


def postfix(main, master=MASTER, *more):
    AT.mkdir(exist_ok=True)
    (AT / "main.cf").write_text("compatibility_level = 3.6\n" + main)
    (AT / "master.cf").write_text(master)
    return doctor("--postfix", AT, *more)


def found(result, grave, says, name):
    done, answer = result
    good = done.status == 1 and any(f["grave"] == grave and says in f["what"] and f["fix"] for f in answer["findings"])
    tap.ok(good, name, done)


def swap(text, old, new):
    assert old in text, old
    return text.replace(old, new)


done, answer = nginx(NGINX)
tap.ok(done.status == 0 and answer == {"doors": 1, "findings": []}, "the nginx recipe has no trap", done)
done, answer = postfix(POSTFIX)
tap.ok(done.status == 0 and answer == {"doors": 2, "findings": []}, "the Postfix recipe has none", done)

OPENS, SHUTS, SLOW = "opens", "shuts", "slow"
for old, new, grave, says, name in (
        ("auth_request /_proviso;", "auth_request /_proviso;\n satisfy any;", OPENS, "passes without the door", "satisfy any"),
        ("root /srv/www;", "root /srv/www; auth_request off;", OPENS, "does not ask", "auth_request off"),
        ("auth_request /_proviso;", "", OPENS, "does not ask", "no auth_request"),
        ("auth_request /_proviso;", "auth_request /other;", OPENS, "no location that asks", "auth_request to something else"),
        ("auth_request /_proviso;", "auth_request /_proviso;\n error_page 403 =200 /sorry.html;", OPENS, "another answer", "error_page 403 =200"),
        ("auth_request /_proviso;", "auth_request /_proviso;\n error_page 500 502 = @back;", OPENS, "another answer", "error_page 500 = @back"),
        ("auth_request /_proviso;", "auth_request /_proviso;\n error_page 500 @back;", OPENS, "another answer", "error_page 500 @back"),
        ("proxy_read_timeout             2s;", "", SLOW, "proxy_read_timeout", "no read time-out"),
        ("proxy_connect_timeout          1s;", "proxy_connect_timeout 2m;", SLOW, "proxy_connect_timeout", "a long one"),
        ("internal;", "", OPENS, "ask at the door themselves", "a door that is not internal"),
        ("internal;", "internal; proxy_cache x;", OPENS, "cached", "a cache"),
        ("internal;", "internal; proxy_intercept_errors on;", OPENS, "another one", "intercepted errors"),
        ("proxy_pass_request_headers     off;", "", OPENS, "client's own headers", "the client's headers"),
        ("proxy_ssl_verify               on;", "", OPENS, "answer for the gateway", "no verification"),
        ("https://proviso/door/web", "http://192.0.2.1/door/web", OPENS, "without TLS", "no TLS"),
        ("proxy_set_header               X-Real-IP         $remote_addr;", "", SHUTS, "X-Real-IP", "a header that is missing"),
        ("proxy_set_header               Content-Length    \"\";", "", SHUTS, "uploads", "a Content-Length that is left"),
        ("proxy_pass_request_body        off;", "", SHUTS, "body", "a body"),
        ("https://proviso/door/web", "https://proviso/other", OPENS, "no location asks", "no door at all")):
    found(nginx(swap(NGINX, old, new)), grave, says, f"nginx: {name}")
found(nginx(NGINX + "\nserver { listen 8080; location / { root /srv/www; } }"), OPENS, "does not ask", "nginx: another server to the same files")
found(nginx(NGINX + "\nserver { listen 8080; root /srv/www; }"), OPENS, "does not ask", "nginx: another server without a location")
(AT / "more.conf").write_text("location /more { auth_request off; root /srv; }\n")
result = nginx(swap(NGINX, "location / {", "include more.conf;\n location / {"))
found(result, OPENS, "does not ask", "nginx: in a file that is included")
tap.ok(any(f["file"].endswith("more.conf") and f["line"] == 1 for f in result[1]["findings"]), "with its name and line", result[0])
done, _ = nginx("server { location / { root x; ")
tap.ok(done.status == 2, "nginx: a file that is none is an error", done)

CHECK = "check_policy_service { inet:127.0.0.1:10041, timeout=10s }"
for old, new, grave, says, name in (
        (CHECK, "check_policy_service { inet:127.0.0.1:10041, timeout=10s, default_action=DUNNO }", OPENS, "without an answer", "default_action=DUNNO"),
        ("smtpd_policy_service_timeout = 10s", "smtpd_policy_service_timeout = 10s\nsmtpd_policy_service_default_action = dunno", OPENS,
         "without an answer", "smtpd_policy_service_default_action"),
        (f"    {CHECK}\n    permit_mynetworks\n", f"    permit_mynetworks\n    {CHECK}\n", OPENS, "permit_mynetworks stands before", "a permit before the check"),
        (f"    {CHECK}\n", f"    check_client_access hash:/x\n    {CHECK}\n", OPENS, "check_client_access stands before", "a table before the check"),
        (f"    {CHECK}\n", f"    warn_if_reject\n    {CHECK}\n", OPENS, "only logged", "warn_if_reject"),
        (f"    {CHECK}\n", "", OPENS, "nothing is asked at RCPT", "no check"),
        ("timeout=10s", "timeout=100s", SLOW, "waits", "a long time-out"),
        ("transport_maps = socketmap:inet:127.0.0.1:10042:transport", "", OPENS, "nothing is asked at delivery", "no look-up"),
        ("transport_maps = socketmap", "transport_maps = hash:/etc/postfix/transport, socketmap", OPENS, "stands before our look-up",
         "another map before"),
        ("smtpd_policy_service_timeout", "content_filter = smtp:[127.0.0.1]:10025\nsmtpd_policy_service_timeout", OPENS, "content_filter",
         "a content filter")):
    found(postfix(swap(POSTFIX, old, new)), grave, says, f"Postfix: {name}")
found(postfix("smtpd_data_restrictions = " + CHECK + "\ntransport_maps = socketmap:inet:127.0.0.1:10042:transport\n"), OPENS, "recipients are not told",
      "Postfix: the check at DATA")
found(postfix("smtpd_delay_reject = no\nsmtpd_sender_restrictions = " + CHECK + "\ntransport_maps = socketmap:inet:127.0.0.1:10042:transport\n"), OPENS,
      "before the recipient is known", "Postfix: the check at MAIL, at once")
result = postfix(POSTFIX, MASTER + "submission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject\n")
found(result, OPENS, "submission: nothing is asked at RCPT", "Postfix: another smtpd with a list of its own")
tap.ok(any(f["file"].endswith("master.cf") and f["line"] == 4 for f in result[1]["findings"]), "with its file and line", result[0])
found(postfix(POSTFIX, swap(MASTER, "trivial-rewrite", "trivial-rewrite -o transport_maps=")), OPENS, "nothing is asked at delivery",
      "Postfix: the look-up undone for the service that does it")
done, answer = postfix("check = " + CHECK + "\nsmtpd_recipient_restrictions = $check, reject_unauth_destination\ntransport_maps = proxy:socketmap:inet:127.0.0.1:10042:co.army\n")
tap.ok(done.status == 0, "names of names, and proxy:, are understood", done)
done, _ = postfix("a = $b\nb = $a$a$a$a\nsmtpd_recipient_restrictions = $a\n")
tap.ok(done.status == 1, "values that name each other come to an end", done)

settings = AT / "provisod.conf"
settings.write_text('doors: { policy = "127.0.0.1:10041"; lookup = "127.0.0.1:10042"; };\n')
done, _ = postfix(POSTFIX, MASTER, "--config", settings)
tap.ok(done.status == 0, "with the settings of the daemon: what is asked is ours", done)
settings.write_text('doors: { policy = "127.0.0.1:10051"; lookup = "127.0.0.1:10042"; };\n')
found(postfix(POSTFIX, MASTER, "--config", settings), OPENS, "nothing is asked at RCPT", "a check that asks somebody else is none")
settings.write_text('doors: { policy = "127.0.0.1:10041"; };\n')
found(postfix(POSTFIX, MASTER, "--config", settings), SHUTS, "not both there", "a listener that is not there")
settings.write_text('doors: { polcy = "127.0.0.1:10041"; };\n')
done, _ = postfix(POSTFIX, MASTER, "--config", settings)
tap.ok(done.status in (2, 3), "settings that do not read are an error", done)
done = rig.tool(None, "doctor", "--nginx", AT / "nginx.conf", must=False)
tap.ok(done.status == 2 and "nginx.conf" in done.err, "an error names the file", done)
tap.done()
