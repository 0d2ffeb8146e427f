"""Explanations of the IX codes: talking to an index."""

from __future__ import annotations

from tooling.explanations import Explanation

ENTRIES: dict[str, Explanation] = {
    "IX01": Explanation(
        title="the address of the index cannot be meant",
        meaning="NEXUS_URL is no http or https address, names no host, holds a space, names another repository than "
        "NEXUS_REPOSITORY does, or a repository's name has characters that Nexus does not allow.",
        remedy="Give the root of the server, such as http://nexus.example.com:8081 or https://example.com/nexus. A "
        "repository's own address and its /simple/ address are understood too.",
    ),
    "IX02": Explanation(
        title="nothing answers there",
        meaning="The host's name is unknown, or nothing accepts connections on that port: a typing mistake, a server "
        "that is down or still starting (Nexus takes minutes), a firewall, a missing VPN.",
        remedy="Open the address in a browser on this machine. If it needs a proxy, set HTTPS_PROXY or HTTP_PROXY.",
    ),
    "IX03": Explanation(
        title="no trusted TLS connection",
        meaning="The certificate is not signed by an authority this machine trusts, names another host, has expired; "
        "or the server speaks plain HTTP on that port.",
        remedy="Set SSL_CERT_FILE to the bundle with your organisation's authority, or correct the scheme and host. "
        "Verification cannot be turned off: a password would go to whoever answers.",
    ),
    "IX04": Explanation(
        title="the proxy on the way refuses",
        meaning="HTTP_PROXY or HTTPS_PROXY names a proxy that wants credentials or does not allow this host.",
        remedy="Correct the proxy's address, or add the index's host to NO_PROXY.",
    ),
    "IX05": Explanation(
        title="the connection broke or timed out",
        meaning="The server, or something between, closed the connection before its answer, or sent nothing for a "
        "minute. A file that was being uploaded may or may not have arrived; that is asked before it is sent again.",
        remedy="Run again: what arrived is recognised by its hash, the rest continues.",
    ),
    "IX06": Explanation(
        title="wrong user or password",
        meaning="The server answered 401 to the credentials it was sent. It does so even where anybody may read. A "
        "locked or disabled user, and a password that a shell changed ($, ! or & unquoted), look the same.",
        remedy="Correct NEXUS_USERNAME and NEXUS_PASSWORD; look for an older entry in .env, keyring, netrc or .pypirc.",
    ),
    "IX07": Explanation(
        title="credentials are missing",
        meaning="An upload needs a user, and none was given.",
        remedy="Set NEXUS_USERNAME and NEXUS_PASSWORD in the environment or in .env.",
    ),
    "IX08": Explanation(
        title="a right is missing",
        meaning="The user is known but may not do this. The classic route needs read and add on the repository, the "
        "Components API browse, read, add and edit, healing a stale page browse and delete.",
        remedy="Ask an administrator for a role with nx-repository-view-pypi-REPOSITORY-read and -add (and -browse, "
        "-edit, -delete where needed).",
    ),
    "IX09": Explanation(
        title="licence terms not accepted",
        meaning="A Nexus Community Edition since 3.77 serves no repository content, with 403, until its End User "
        "License Agreement has been accepted. It looks like a missing right and is none.",
        remedy="An administrator signs in to the web interface and accepts it, or posts it to /service/rest/v1/system/"
        "eula.",
    ),
    "IX10": Explanation(
        title="usage limit of the Community Edition passed",
        meaning="Beyond its number of components or requests a Community Edition refuses new files with 403; what is "
        "there stays readable.",
        remedy="An administrator removes what nobody uses (cleanup policies, old proxy content) or buys a licence.",
    ),
    "IX11": Explanation(
        title="no such repository",
        meaning="The server is Nexus and has no repository of that name.",
        remedy="Set NEXUS_REPOSITORY to one of the hosted PyPI repositories that the message lists, or create it.",
    ),
    "IX12": Explanation(
        title="not a hosted PyPI repository",
        meaning="Groups and proxies are for reading, and a repository of another format takes other files.",
        remedy="Set NEXUS_REPOSITORY to a hosted PyPI repository; installers keep using the group (NEXUS_GROUP).",
    ),
    "IX13": Explanation(
        title="no index at that address",
        meaning="Something answers, but it is not Nexus, or Nexus lives below another path (a context path such as "
        "/nexus/), or for kind simple there are no simple pages.",
        remedy="Set NEXUS_URL to what stands before /repository/ in the address of a repository. For an index that is "
        "not Nexus set NEXUS_KIND to simple.",
    ),
    "IX14": Explanation(
        title="the address redirects",
        meaning="The server sends requests to another address, usually from http to https. Following that with an "
        "upload would send the password over the first, unprotected connection every time.",
        remedy="Set NEXUS_URL to the address that the message names.",
    ),
    "IX15": Explanation(
        title="the server is read-only",
        meaning="The whole Nexus server is frozen, usually while a backup runs: reading works, writing answers 503.",
        remedy="Run again later, or ask an administrator to release it.",
    ),
    "IX16": Explanation(
        title="the repository is offline",
        meaning="An administrator has taken the repository offline; it answers 503 to everything.",
        remedy="Ask for it to be set online, or publish to another one with NEXUS_REPOSITORY.",
    ),
    "IX17": Explanation(
        title="deployment policy is read-only",
        meaning="The repository's deployment policy is 'Read-only' (DENY): it takes no files at all, and cannot even "
        "store the pages that installers ask for.",
        remedy="An administrator sets the policy to 'Disable redeploy' (ALLOW_ONCE), which is what releases want.",
    ),
    "IX18": Explanation(
        title="too large for something before the index",
        meaning="Nexus has no limit on file sizes; a reverse proxy in front of it answered 413.",
        remedy="Raise its limit: client_max_body_size in nginx (1 MB unless set), LimitRequestBody in Apache httpd.",
    ),
    "IX19": Explanation(
        title="no room left",
        meaning="The blob store that holds the repository's files is full or past its quota.",
        remedy="An administrator makes room, and runs the task that compacts the blob store after deleting.",
    ),
    "IX20": Explanation(
        title="the server cannot answer now",
        meaning="It answered 408, 429 or 5xx, again and again for as long as it made sense to wait.",
        remedy="Run again later. A Nexus that is starting answers so for some minutes; otherwise its log says why.",
    ),
    "IX21": Explanation(
        title="refused for a reason of its own",
        meaning="The index refused in words that fit no known case; the message quotes them.",
        remedy="Read the quoted words; the server's log has more.",
    ),
    "IX22": Explanation(
        title="taken for another kind of file",
        meaning="With strict content type validation Nexus looks into a file, and answered 404 as what it saw is not "
        "what a file of that name should be.",
        remedy="Build the file again; a file that is whole and still refused needs the validation turned off.",
    ),
    "IX23": Explanation(
        title="an answer that cannot be read",
        meaning="A page or a REST answer is cut off, far too long, or something else altogether, such as the sign-in "
        "page of a gateway. It counts as no answer: never as an empty page.",
        remedy="Open the address in a browser to see what answers there.",
    ),
    "IX24": Explanation(
        title="the file cannot be sent as it was built",
        meaning="A file in dist/ is missing, unreadable, changed after it was built, or changed on the way.",
        remedy="Build it again: invoke build --rebuild, then publish again.",
    ),
    "IX25": Explanation(
        title="a file of that name is there",
        meaning="The index refuses to replace files, which is as it should be. Whether its file is ours is decided by "
        "its hash, never by these words.",
        remedy="Run again. With equal bytes the file counts as published; with others the version must be raised.",
    ),
    "IX26": Explanation(
        title="the file is not listed",
        meaning="A file that was to be read from the index is not on its project's page.",
        remedy="Run again to see what the index has now; publish it if it was never there.",
    ),
    "IX27": Explanation(
        title="cut off by the wish to stop",
        meaning="The run was interrupted, and a request under way was abandoned.",
        remedy="Run again: what arrived is recognised, the rest continues.",
    ),
    "IX28": Explanation(
        title="a download cannot be written",
        meaning="The disk is full, or the folder may not be written to.",
        remedy="Make room, or correct the folder's permissions.",
    ),
    "IX29": Explanation(
        title="no such group",
        meaning="Installers are told to read the repository that NEXUS_GROUP names, and the server has none of that "
        "name. Publishing is not stopped by it; the lines that install then name the hosted repository, which has no "
        "public packages.",
        remedy="Set NEXUS_GROUP to a group that has the hosted repository as a member, or to the hosted repository.",
    ),
}
