"""One application in several languages, behind FastCGI, SCGI and uwsgi: protocols.py GATEHOUSE.

Plack's FCGI server and Perl's FCGI and SCGI modules, and uWSGI with each of its three protocols, are started
here, asked through the server, and stopped. Each answers the same requests, and has one process. Those that
are not installed are left out, and it says so; where none is there, the status is 77 (skipped).
"""

import functools
import hashlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "support"))
from application import PATIENCE, Application, wait_until

# What each application answers. /env: its variables, each value as hexadecimal digits. /sum: the length and the
# sum of the body. /big: so many MiB as the query says. /stream: "first", and "second" when the file `go` is
# there. /redirect: 302. /fail: dies. /none: 204.

PSGI = r"""
use strict; use warnings; use Digest::SHA;
$| = 1;  # which is what has Perl's FCGI send what was written
my $go = "$ENV{HERE}/go";
my $app = sub {
  my $env = shift;
  my ($what) = $env->{PATH_INFO} =~ m{^/(\w*)};
  my @text = ('Content-Type' => 'text/plain');
  if ($what eq 'env') {
    return [200, [@text], [map { "$_=" . unpack('H*', $env->{$_}) . "\n" } grep { !/^psgi/ && !ref $env->{$_} } sort keys %$env]];
  }
  if ($what eq 'sum') {
    my ($sum, $size) = (Digest::SHA->new(256), 0);
    while ((my $got = $env->{'psgi.input'}->read(my $buffer, 65536)) > 0) { $size += $got; $sum->add($buffer) }
    return [200, [@text], ["$size " . $sum->hexdigest]];
  }
  return [302, ['Location' => '/app/env'], []] if $what eq 'redirect';
  return [204, [], []] if $what eq 'none';
  die "it fails\n" if $what eq 'fail';
  return sub {
    my $writer = shift->([200, [@text]]);
    if ($what eq 'stream') {
      $writer->write("first\n");
      for (1 .. 1500) { last if -e $go; select undef, undef, undef, 0.02 }
      $writer->write("second\n");
    } else {
      my $piece = pack('C*', map { $_ & 255 } 0 .. 65535);
      $writer->write($piece) for 1 .. 16 * $env->{QUERY_STRING};
    }
    $writer->close;
  };
};
"""

# The same application under what speaks FastCGI or SCGI and nothing of PSGI.
BARE = r"""
sub respond {
  my ($env, $out) = @_;
  my $answer = $app->($env);
  my $head = sub {
    my ($status, $fields) = @{$_[0]};
    my $text = "Status: $status\r\n";
    while (my ($name, $value) = splice @$fields, 0, 2) { $text .= "$name: $value\r\n" }
    print $out "$text\r\n";
  };
  if (ref $answer eq 'CODE') {
    $answer->(sub { $head->($_[0]); bless {out => $out}, 'Writer' });
  } else {
    $head->($answer);
    print $out join '', @{$answer->[2]};
  }
}
package Writer;
sub write { print {$_[0]{out}} $_[1]; $_[0]{out}->flush }
sub close { }
package main;
"""

PERL_FCGI = PSGI + BARE + r"""
use FCGI; use IO::Handle;
my %env;
my ($in, $out, $err) = (IO::Handle->new, IO::Handle->new, IO::Handle->new);
my $request = FCGI::Request($in, $out, $err, \%env, FCGI::OpenSocket($ARGV[0], 64));
while ($request->Accept() >= 0) {
  eval { respond({%env, 'psgi.input' => $in}, $out); 1 } or do {
    print $err $@;
    print $out "Status: 500\r\nContent-Type: text/plain\r\n\r\n";
  };
  $request->Finish;
}
"""

PERL_SCGI = PSGI + BARE + r"""
use SCGI; use IO::Socket::UNIX;
$SIG{PIPE} = 'IGNORE';
my $socket = IO::Socket::UNIX->new(Listen => 64, Local => $ARGV[0]) or die $!;
my $scgi = SCGI->new($socket, blocking => 1);
while (my $request = $scgi->accept) {
  $request->read_env;
  my $connection = $request->connection;
  my %env = %{$request->env};
  my $body = '';
  read $connection, $body, $env{CONTENT_LENGTH} if $env{CONTENT_LENGTH};
  open my $in, '<', \$body;
  bless $in, 'IO::Handle';
  eval { respond({%env, 'psgi.input' => $in}, $connection); 1 }
    or print $connection "Status: 500\r\nContent-Type: text/plain\r\n\r\n";
  $request->close;
}
"""

PYTHON = r"""
import hashlib, os, time
GO = os.path.join(os.environ["HERE"], "go")
def stream():
    yield b"first\n"
    for _ in range(1500):
        if os.path.exists(GO): break
        time.sleep(0.02)
    yield b"second\n"
def application(environ, start_response):
    what = environ["PATH_INFO"].split("/")[1]
    text = [("Content-Type", "text/plain")]
    if what == "redirect":
        start_response("302 Found", [("Location", "/app/env")])
        return [b""]
    if what == "none":
        start_response("204 No Content", [])
        return []
    if what == "fail":
        raise ValueError("it fails")
    if what == "env":
        answer = ["%s=%s\n" % (name, value.encode("latin-1").hex()) for name, value in sorted(environ.items())
                  if isinstance(value, str)]
        answer = "".join(answer).encode()
    elif what == "sum":
        total, size = hashlib.sha256(), 0
        while True:
            piece = environ["wsgi.input"].read(65536)
            if not piece: break
            total.update(piece)
            size += len(piece)
        answer = ("%d %s" % (size, total.hexdigest())).encode()
    start_response("200 OK", text)
    if what == "stream": return stream()
    if what == "big":
        piece = bytes(range(256)) * 256
        return (piece for _ in range(16 * int(environ["QUERY_STRING"])))
    return [answer]
"""


def told(data):
    return f"{len(data)} {hashlib.sha256(data).hexdigest()}"


@functools.cache
def has_perl(module):
    return shutil.which("perl") and subprocess.run(["perl", f"-M{module}", "-e1"], capture_output=True).returncode == 0


@functools.cache
def has_uwsgi():
    asked = ["uwsgi", "--plugin", "python3", "--help"]
    return shutil.which("uwsgi") and subprocess.run(asked, capture_output=True).returncode == 0


class OneApplication:
    """What holds for each of them. self.serves() starts it at self.address, and returns its protocol."""

    def setUp(self):
        super().setUp()
        self.address = self.dir / "sock"
        self.errors = (self.dir / "errors").open("w+")
        self.addCleanup(self.errors.close)
        protocol = self.serves()
        wait_until(self.address.exists)
        self.serve("--map", f"/app {protocol}:unix:{self.address}")

    def run_program(self, *argv):
        self.start(*argv, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors, cwd=self.dir,
                   env={**os.environ, "HERE": str(self.dir)})

    def run_perl(self, text):
        (self.dir / "application.pl").write_text(text)
        self.run_program("perl", self.dir / "application.pl", self.address)

    def variables(self, path, method="GET", body=None, **fields):
        status, answer, _ = self.ask(path, method, body, **fields)
        self.assertEqual(status, 200, answer)
        pairs = (line.split("=") for line in answer.decode().splitlines())
        return {name: bytes.fromhex(value).decode() for name, value in pairs}

    def test_variables_are_what_was_asked(self):
        of = self.variables("/app/env/a/b?c=d&e=%20", Odd="x; y=\"z\"")
        self.assertEqual((of["SCRIPT_NAME"], of["PATH_INFO"], of["QUERY_STRING"], of["REQUEST_METHOD"], of["HTTP_ODD"]),
                         ("/app", "/env/a/b", "c=d&e=%20", "GET", "x; y=\"z\""))
        self.assertEqual(of["SERVER_PORT"], str(self.port))

    def test_unusual_characters_arrive(self):
        for written, path in (("/env/a%20b", "/env/a b"), ("/env/%C3%A9", "/env/é"), ("/env/100%25", "/env/100%"),
                              ("/env/a+b;c=d:e@f,g", "/env/a+b;c=d:e@f,g"), ("/env/%22'%3C%3E%7C%5C%5E%60%7B%7D", "/env/\"'<>|\\^`{}"),
                              ("/env/%3Fno-query", "/env/?no-query"), ("/env/%23", "/env/#"), ("/env//two", "/env//two"),
                              ("/env/%09tab", "/env/\ttab")):
            with self.subTest(written):
                self.assertEqual(self.variables("/app" + written)["PATH_INFO"], path)
        for query in ("", "=", "%00%FF", "a|b[c]{d}\\^`\"'<>", "a?b=c?d", "x=" + "y" * 6000, "%C3%A9"):
            with self.subTest(query):
                self.assertEqual(self.variables("/app/env?" + query).get("QUERY_STRING", ""), query)

    def test_bodies_arrive_whole(self):
        for size in (0, 1, 10, 4096, 70_000, 3_000_000):
            body = os.urandom(size)
            with self.subTest(size):
                self.assertEqual(self.ask("/app/sum", "POST", body)[1].decode(), told(body))
                pieces = (body[at : at + 50_000] for at in range(0, size, 50_000))
                self.assertEqual(self.ask("/app/sum", "POST", pieces)[1].decode(), told(body))

    def test_head_redirects_and_nothing(self):
        status, body, _ = self.ask("/app/env", "HEAD")
        self.assertEqual((status, body), (200, b""))
        status, _, answer = self.ask("/app/redirect")
        self.assertEqual((status, answer.getheader("Location")), (302, "/app/env"))
        status, body, answer = self.ask("/app/none")
        self.assertEqual((status, body, answer.getheader("Content-Length")), (204, b"", None))

    def test_a_failure_is_told_and_ends_nothing(self):
        self.assertGreaterEqual(self.ask("/app/fail")[0], 500)
        self.assertEqual(self.variables("/app/env")["PATH_INFO"], "/env")

    def test_big_answers_come_whole(self):
        wanted = hashlib.sha256(bytes(range(256)) * 4096 * 64).hexdigest()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/app/big?64")
        answer, got, size = connection.getresponse(), hashlib.sha256(), 0
        while piece := answer.read(1 << 20):
            got.update(piece)
            size += len(piece)
        self.assertEqual((size, got.hexdigest()), (64 << 20, wanted))

    def test_what_was_written_comes_before_the_rest_is_made(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.request("GET", "/app/stream")
        answer = connection.getresponse()
        self.assertEqual(answer.readline(), b"first\n")
        (self.dir / "go").touch()
        self.assertEqual(answer.read(), b"second\n")

    def test_clients_that_leave_hold_nobody_up(self):
        for request in (b"GET /app/big?256 HTTP/1.1\r\nHost: h\r\n\r\n",
                        b"POST /app/sum HTTP/1.1\r\nHost: h\r\nContent-Length: 10000000\r\n\r\n" + b"x" * 300_000):
            for _ in range(3):
                with socket.create_connection(("127.0.0.1", self.port)) as client:
                    client.sendall(request)
                    if request.startswith(b"GET"):
                        client.recv(1000)
        for _ in range(3):
            self.assertEqual(self.variables("/app/env")["PATH_INFO"], "/env")


@unittest.skipUnless(shutil.which("plackup") and has_perl("FCGI"), "libplack-perl or libfcgi-perl is not installed")
class Plack(OneApplication, Application):
    def serves(self):
        (self.dir / "app.psgi").write_text(PSGI + "$app;\n")
        self.run_program("plackup", "-E", "deployment", "-s", "FCGI", "--listen", self.address, "--manager", "", "-a", self.dir / "app.psgi")
        return "fastcgi"


@unittest.skipUnless(has_perl("FCGI"), "libfcgi-perl is not installed")
class PerlFcgi(OneApplication, Application):
    def serves(self):
        self.run_perl(PERL_FCGI)
        return "fastcgi"


@unittest.skipUnless(has_perl("SCGI"), "libscgi-perl is not installed")
class PerlScgi(OneApplication, Application):
    def serves(self):
        self.run_perl(PERL_SCGI)
        return "scgi"


class Uwsgi(OneApplication):
    def serves(self):
        (self.dir / "application.py").write_text(PYTHON)
        self.run_program("uwsgi", "--plugin", "python3", f"--{self.protocol}-socket", self.address, "--wsgi-file",
                         self.dir / "application.py", "--need-app", "--die-on-term", "--buffer-size", "32768")
        return self.protocol


@unittest.skipUnless(has_uwsgi(), "uwsgi-plugin-python3 is not installed")
class UwsgiByUwsgi(Uwsgi, Application):
    protocol = "uwsgi"


@unittest.skipUnless(has_uwsgi(), "uwsgi-plugin-python3 is not installed")
class UwsgiByScgi(Uwsgi, Application):
    protocol = "scgi"


@unittest.skipUnless(has_uwsgi(), "uwsgi-plugin-python3 is not installed")
class UwsgiByFastcgi(Uwsgi, Application):
    protocol = "fastcgi"


if __name__ == "__main__":
    if not (has_perl("FCGI") or has_perl("SCGI") or has_uwsgi()):
        print("skipped: neither libfcgi-perl nor libscgi-perl nor uwsgi-plugin-python3 is installed")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + sys.argv[2:], verbosity=2)
