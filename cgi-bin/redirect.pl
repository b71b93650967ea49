#!/usr/bin/perl
# Three ways to send somebody on, chosen by the path after the script's name:
#   /local   the server itself fetches another path; the browser never learns of it
#   /client  an absolute URL: the browser is told 302 and asks again
#   /moved   the same with a status and a document of one's own
# The places are fixed: a script that redirects to wherever its input says is a trap for others.
use strict;
use warnings;

my $choice = $ENV{PATH_INFO} // '';
my $script = $ENV{SCRIPT_NAME} // '/cgi-bin/redirect.pl';
my $host   = $ENV{SERVER_NAME} // 'localhost';
my $port   = $ENV{SERVER_PORT} // '80';
my $origin = ($ENV{REQUEST_SCHEME} // 'http') . "://$host" . ($port eq '80' ? '' : ":$port");

(my $env = $script) =~ s{[^/]*$}{env.sh};    # the neighbour that prints its environment

if ($choice eq '/local') {
    print "Location: $env?sent-by=local-redirect\n\n";
}
elsif ($choice eq '/client') {
    print "Location: $origin$env?sent-by=client-redirect\n\n";
}
elsif ($choice eq '/moved') {
    print "Status: 301 Moved Permanently\n";
    print "Location: $origin/\n";
    print "Content-Type: text/plain; charset=utf-8\n\n";
    print "This has moved to $origin/\n";
}
else {
    print "Status: 404 Not Found\n" if $choice ne '';
    print "Content-Type: text/plain; charset=utf-8\n\n";
    print "Ask for $script/local, $script/client or $script/moved\n";
}
