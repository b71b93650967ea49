#!/bin/sh
# A program that answers web requests (CGI). The server runs it anew for each request:
#   - about the request: environment variables, such as REQUEST_METHOD and QUERY_STRING
#   - the request's body: standard input, CONTENT_LENGTH bytes long
#   - what it prints: header lines, an empty line, then the page
#   - error messages: standard error (echo ... >&2), which goes to the server's log
# It is a program like any other: try it by hand with words in the place of a request, name=Ada.

# Without a server there is no request. The words then stand for what follows the ?.
if [ -z "$REQUEST_METHOD" ]; then
  REQUEST_METHOD=GET
  QUERY_STRING=$(IFS='&' && echo "$*")
fi

# What follows the ? in the address arrives in QUERY_STRING; what a form sends by POST, on standard
# input. Read as many bytes as were sent and no more, and look at the number first.
if [ "$REQUEST_METHOD" = POST ]; then
  if [ "${CONTENT_LENGTH:-0}" -gt 65536 ]; then
    printf 'Status: 413 Content Too Large\nContent-Type: text/plain\n\nAt most 64 KiB, please.\n'
    exit
  fi
  sent=$(head -c "${CONTENT_LENGTH:-0}")
else
  sent=$QUERY_STRING
fi

# In what a form sends, + stands for a blank and %41 for the byte 0x41.
decoded() {
  printf '%s' "$1" | LC_ALL=C awk '{
    gsub(/[+]/, " ")
    while (match($0, /%[0-9A-Fa-f][0-9A-Fa-f]/)) {
      digits = tolower(substr($0, RSTART + 1, 2))
      high = index("0123456789abcdef", substr(digits, 1, 1)) - 1
      low = index("0123456789abcdef", substr(digits, 2, 1)) - 1
      printf "%s%c", substr($0, 1, RSTART - 1), 16 * high + low
      $0 = substr($0, RSTART + 3)
    }
    print
  }'
}

# Never print what somebody sent as it is: <script> in it would run in the reader's browser.
escaped() {
  printf '%s' "$1" |
    sed "s/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g; s/\"/\&quot;/g; s/'/\&#39;/g"
}

# name=Ada&tea=green: what follows name=, up to the next &
fields="&$sent"
name=
case $fields in
  *'&name='*) name=${fields##*'&name='} name=$(decoded "${name%%&*}") ;;
esac
name=$(escaped "${name:-world}")

# The header lines; the empty line ends them. Everything after it is the page.
echo 'Content-Type: text/html; charset=utf-8'
echo
cat <<END
<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello, $name!</h1>
<form>
<p><label>Name <input name="name" value="$name"></label>
<button>Send by GET</button> <button formmethod="post">Send by POST</button></p>
</form>
<p>This came by $(escaped "$REQUEST_METHOD"):</p>
<pre>$(escaped "$sent")</pre>
END
