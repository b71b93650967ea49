#!/bin/sh
# The smallest useful script: header lines, an empty line, then the content. Here the content is
# the environment, which is where a script finds everything about the request but its body.
# Try /cgi-bin/env.sh/some/path?a=1&b=2 and look for PATH_INFO and QUERY_STRING.

# Tells the browser what follows. "nosniff": it is to believe that and not guess from the bytes.
echo 'Content-Type: text/plain; charset=utf-8'
echo 'X-Content-Type-Options: nosniff'
echo

# PWD is not the server's: the shell adds it when it starts.
unset PWD
env | sort
