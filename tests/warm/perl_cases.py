"""Perl scripts that are to do the same cold and warm."""

HEAD = "#!/usr/bin/perl\n"

TEXTS = {
    "hello": 'print "Content-Type: text/plain\\n\\nHello\\n";',
    "arguments": {"arguments": ["a b", "ä", ""], "text": 'print "$0|", join("|", @ARGV), "|$^X|$]|", __FILE__, "|", __LINE__, "|", __PACKAGE__, "\\n"; print "$_\\n" for @INC; print shift;'},
    "environment": 'print "$_=$ENV{$_}\\n" for sort keys %ENV; system "env"; $ENV{NEW} = 1; delete $ENV{PATH}; system "/usr/bin/env"',
    "process": 'print getpgrp() == $$ ? "own" : "other", getppid() > 1, " $< $> $( $)\\n"; opendir my $d, "/proc/self/fd"; print join(" ", sort grep { /\\d/ } readdir $d), "\\n"; print `pwd`, time - $^T < 5, "\\n"; print umask, getpriority(0, 0);',
    "signals": '$SIG{USR1} = sub { print "got $_[0]\\n" }; kill USR1 => $$; print join ",", map { "$_=" . ($SIG{$_} // "undef") } qw(PIPE CHLD TERM INT HUP __DIE__ __WARN__);',
    "special variables": 'print defined $_ ? "set" : "undef", "|$@|", $! + 0, "|$,|", defined $\\ ? 1 : 0, "|$/|$;|$"|$|", $^W, "|${^TAINT}|$^H|$.|", "\\n"; print ${^UNICODE}, ${^OPEN} // "", $^F, $^S // "u", ${^GLOBAL_PHASE};',
    "BEGIN and END": 'BEGIN { print "begin ${^GLOBAL_PHASE}\\n" } INIT { print "init\\n" } CHECK { print "check\\n" } UNITCHECK { print "unit\\n" } END { print "end $? ${^GLOBAL_PHASE}\\n"; $? = 4 } print "main\\n"; exit 3;',
    "DATA": 'print "read: $_" while <DATA>; print tell(DATA), fileno(DATA);\n__DATA__\none\ntwo\n',
    "DATA by seek": 'seek DATA, 0, 0; print <DATA>;\n__END__\nlast\n',
    "END in a required file": {"files": {"own.pl": "print 'own'; 1;\n__DATA__\nown data\n"}, "text": 'require "./own.pl"; print <main::DATA>;\n__END__\nmain data\n'},
    "die": 'print "x\\n"; die "no such thing"',
    "die with a line": 'print "x\\n";\n\n\ndie { a => 1 } if 0;\nsub f { die "deep" }\nf();',
    "die with an errno": 'open my $f, "<", "missing" or die "missing: $!"; ',
    "die with an object": 'package E; sub new { bless {} } package main; die E->new',
    "die with a number": '$! = 0; $? = 0; die "x\\n"',
    "uncaught by a handler": '$SIG{__DIE__} = sub { print "handler: @_" }; die "x"',
    "warn": {"line": "#!/usr/bin/perl -w", "text": 'my $x; print "a" . $x; warn "careful"; my @a = (1) x -1; print $^W'},
    "use warnings": 'use strict; use warnings; my $x; print "a$x\\n"; warn "w"; print 1 + "1x";',
    "strict error": 'use strict;\n\n$x = 1;\nprint 1;',
    "syntax error": 'print 1;\nif (1 {\n',
    "missing module": 'use No::Such::Module; print 1;',
    "missing sub": 'print "a\\n"; nothing(); print "b";',
    "no output": "",
    "exit forms": 'print "x"; exit',
    "exit 7": 'print "x"; exit 7',
    "exit -1": 'exit -1',
    "exit in a sub": 'sub f { exit 2 } eval { f() }; print "never"',
    "exit in END": 'END { exit 9 } die "x\\n"',
    "POSIX::_exit": 'use POSIX (); print "lost"; POSIX::_exit(5)',
    "kill": '$| = 1; print "x"; kill TERM => $$; sleep 1',
    "objects at the end": 'package L; sub new { bless { n => $_[1] } } sub DESTROY { print "end of $_[0]{n} ${^GLOBAL_PHASE}\\n" } package main; my $g = L->new("cycle"); $g->{self} = $g; my $l = L->new("lexical"); print "main\\n"',
    "open files": 'open my $f, ">", "out/a"; print $f "text"; open F, ">>", "out/b"; print F "x" x 5000; print "done"',
    "reads a pipe": {"body": b"one\ntwo\nthree", "text": 'my $l = <STDIN>; print $l, $.; read STDIN, my $b, 100; print $b, -p STDIN ? "pipe" : "other", eof STDIN ? 1 : 0'},
    "reads a file": {"body": b"one\ntwo\nthree", "spooled": True, "text": 'print scalar <STDIN>, tell STDIN, -f STDIN ? "file" : "other", seek(STDIN, 0, 0), <STDIN>'},
    "reads nothing": 'print defined <STDIN> ? 1 : 0, -c STDIN ? "char" : "other"',
    "sysread": {"body": b"abcdef", "text": 'sysread STDIN, my $x, 3; print $x; print <STDIN>'},
    "diamond": {"body": b"a\nb\n", "text": 'print "$.:$_" while <>'},
    "buffering": 'print "a"; system "echo b"; $| = 1; print "c"; system "echo d"; print STDERR "e"; print "f"',
    "binmode": 'binmode STDOUT, ":utf8"; print "\\x{263a}\\n"; binmode STDOUT; print "\\x{263a}"',
    "utf8": 'use utf8; print length("ä☺"), "\\n"; print "ä"; print join "|", PerlIO::get_layers(STDOUT)',
    "utf8 names": {"file": "grüße ☺.pl", "text": 'print __FILE__, $0, -e $0 ? 1 : 0; die "x"'},
    "byte order mark": {"whole": b"\xef\xbb\xbfprint 1;"} if False else 'print "no mark"',
    "latin-1 source": b'print length("\xe4"), "\xe4";',
    "crlf": b'print "a";\r\nprint "b\\n";\r\n',
    "no newline at the end": b"print 1",
    "fork": '$| = 1; my $p = fork; if (!$p) { print "child\\n"; exit 3 } waitpid $p, 0; print $? >> 8, $$ == getpgrp() ? "same" : "other"',
    "pids": 'my $p = fork; if (!$p) { exit($$ == getpgrp() ? 1 : 0) } waitpid $p, 0; print $?; print `echo hi`, $?',
    "backticks": 'print `echo \\$0; exit 3`, $? >> 8; open my $p, "-|", "ls /proc/self/fd" or die; print scalar(() = <$p>)',
    "exec": '$| = 1; print "a\\n"; exec "echo", "b"',
    "exec closes": '$| = 1; exec "ls", "/proc/self/fd"',
    "caller": 'sub f { my @c = caller(0); print join "|", map { $_ // "" } @c[0 .. 4]; print defined caller(1) ? "more" : "none" } f(); print defined caller() ? 1 : 0',
    "Carp": 'use Carp qw(cluck confess); sub f { cluck "here"; confess "there" } f(1, "a")',
    "FindBin": 'use FindBin qw($Bin); print $Bin',
    "use lib": {"files": {"lib/Own.pm": "package Own; use strict; sub x { __FILE__ } 1;", "lib/POSIX.pm": "package POSIX; sub mine { 'mine' } 1;"}, "text": 'use lib "lib"; use Own; require POSIX; print Own::x(), defined &POSIX::mine ? "own" : "library"'},
    "require own": {"files": {"Own.pm": "package Own; sub x { 5 } 1;"}, "text": 'require "./Own.pm"; print Own::x()'},
    "strict and friends": 'use strict; use warnings; use POSIX qw(floor strftime); use List::Util qw(sum); use Data::Dumper; $Data::Dumper::Sortkeys = 1; use Encode; use JSON::PP; print floor(2.5), sum(1, 2), Dumper({ a => 1 }), encode_json([1, "a"]), strftime("%Y", gmtime 0)',
    "File::Temp": 'use File::Temp qw(tempfile tempdir); my $d = tempdir(DIR => "out", CLEANUP => 1); my ($f, $n) = tempfile(DIR => "out", UNLINK => 1); print $f "x"; print -d $d ? 1 : 0',
    "constant and parent": 'package A; sub new { bless [] } package B; our @ISA = "A"; package main; use constant X => 5; print X, ref B->new',
    "sort and hashes": 'my %h = (a => 1, b => 2); print join ",", map { "$_$h{$_}" } sort keys %h',
    "rand": 'srand 5; my $x = rand; srand 5; print $x == rand() ? 1 : 0; print $x',
    "formats": 'our $n = "x";\nformat STDOUT =\n@<<< end\n$n\n.\nwrite;',
    "local time": 'print scalar gmtime 0; print "\\n", (localtime)[5] > 100',
    "threads": 'use Config; print $Config{useithreads} // "none"; if ($Config{useithreads}) { require threads; print threads->create(sub { 5 })->join }',
    "source filter": {"files": {"Up.pm": "package Up; use Filter::Util::Call; sub import { filter_add(sub { my $s = filter_read(); tr/x/y/ if $s > 0; $s }) } 1;"}, "text": 'BEGIN { unshift @INC, "." } use Up;\nprint "xxx";\n'},
    "heredoc and pod": 'print <<"E";\ntext $0\nE\n\n=pod\n\nhidden\n\n=cut\n\nprint __LINE__;',
    "line directive": '# line 200 "other"\nwarn "x"; print __FILE__, __LINE__;',
    "warnings to main": 'use warnings; sub f { } sub f { } print 1',
    "-l": {"line": "#!/usr/bin/perl -l", "text": 'print "a"; print "b"'},
    "-W": {"line": "#!/usr/bin/perl -W", "text": 'my $x; print "a" . $x'},
    "-X": {"line": "#!/usr/bin/perl -X", "text": 'use warnings; my $x; print "a" . $x'},
    "env": {"line": "#!/usr/bin/env perl", "text": 'print $0, $^X, $ENV{PATH}'},
    "env -S": {"line": "#!/usr/bin/env -S perl -w", "text": 'print $^W, my $x'},
    "sub in string": 'print eval "1 +"; print $@; eval { die "x\\n" }; print $@; eval "die"; print $@',
    "sigpipe": {"leave": True, "text": 'select undef, undef, undef, .3; $| = 1; print "x"; print "y"; print STDERR "reached"'},
    "large output": 'print "x" x 3_000_000',
    "alarm": '$SIG{ALRM} = sub { die "timeout\\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@',
    "tied and local": 'our @l = (1); { local @l = (2); print @l } print @l; local $_ = 5; print',
    "stat of the program": 'print -s $0, -M $0 < 1 ? "new" : "old", (stat DATA)[7];\n__END__\n',
    "syswrite": 'print "buffered"; syswrite STDOUT, "direct"; ',
    "close stdout": 'print "x"; close STDOUT; print STDERR "y"',
    "read-only DATA twice": 'my @a = <DATA>; seek DATA, 0, 0; my @b = <DATA>; print scalar(@a), scalar(@b);\n__DATA__\n1\n2\n',
}


def case(value):
    out = dict(value) if isinstance(value, dict) else {"text": value}
    line = out.pop("line", HEAD.strip()) + "\n"
    out["text"] = line.encode() + out["text"] if isinstance(out["text"], bytes) else line + out["text"]
    return out


def cases(checkout):
    out = {name: case(value) for name, value in TEXTS.items()}
    for path in sorted((checkout / "cgi-bin").rglob("*.pl")):
        out[f"example {path.name}"] = {"text": path.read_text(), "file": path.name}
    return out
