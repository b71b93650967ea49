#!/usr/bin/perl
# A cookie: a note that the server hands to the browser and that the browser brings back with each
# request. This one counts visits; /forget takes it back.
# Whoever holds a cookie can change it: treat it as input, and keep no secret in it.
use strict;
use warnings;

my $script = $ENV{SCRIPT_NAME} // '/cgi-bin/cookie.pl';
my $forget = ($ENV{PATH_INFO} // '') eq '/forget';
my ($visits) =
    ($ENV{HTTP_COOKIE} // '') =~ /(?:^|; )visits=([0-9]{1,6})(?:;|$)/;
$visits = $forget ? 0 : ($visits // 0) + 1;
my $seconds = $forget ? 0 : 24 * 60 * 60; # 0: drop it now

# Path: this script alone gets it back. HttpOnly: no script in a page can
# read it. SameSite: it does not come with what other sites' pages send.
print "Set-Cookie: visits=$visits; Path=$script; Max-Age=$seconds;",
    " HttpOnly; SameSite=Lax\n";
print "Cache-Control: no-store\n";
print "Content-Type: text/plain; charset=utf-8\n\n";
print $forget ? "Forgotten.\n" : "Visit number $visits.\n";
