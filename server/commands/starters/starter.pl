#!/usr/bin/perl
# A program that answers web requests (CGI). The server runs it anew for each request:
#   - about the request: environment variables, such as REQUEST_METHOD and QUERY_STRING
#   - the request's body: standard input, CONTENT_LENGTH bytes long
#   - what it prints: header lines, an empty line, then the page
#   - error messages: standard error (warn, die), which goes to the server's log
# It is a program like any other: try it by hand with words in the place of a request, name=Ada.
use strict;
use warnings;

# What follows the ? in the address arrives in QUERY_STRING; what a form sends by POST, on standard
# input. Read as many bytes as were sent and no more, and look at the number first. Without a server
# there is no request; the words of the command line then stand for what follows the ?.
my $method = $ENV{REQUEST_METHOD} // 'GET';
my $sent   = $ENV{QUERY_STRING}   // join '&', @ARGV;
if ($method eq 'POST') {
    my $length = $ENV{CONTENT_LENGTH} || 0;
    if ($length > 65536) {
        print "Status: 413 Content Too Large\nContent-Type: text/plain\n\nAt most 64 KiB, please.\n";
        exit;
    }
    $sent = '';
    read STDIN, $sent, $length;
}

# name=Ada&tea=green becomes (name => 'Ada', tea => 'green'). In what a form sends, + stands for a
# blank and %41 for the byte 0x41.
my %field;
for my $pair (split /&/, $sent) {
    my ($key, $value) = split /=/, $pair, 2;
    $field{ decoded($key // '') } = decoded($value // '');
}

sub decoded {
    my ($text) = @_;
    $text =~ tr/+/ /;
    $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
    return $text;
}

# Never print what somebody sent as it is: <script> in it would run in the reader's browser.
sub escaped {
    my ($text) = @_;
    my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;', '"' => '&quot;', "'" => '&#39;');
    $text =~ s/([&<>"'])/$entity{$1}/g;
    return $text;
}

my $name = escaped($field{name} // 'world');
my ($safe_method, $safe_sent) = (escaped($method), escaped($sent));

# The header lines; the empty line ends them. Everything after it is the page.
print <<"END";
Content-Type: text/html; charset=utf-8

<!doctype html>
<html lang="en">
<title>Hello</title>
<h1>Hello, $name!</h1>
<form>
<p><label>Name <input name="name" value="$name"></label>
<button>Send by GET</button> <button formmethod="post">Send by POST</button></p>
</form>
<p>This came by $safe_method:</p>
<pre>$safe_sent</pre>
END
