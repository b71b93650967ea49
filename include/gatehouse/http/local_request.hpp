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

}  // namespace gatehouse::http
