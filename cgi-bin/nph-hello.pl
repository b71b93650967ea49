#!/usr/bin/perl
# Non-parsed headers: the name begins with "nph-", so the server passes every byte on as it is. The
# script writes the whole response, status line and all, and closing the connection ends it.
use strict;
use warnings;

binmode STDOUT;
$| = 1;    # each print goes out at once

print "HTTP/1.1 200 OK\r\n";    # here lines do end in CR LF: this is HTTP and no longer CGI
print "Content-Type: text/plain; charset=utf-8\r\n";
print "Connection: close\r\n";
print "\r\n";

exit if ($ENV{REQUEST_METHOD} // 'GET') eq 'HEAD';    # nobody else leaves the content out now

print "Every byte of this response was written by nph-hello.pl, the status line too.\n";
