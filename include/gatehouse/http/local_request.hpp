#pragma once
// Whether a request that comes from an address of this machine really comes from somebody here.
// What is shown to this machine alone (a diagnosis, the inspector) asks it. Pure.

#include "gatehouse/http/request.hpp"

namespace gatehouse::http {

// Whether a proxy hands the request on: one on this machine makes every client look like one of
// this machine.
bool is_forwarded(request const& request);

// Whether the name that the request asks for could be one of another site, whose page has had it
// resolved to this machine (DNS rebinding) and now reads what is for this machine: any with a dot
// in it but addresses and localhost's.
bool may_be_rebound(request const& request);

// Whether neither is so, and the client has an address of this machine: whoever asks may see what
// is for the author of the site.
bool is_from_this_machine(request const& request, bool client_is_loopback);

}  // namespace gatehouse::http
