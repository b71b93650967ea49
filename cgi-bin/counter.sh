#!/bin/sh
# Content that grows while you watch: one server-sent event a second. Each echo reaches the browser
# at once, and the script is stopped when the browser leaves. ?count=N asks for N events, 1 to 60.

count=10
case ${QUERY_STRING-} in
  count=*) count=${QUERY_STRING#count=} count=${count%%&*} ;;
esac
case $count in
  '' | *[!0-9]*) count=10 ;; # not a number: never let input near the shell's arithmetic unchecked
  0?) count=${count#0} ;;
  ???*) count=60 ;;
esac
[ "$count" -gt 60 ] && count=60
[ "$count" -lt 1 ] && count=1

# A page that follows the events asks for them by name; whoever opens the address gets plain text.
case ${HTTP_ACCEPT-} in
  *text/html*) echo 'Content-Type: text/plain; charset=utf-8' ;;
  *) echo 'Content-Type: text/event-stream; charset=utf-8' ;;
esac
echo 'Cache-Control: no-store'
echo 'Vary: Accept'
echo 'X-Content-Type-Options: nosniff'
echo
echo ': counting'
echo

n=1
while :; do
  echo "id: $n"
  echo "data: $n of $count at $(date -u +%T) UTC"
  echo
  [ "$n" -ge "$count" ] && break
  n=$((n + 1))
  sleep 1
done
# Without this the browser would connect again and count from the start.
echo 'event: done'
echo "data: $count"
echo
